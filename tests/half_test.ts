import { assert, assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { halfBits, halfValue, roundToHalf } from "../core/half.ts";
import { Tape } from "../core/tape.ts";
import { assembleShader } from "../core/webgpu/shader.ts";
import { attention } from "../kernels/attention/attention.ts";
import { castToHalf, loadWgsl, operandIn, readingHalves } from "../kernels/matmul/half.ts";
import { linear } from "../kernels/matmul/linear.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { golden } from "./_golden.ts";
import {
  assertSame,
  evaluate,
  everyBackend,
  type Inputs,
  normals,
  type Operation,
  type Tolerance,
  TOLERANCES,
} from "./_testing.ts";

const inHalf = { precision: "f16" } as const;

Deno.test("halfValue and halfBits are inverse to each other for all 65,536 halves", () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = halfValue(bits);
    if (Number.isNaN(value)) assertEquals(halfBits(value) & 0x7e00, 0x7e00);
    else assertEquals(halfBits(value), bits);
  }
  assertEquals([0x3c00, 0x7bff, 0x0400, 1, 0xfc00].map(halfValue), [1, 65504, 2 ** -14, 2 ** -24, -Infinity]);
});

/** All halves, the numbers in the middle between two of them, and the floats next to these: where rounding is decided. */
function decisiveNumbers(): Float32Array {
  const numbers: number[] = [
    65519.99,
    65520,
    65536,
    3e38,
    -3e38,
    1e-40,
    -1e-45,
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
  ];
  const float = new Float32Array(1), word = new Uint32Array(float.buffer);
  for (let bits = 0; bits < 0x7bff; bits++) {
    float[0] = (halfValue(bits) + halfValue(bits + 1)) / 2;
    const middle = word[0];
    for (const near of [middle - 1, middle, middle + 1]) {
      word[0] = near;
      numbers.push(float[0], -float[0]);
    }
  }
  return Float32Array.from(numbers);
}

Deno.test("roundToHalf takes the nearest half, and in the middle the even one", () => {
  for (const value of decisiveNumbers()) {
    const bits = halfBits(value), rounded = halfValue(bits);
    if (!Number.isFinite(rounded)) continue;
    const apart = Math.abs(rounded - value), isEven = (bits & 1) === 0;
    for (const other of [halfValue(bits + 1), (bits & 0x7fff) > 0 ? halfValue(bits - 1) : NaN]) {
      const isFarther = !(Math.abs(other - value) < apart) && (isEven || Math.abs(other - value) !== apart);
      assert(isFarther, `${value} became ${rounded}, and ${other} is nearer`);
    }
  }
  assertEquals([65519.99, 65520, -65520, 1e9].map(roundToHalf), [65504, Infinity, -Infinity, Infinity]);
});

everyBackend("castToHalf rounds every number as roundToHalf does", async (backend) => {
  for (
    const data of [
      decisiveNumbers(),
      Float32Array.of(1 / 3),
      normals("x", [70_001]).data,
      normals("x", [4004]).data,
    ]
  ) {
    const x = backend.from(data), y = backend.allocate([data.length], "f16");
    backend.run(castToHalf, { x, y }, { size: data.length });
    const actual = await backend.read(y), expected = data.map(roundToHalf);
    const wrong = expected.findIndex((value, index) => !Object.is(value, actual[index]));
    assertEquals(wrong, -1, `${data[wrong]} became ${actual[wrong]}, expected ${expected[wrong]}`);
  }
}, { halves: true });

everyBackend("tensors of f16 are written rounded, read widened, viewed and reused", async (backend) => {
  const x = backend.allocate([3], "f16");
  backend.write(x, [0.1, 70_000, -2]);
  assertEquals([...await backend.read(x)], [roundToHalf(0.1), Infinity, -2]);
  const long = backend.allocate([256], "f16");
  backend.write(long, Float32Array.from({ length: 256 }, (_, index) => index));
  assertEquals([...await backend.read(backend.view(long, 128, [3]))], [128, 129, 130]);
  const read = backend.scope(() => {
    const y = backend.allocate([2], "f16");
    backend.write(y, [1.5, 2.5]);
    return y;
  });
  assertEquals([...await backend.read(read)], [1.5, 2.5]);
}, { halves: true });

const OPERATIONS: Readonly<Record<string, Operation>> = {
  linear: ({ x, weight, bias }) => linear(x, weight, bias),
  attention: ({ query, key, value }) => attention(query, key, value, { causal: true }),
};

Deno.test("rounding, and products of rounded operands with their gradients, equal PyTorch's", async () => {
  for (const { name, options, inputs, dy, y, gradients } of golden("half")) {
    if (options.operation === "cast") {
      assertEquals(Float64Array.from(inputs.x.data, roundToHalf), y.data, name);
    } else {
      const operation = OPERATIONS[options.operation];
      const actual = await evaluate(new CpuBackend(), inputs, operation, dy, undefined, inHalf);
      assertSame(actual, { y, gradients }, TOLERANCES.golden, name);
      if (options.operation !== "linear") continue;
      const { x, weight } = inputs, product: Operation = ({ x, weight }) => matmul(x, weight);
      const plain = await evaluate(new CpuBackend(), { x, weight }, product, dy, undefined, inHalf);
      const { x: dx, weight: dWeight } = gradients, own = { x: dx, weight: dWeight };
      assertSame(plain, { y: plain.y, gradients: own }, TOLERANCES.golden, `matmul for ${name}`);
    }
  }
});

