/** The product as WebAssembly must compute it, rounding after rounding. */

import type { MatmulConstants } from "../kernels/matmul/matmul_plan.ts";

const { fround } = Math;

/**
 * A sum of products in single precision: 128 terms one after the other, then the next 128, and the blocks one after the other.
 *
 * @param terms How many.
 * @param a The first factor of a term.
 * @param b The second one.
 * @returns The sum.
 */
export function blockedSum(terms: number, a: (k: number) => number, b: (k: number) => number): number {
  let total = 0;
  for (let block = 0; block < terms; block += 128) {
    let sum = 0;
    for (let k = block; k < Math.min(block + 128, terms); k++) sum = fround(sum + fround(a(k) * b(k)));
    total = fround(total + sum);
  }
  return total;
}

/** The product, see `naiveMultiply`; all arrays are of single precision. */
export function blockedMultiply(
  a: Float32Array,
  b: Float32Array,
  bias: Float32Array | undefined,
  y: Float32Array,
  { batch, rows, columns, inner, transposeA, transposeB, accumulate }: MatmulConstants,
): void {
  for (let at = 0; at < batch * rows * columns; at++) {
    const matrix = Math.floor(at / (rows * columns)), i = Math.floor(at / columns) % rows, j = at % columns;
    const [aRow, aStep] = transposeA ? [i, rows] : [i * inner, 1], aStart = matrix * rows * inner + aRow;
    const [bColumn, bStep] = transposeB ? [j * inner, 1] : [j, columns],
      bStart = matrix * inner * columns + bColumn;
    const sum = blockedSum(inner, (k) => a[aStart + k * aStep], (k) => b[bStart + k * bStep]);
    const value = bias ? sum + bias[j] : sum;
    y[at] = accumulate ? y[at] + fround(value) : value;
  }
}
