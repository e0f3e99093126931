/**
 * Two loops that attention's CPU bodies are made of: products of one vector with many rows, and weighted sums of rows.
 *
 * Both take four rows at a time, so that each number of the vector, or of the sum, is loaded once for four products.
 * That makes them about twice as fast as the obvious loops, and is all there is to them.
 *
 * @module
 */

import type { Floats } from "../core/backend.ts";

/**
 * products[n] = vector · row n, for the first `count` rows of a matrix.
 *
 * @param products Receives `count` numbers.
 * @param count Number of rows.
 * @param vectors Holds the vector, from `at` on.
 * @param at Where the vector begins.
 * @param matrix Holds the rows, one after the other, from `start` on.
 * @param start Where the first row begins.
 * @param width Length of the vector and of each row.
 */
export function dotRows(
  products: Floats,
  count: number,
  vectors: Floats,
  at: number,
  matrix: Floats,
  start: number,
  width: number,
): void {
  let row = 0, r0 = start;
  for (; row + 4 <= count; row += 4, r0 += 4 * width) {
    const r1 = r0 + width, r2 = r1 + width, r3 = r2 + width;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let d = 0; d < width; d++) {
      const x = vectors[at + d];
      s0 += x * matrix[r0 + d];
      s1 += x * matrix[r1 + d];
      s2 += x * matrix[r2 + d];
      s3 += x * matrix[r3 + d];
    }
    products[row] = s0, products[row + 1] = s1, products[row + 2] = s2, products[row + 3] = s3;
  }
  for (; row < count; row++, r0 += width) {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += vectors[at + d] * matrix[r0 + d];
    products[row] = sum;
  }
}

/**
 * sum = Σ weights[n] · row n, over the first `count` rows of a matrix.
 *
 * @param sum Receives `width` numbers.
 * @param weights A number for each row.
 * @param count Number of rows.
 * @param matrix Holds the rows, one after the other, from `start` on.
 * @param start Where the first row begins.
 * @param width Length of each row.
 */
export function sumRows(
  sum: Floats,
  weights: Floats,
  count: number,
  matrix: Floats,
  start: number,
  width: number,
): void {
  sum.fill(0);
  let row = 0, r0 = start;
  for (; row + 4 <= count; row += 4, r0 += 4 * width) {
    const r1 = r0 + width, r2 = r1 + width, r3 = r2 + width;
    const w0 = weights[row], w1 = weights[row + 1], w2 = weights[row + 2], w3 = weights[row + 3];
    for (let d = 0; d < width; d++) {
      sum[d] += w0 * matrix[r0 + d] + w1 * matrix[r1 + d] + w2 * matrix[r2 + d] + w3 * matrix[r3 + d];
    }
  }
  for (; row < count; row++, r0 += width) {
    const weight = weights[row];
    for (let d = 0; d < width; d++) sum[d] += weight * matrix[r0 + d];
  }
}