const matrices = (...shape: readonly number[]): Inputs => ({
  a: normals("a", shape),
  b: normals("b", shape),
});
const heads = (...shape: readonly number[]): Inputs =>
  Object.fromEntries(["query", "key", "value"].map((name) => [name, normals(name, shape)]));
const linearOf = (rows: number, inputs: number, outputs: number): Inputs => ({
  x: normals("x", [rows, inputs]),
  weight: normals("weight", [inputs, outputs]),
  bias: normals("bias", [outputs]),
});

everyBackend("products in half precision equal the CPU reference", async (backend) => {
  const cases: [string, Inputs, Operation, Tolerance][] = [
    ...[[1, 3, 65], [8, 65, 63], [65, 64, 36], [65, 66, 68], [128, 600, 256]].map((
      [rows, inputs, outputs],
    ): typeof cases[number] => [
      `linear ${rows} ${inputs} ${outputs}`,
      linearOf(rows, inputs, outputs),
      OPERATIONS.linear,
      TOLERANCES.products,
    ]),
    ["linear of many rows", linearOf(2100, 12, 20), OPERATIONS.linear, TOLERANCES.longSums],
    [
      "matmul aᵀ b",
      matrices(2, 33, 17),
      ({ a, b }) => matmul(a, b, { transposeA: true }),
      TOLERANCES.products,
    ],
    [
      "matmul a bᵀ",
      matrices(2, 33, 17),
      ({ a, b }) => matmul(a, b, { transposeB: true }),
      TOLERANCES.products,
    ],
    ["attention", heads(2, 2, 37, 16), OPERATIONS.attention, TOLERANCES.rows],
    ["attention of odd width", heads(1, 2, 9, 5), OPERATIONS.attention, TOLERANCES.rows],
  ];
  for (const [what, inputs, operation, tolerance] of cases) {
    const expected = await evaluate(new CpuBackend(), inputs, operation, undefined, undefined, inHalf);
    const exact = await evaluate(new CpuBackend(), inputs, operation);
    assertNotEquals(expected.y.data, exact.y.data, `${what} rounds`);
    const actual = await evaluate(backend, inputs, operation, undefined, undefined, inHalf);
    assertSame(actual, expected, tolerance, what);
  }
}, { halves: true });

Deno.test("without a tape that says so, nothing is rounded", async () => {
  const backend = new CpuBackend(), x = backend.from([0.1]);
  assertStrictEquals(operandIn(x), x);
  assertStrictEquals(operandIn(x, "f32"), x);
  const half = operandIn(x, "f16");
  assertEquals([half.dataType, half.tape, (await backend.read(half))[0]], [
    "f16",
    undefined,
    roundToHalf(0.1),
  ]);
  const y = (tape?: Tape) => {
    const x = backend.from([0.1, 0.3], [1, 2]);
    tape?.watch(x);
    return backend.read(linear(x, backend.from([0.1, 0.3], [2, 1]), backend.from([0.1])));
  };
  assertEquals(await y(), await y(new Tape()));
  assertNotEquals(await y(), await y(new Tape(undefined, inHalf)));
});

const twice = kernel({
  name: "twice",
  reads: { x: "f32", place: "u32" },
  writes: { y: "f32" },
  constants: ["size"],
  elements: ({ size }) => size,
  cpu({ x, place, y }, { size }) {
    for (let index = 0; index < size; index++) y[index] = x[place[index]] + x[index];
  },
  wgsl: (_constants, _adapter, { x }) => {
    const [placed, own] = ["x[place[index]]", "x[index]"].map((element) => loadWgsl(x, 1, element));
    return `fn each(index: u32) { y[index] = ${placed} + ${own}; }`;
  },
});

everyBackend("readingHalves makes a kernel that reads halves and computes in f32", async (backend) => {
  const x = backend.allocate([3], "f16"),
    place = backend.from(Uint32Array.of(2, 0, 1)),
    y = backend.allocate([3]);
  backend.write(x, [1, 2 ** -12, 5]);
  backend.run(readingHalves(twice, ["x"]), { x, place, y }, { size: 3 });
  assertEquals([...await backend.read(y)], [6, 1 + 2 ** -12, 5 + 2 ** -12]);
}, { halves: true });

Deno.test("readingHalves changes how the shader loads, and nothing else", () => {
  const variant = readingHalves(twice, ["x"]);
  assertEquals([variant.name, variant.reads], ["twiceHalf", { x: "f16", place: "u32" }] as unknown[]);
  const [half, full] = [variant, twice].map((each) => assembleShader(each, { size: 3 }, "hardware").code);
  const expected = full.replace("x: array<f32>", "x: array<f16>")
    .replace("x[place[index]] + x[index]", "f32(x[place[index]]) + f32(x[index])");
  assertEquals(half, `enable f16;\n${expected}`);
});

everyBackend("a kernel refuses numbers of another type than it reads", (backend) => {
  const x = backend.allocate([4], "f16"), y = backend.allocate([4]);
  const place = backend.allocate([4], "u32");
  assertThrows(
    () => backend.run(twice, { x, place, y }, { size: 4 }),
    TypeError,
    "Cannot run twice: x holds f16, expected f32",
  );
}, { halves: true });
