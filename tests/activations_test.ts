import { gelu, geluErf, relu, tanh } from "../kernels/activations.ts";
import { testGolden } from "./_golden.ts";
import { checkGradients, type Inputs, normals, testParity, TOLERANCES } from "./_testing.ts";

const activations = { gelu, geluErf, relu, tanh };

const numbers = (...data: number[]): Inputs => ({
  x: { shape: [data.length], data: Float32Array.from(data) },
});

testGolden("activations", ({ x }, { activation }) => activations[activation as keyof typeof activations](x));

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
    },
    ({ x }) => operation(x),
    TOLERANCES.activations,
  );
}
