import { assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { testGolden } from "./_golden.ts";
import {
  assertClose,
  checkGradients,
  everyBackend,
  hasAdapter,
  type Inputs,
  normals,
  type Operation,
  testNeededGradients,
  testParity,
  TOLERANCES,
  webGpu,
} from "./_testing.ts";

const layouts = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({
    transposeA,
    transposeB,
    name: `matmul ${transposeA ? "aᵀ" : "a"} · ${transposeB ? "bᵀ" : "b"}`,
  }))
);

type Layout = typeof layouts[number];

/** Matrices for a product of (…, rows, inner) and (…, inner, columns), stored as the layout says. */
function sized({ transposeA, transposeB }: Layout, ...sizes: number[]): Inputs {
  const [rows, inner, columns] = sizes.slice(-3), batch = sizes.slice(0, -3);
  return {
    a: normals("a", [...batch, ...(transposeA ? [inner, rows] : [rows, inner])]),
    b: normals("b", [...batch, ...(transposeB ? [columns, inner] : [inner, columns])]),
  };
}

/** The product alone, because large tiles take seconds to compile on software Vulkan. */
function testForward(layout: Layout, sizes: readonly number[]): void {
  const { a, b } = sized(layout, ...sizes), [rows, , columns] = sizes;
  const product = async (backend: Backend) => {
    const y = backend.scope(() =>
      matmul(backend.from(a.data, a.shape), backend.from(b.data, b.shape), layout)
    );
    return await backend.read(y);
  };
  everyBackend(`${layout.name}, ${sizes.join(" × ")}, equals the CPU reference`, async (backend) => {
    const expected = { shape: [rows, columns], data: await product(new CpuBackend()) };
    assertClose(await product(backend), expected, TOLERANCES.products, layout.name);
  });
}

testGolden(
  "matmul",
  ({ a, b }, { transposeA, transposeB }) =>
    matmul(a, b, { transposeA: transposeA === 1, transposeB: transposeB === 1 }),
);

for (const layout of layouts) {
  const operation: Operation = ({ a, b }) => matmul(a, b, layout);

  Deno.test(`${layout.name}: gradients equal central differences`, async () => {
    await checkGradients(sized(layout, 2, 3, 5, 4), operation);
  });

  const sizes = [[1, 1, 1], [1, 65, 3], [3, 5, 7, 6]];
  const cases = Object.fromEntries(sizes.map((size) => [size.join(" × "), sized(layout, ...size)]));
  testParity(layout.name, cases, operation, TOLERANCES.products);

  // no multiple of any tile, multiples of all vectors, exactly fitting tiles, so large that matrices are transposed first
  for (const sizes of [[65, 63, 66], [36, 68, 40], [32, 20, 48], [65, 257, 259]]) testForward(layout, sizes);
}

// large enough for the largest tiles
testForward(layouts[0], [512, 256, 512]);

for (const layout of layouts) {
  const product: Operation = ({ a, b }) => matmul(a, b, layout);
  testNeededGradients(layout.name, sized(layout, 3, 5, 7), product, { a: ["matmul"], b: ["matmul"] });
}

testParity(
  "matmul of a batch so large that matrices are transposed first",
  { "three of 64 × 128 × 512": sized(layouts[1], 3, 64, 128, 512) },
  ({ a, b }) => matmul(a, b, layouts[1]),
  TOLERANCES.products,
);

testParity(
  "matmul of more matrices than one dimension of groups holds",
  { "65,537 matrices": sized(layouts[0], 65_537, 2, 3, 2) },
  ({ a, b }) => matmul(a, b),
  TOLERANCES.products,
);

testParity(
  "matmul over a long inner dimension",
  { "60,001 products": sized(layouts[1], 3, 60_001, 3) },
  ({ a, b }) => matmul(a, b, layouts[1]),
  TOLERANCES.longSums,
);

everyBackend("a row of NaN leaves the other rows of a product alone", async (backend) => {
  // rows do not begin at fours, few of them and many: what is read past the end of one is the beginning of the next
  for (const [rows, inner] of [[3, 301], [33, 37]]) {
    const { a, b } = sized(layouts[1], rows, inner, 5), data = Float32Array.from(a.data);
    data.fill(NaN, inner, 2 * inner);
    const product = async (backend: Backend, data: ArrayLike<number>) => {
      const y = backend.scope(() =>
        matmul(backend.from(Float32Array.from(data), a.shape), backend.from(b.data, b.shape), layouts[1])
      );
      return await backend.read(y);
    };
    const [actual, expected] = [await product(backend, data), await product(new CpuBackend(), a.data)];
    assertClose(actual.slice(0, 5), { shape: [5], data: expected.slice(0, 5) }, TOLERANCES.products, "row 0");
    const rest = { shape: [rows - 2, 5], data: expected.slice(10) };
    assertClose(actual.slice(10), rest, TOLERANCES.products, "rows from 2 on");
  }
});

Deno.test("matmul refuses sums that software Vulkan would cut short", { ignore: !hasAdapter }, async () => {
  const backend = await webGpu("software");
  backend.scope(() => {
    const a = backend.allocate([1, 65_537]), b = backend.allocate([65_537, 1]);
    assertThrows(
      () => matmul(a, b),
      RangeError,
      "Cannot add up 65537 products on software Vulkan, at most 65535",
    );
  });
});

Deno.test("matmul refuses matrices that do not fit", () => {
  const backend = new CpuBackend();
  const a = backend.allocate([2, 3]), b = backend.allocate([2, 3]), c = backend.allocate([5, 3, 2]);
  assertThrows(
    () => matmul(a, b),
    TypeError,
    "Cannot multiply (2, 3) by (2, 3): expected equal inner and leading dimensions",
  );
  assertThrows(
    () => matmul(a, c, { transposeA: true, transposeB: true }),
    TypeError,
    "Cannot multiply (2, 3)ᵀ by (5, 3, 2)ᵀ",
  );
});
