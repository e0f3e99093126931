/** The product in WebAssembly: bit for bit as specified, at the sizes where tiles and pieces end. */

import { assertEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import type { Tensor } from "../core/tensor.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import { matmulBiased, matmulForward } from "../kernels/matmul/matmul.ts";
import { naiveMultiply } from "../kernels/matmul/matmul_naive.ts";
import type { MatmulConstants } from "../kernels/matmul/matmul_plan.ts";
import { blockedMultiply } from "./_blocked_sums.ts";
import { productArrays } from "./_random_tensors.ts";
import { assertClose, TOLERANCES, wasm } from "./_testing.ts";

/** Elements of NaN around every tensor. A view begins at a multiple of 64. */
const MARGIN = 64;

/** A tensor in the middle of NaN. */
function surrounded(backend: Backend, data: Float32Array): { tensor: Tensor; around: Tensor } {
  const values = new Float32Array(data.length + 2 * MARGIN).fill(NaN);
  values.set(data, MARGIN);
  const around = backend.from(values);
  return { tensor: backend.view(around, MARGIN, [data.length]), around };
}

/** The product with any number of threads, and that nothing beside its result was written. */
async function product(
  threads: number,
  arrays: { a: Float32Array; b: Float32Array; bias?: Float32Array; y: Float32Array },
  constants: MatmulConstants,
): Promise<Float32Array> {
  const backend = await wasm(threads), { a, b, bias, y } = arrays;
  const inputs = [a, b, bias ?? new Float32Array(1)].map((data) => surrounded(backend, data));
  const result = surrounded(backend, y), [aTensor, bTensor, biasTensor] = inputs.map(({ tensor }) => tensor);
  const tensors = { a: aTensor, b: bTensor, y: result.tensor };
  if (bias) backend.run(matmulBiased, { ...tensors, bias: biasTensor }, constants);
  else backend.run(matmulForward, tensors, constants);
  const all = await backend.read(result.around) as Float32Array, end = MARGIN + y.length;
  const outside = [...all.subarray(0, MARGIN), ...all.subarray(end)];
  assertEquals(outside.every(Number.isNaN), true, `written outside of y: ${JSON.stringify(constants)}`);
  backend.free(...inputs.map(({ around }) => around), result.around);
  return all.slice(MARGIN, end);
}

const layouts = [0, 1].flatMap((transposeA) => [0, 1].map((transposeB) => ({ transposeA, transposeB })));

// few rows and many, around tiles, pieces and blocks; an inner dimension of none and of one
const sizes = [
  [1, 1, 1],
  [1, 300, 65],
  [3, 65, 31],
  [8, 129, 64],
  [9, 1, 33],
  [9, 0, 5],
  [2, 0, 40],
  [63, 64, 65],
  [64, 65, 63],
  [65, 63, 64],
  [130, 257, 7],
];

for (const { transposeA, transposeB } of layouts) {
  const layout = `${transposeA ? "aᵀ" : "a"} · ${transposeB ? "bᵀ" : "b"}`;
  Deno.test(`${layout} in WebAssembly is the sum of blocks, bit for bit, and writes nothing else`, async () => {
    for (const [rows, inner, columns] of sizes) {
      for (const accumulate of [0, 1]) {
        const constants = { batch: 2, rows, columns, inner, transposeA, transposeB, accumulate };
        const { a, b, bias, y } = productArrays(constants), expected = [y.slice(), y.slice()];
        blockedMultiply(a, b, undefined, expected[0], constants);
        blockedMultiply(a, b, bias, expected[1], constants);
        const what = JSON.stringify(constants);
        assertEquals(await product(1, { a, b, y }, constants), expected[0], what);
        assertEquals(await product(1, { a, b, bias, y }, constants), expected[1], `with a bias: ${what}`);
      }
    }
  });

  Deno.test(`${layout} in WebAssembly equals its naive twin`, async () => {
    for (const [rows, inner, columns] of [[5, 600, 66], [66, 600, 70]]) {
      const constants = { batch: 1, rows, columns, inner, transposeA, transposeB, accumulate: 1 };
      const { a, b, bias, y } = productArrays(constants), expected = Float64Array.from(y);
      naiveMultiply(a, b, bias, expected, constants);
      const actual = await product(1, { a, b, bias, y }, constants);
      assertClose(actual, { shape: [rows, columns], data: expected }, TOLERANCES.products, layout);
    }
  });
}

Deno.test("products in WebAssembly have the same bits with 1, 2 and 3 threads", async () => {
  for (const [rows, inner, columns] of [[1, 1024, 515], [6, 513, 70], [130, 200, 131]]) {
    for (const layout of layouts) {
      const constants = { batch: 3, rows, columns, inner, ...layout, accumulate: 1 };
      const arrays = productArrays(constants), alone = await product(1, arrays, constants);
      for (const threads of [2, 3]) assertEquals(await product(threads, arrays, constants), alone);
    }
  }
});

Deno.test("a row of a product in WebAssembly has the same bits alone and among others", async () => {
  for (const transposeB of [0, 1]) {
    const constants = {
      batch: 1,
      rows: 70,
      columns: 67,
      inner: 333,
      transposeA: 0,
      transposeB,
      accumulate: 0,
    };
    const { a, b, bias, y } = productArrays(constants), all = await product(1, { a, b, bias, y }, constants);
    for (const rows of [1, 8, 9]) {
      const some = { a: a.slice(0, rows * 333), b, bias, y: y.slice(0, rows * 67) };
      assertEquals(await product(1, some, { ...constants, rows }), all.slice(0, rows * 67), `${rows} rows`);
    }
  }
});

Deno.test("few columns of b may stand at the very end of the memory", async () => {
  const backend = await WasmBackend.open({ threads: 1 }),
    y = backend.allocate([1]),
    ones = new Float32Array(16).fill(1);
  const constants = { batch: 1, rows: 1, columns: 1, inner: 16, transposeA: 0, transposeB: 0, accumulate: 0 };
  const a = backend.from(ones);
  for (let tensors = 0; tensors < 2100; tensors++) { // 64 bytes each: beyond the first and the second page
    backend.run(matmulForward, { a, b: backend.from(ones), y }, constants);
    assertEquals(await backend.read(y), Float32Array.of(16));
  }
  backend.close();
});
