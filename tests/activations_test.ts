import { assertEquals } from "@std/assert";
import { type ActivationName, activations, gelu, geluErf } from "../kernels/activations.ts";
import { add } from "../kernels/elementwise.ts";
import { testGolden } from "./_golden.ts";
import {
  assertClose,
  checkGradients,
  evaluate,
  type Inputs,
  normals,
  testParity,
  TOLERANCES,
  wasm,
} from "./_testing.ts";

const numbers = (...data: number[]): Inputs => ({
  x: { shape: [data.length], data: Float32Array.from(data) },
});

testGolden("activations", ({ x }, { activation }) => activations[activation as ActivationName](x));

for (const [name, operation] of Object.entries(activations)) {
  Deno.test(`${name}: gradient equals central differences`, async () => {
    await checkGradients({ x: normals("x", [3, 21]) }, ({ x }) => operation(x));
  });

  const sizes = [1, 3, 63, 65, 70_001].map((size) => [`${size} elements`, { x: normals("x", [size], 3) }]);
  testParity(
    name,
    {
      ...Object.fromEntries(sizes),
      tiny: numbers(0, -0, 1e-30, -1e-30),
      // where tanh and exp overflow if they are not guarded
      large: numbers(15, 20, 100, 1e6),
      negative: numbers(-15, -20, -100, -1e6),
      // where the square of x overflows
      largest: numbers(1e19, 1e20, 3e38),
      "largest negative": numbers(-1e19, -1e20, -3e38),
    },
    ({ x }) => operation(x),
    TOLERANCES.activations,
  );

  // where x has a gradient already, that of the activation is added
  testParity(
    `${name} of a tensor used twice`,
    { "65 elements": { x: normals("x", [65], 3) } },
    ({ x }) => add(operation(x), x),
    TOLERANCES.activations,
  );
}

Deno.test("activations and derivatives of the largest floats and NaN [wasm]", async () => {
  const backend = await wasm(1), large = Float32Array.of(1e20, 3e38, -1e20, -3e38, NaN);
  for (const [name, operation] of Object.entries(activations)) {
    const dy = { shape: [5], data: new Float32Array(5).fill(1) };
    const { y, gradients } = await evaluate(
      backend,
      { x: { shape: [5], data: large } },
      ({ x }) => operation(x),
      dy,
    );
    const expected = name === "tanh" ? [1, 1, -1, -1, NaN] : [...large.subarray(0, 2), -0, -0, NaN];
    assertEquals([...y.data].map((value) => value + 0), expected.map((value) => value + 0), name);
    const slopes = name === "tanh" ? [0, 0, 0, 0] : [1, 1, 0, 0];
    assertClose(gradients.x.data.subarray(0, 4), { shape: [4], data: Float32Array.from(slopes) }, {
      rtol: 0,
      atol: 1e-30,
    }, name);
  }
});

Deno.test("GELU leaves no subnormal numbers in gradients, with which products are slow [wasm]", async () => {
  const backend = await wasm(1), x = Float32Array.from({ length: 2000 }, (_, index) => -index / 100);
  for (const operation of [gelu, geluErf]) {
    const inputs = { x: { shape: [x.length], data: x } }, small = new Float32Array(x.length).fill(1e-20);
    const { y, gradients } = await evaluate(backend, inputs, ({ x }) => operation(x), {
      shape: [x.length],
      data: small,
    });
    for (const numbers of [y.data, gradients.x.data]) {
      const subnormal = [...numbers].filter((value) => value !== 0 && Math.abs(value) < 2 ** -126);
      assertEquals(subnormal, []);
    }
    assertEquals([...y.data.slice(701), ...gradients.x.data.slice(701)].filter((value) => value !== 0), []);
  }
});
