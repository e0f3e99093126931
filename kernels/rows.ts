/**
 * The two inner loops of attention: products of one vector with many rows, and weighted sums of rows.
 *
 * Both take four rows at a time. On the CPU each number of the vector, or of the sum, is then loaded once for four
 * products, which makes them about twice as fast as the obvious loops. In WGSL the four products, and the four weights, are
 * one vector, and each row that is loaded is used for all rows `r` of the invocation's block. There a row of D numbers is
 * kept as parts of four in variables of their own: `q1_2` holds numbers 8 to 11 of row 1, `x_2` those of the row being
 * walked over.
 *
 * @module
 */

import type { DataType, Floats } from "../core/backend.ts";
import { loadWgsl } from "./matmul/half.ts";
import { component, unroll, unrollSum } from "./matmul/unroll.ts";

/**
 * products[n] = vector · row n, for `count` rows of a matrix.
 *
 * @param products Receives `count` numbers.
 * @param count Number of rows.
 * @param vectors Rows of `width` numbers, of which one is the vector.
 * @param vector Which row.
 * @param matrix Rows of `width` numbers.
 * @param first The first row to multiply with.
 * @param width Length of the vector and of each row.
 * @param step How many rows further the next one is.
 */
export function dotRows(
  products: Floats,
  count: number,
  vectors: Floats,
  vector: number,
  matrix: Floats,
  first: number,
  width: number,
  step = 1,
): void {
  const start = vector * width, stride = step * width;
  let row = 0, r0 = first * width;
  for (; row + 4 <= count; row += 4, r0 += 4 * stride) {
    const r1 = r0 + stride, r2 = r1 + stride, r3 = r2 + stride;
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let d = 0; d < width; d++) {
      const x = vectors[start + d];
      s0 += x * matrix[r0 + d];
      s1 += x * matrix[r1 + d];
      s2 += x * matrix[r2 + d];
      s3 += x * matrix[r3 + d];
    }
    products[row] = s0, products[row + 1] = s1, products[row + 2] = s2, products[row + 3] = s3;
  }
  for (; row < count; row++, r0 += stride) {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += vectors[start + d] * matrix[r0 + d];
    products[row] = sum;
  }
}

/**
 * sum = Σ weights[n] · row n, over `count` rows of a matrix.
 *
 * @param sum Receives `width` numbers.
 * @param weights A number for each row.
 * @param count Number of rows.
 * @param matrix Rows of `width` numbers.
 * @param first The first row to add.
 * @param width Length of each row.
 * @param step How many rows further the next one is.
 */
export function sumRows(
  sum: Floats,
  weights: Floats,
  count: number,
  matrix: Floats,
  first: number,
  width: number,
  step = 1,
): void {
  sum.fill(0);
  const stride = step * width;
  let row = 0, r0 = first * width;
  for (; row + 4 <= count; row += 4, r0 += 4 * stride) {
    const r1 = r0 + stride, r2 = r1 + stride, r3 = r2 + stride;
    const w0 = weights[row], w1 = weights[row + 1], w2 = weights[row + 2], w3 = weights[row + 3];
    for (let d = 0; d < width; d++) {
      sum[d] += w0 * matrix[r0 + d] + w1 * matrix[r1 + d] + w2 * matrix[r2 + d] + w3 * matrix[r3 + d];
    }
  }
  for (; row < count; row++, r0 += stride) {
    const weight = weights[row];
    for (let d = 0; d < width; d++) sum[d] += weight * matrix[r0 + d];
  }
}

/**
 * {@linkcode dotRows} for four rows of a matrix, as WGSL.
 *
 * @param products The vectors of four to declare, one for each row of the block: `s` for `s0`, `s1`, …
 * @param vectors The vectors to multiply: `q` for `q0_0`, `q0_1`, …
 * @param read Writes how a part of row n of the four is read, see {@linkcode readRowWgsl}.
 * @param blockRows Rows of the block that an invocation computes.
 * @param parts Parts of each row.
 * @returns The text.
 */
export function dotRowsWgsl(
  products: string,
  vectors: string,
  read: (n: number, part: number) => string,
  blockRows: number,
  parts: number,
): string {
  const dot = (r: number) => unrollSum(parts, (part) => `dot(${vectors}${r}_${part}, x_${part})`);
  const multiply = (n: number) =>
    `{
      ${unroll(parts, (part) => `let x_${part} = ${read(n, part)};`)}
      ${unroll(blockRows, (r) => `${component(products + r, n)} = ${dot(r)};`)}
    }`;
  return `${unroll(blockRows, (r) => `var ${products}${r} = vec4f();`)}\n${unroll(4, multiply)}`;
}

/**
 * {@linkcode sumRows} over four rows of a matrix, as WGSL.
 *
 * @param weights The weights, a vector of four for each row of the block: `p` for `p0`, `p1`, …
 * @param read Writes how a part of row n of the four is read, see {@linkcode readRowWgsl}.
 * @param blockRows Rows of the block that an invocation computes.
 * @param parts Parts of each row.
 * @param add Writes what is done with a part of the sum.
 * @returns The text.
 */
export function sumRowsWgsl(
  weights: string,
  read: (n: number, part: number) => string,
  blockRows: number,
  parts: number,
  add: (r: number, part: number, sum: string) => string,
): string {
  const sum = (r: number) => unrollSum(4, (n) => `${component(weights + r, n)} * x${n}`);
  return unroll(parts, (part) =>
    `{
      ${unroll(4, (n) => `let x${n} = ${read(n, part)};`)}
      ${unroll(blockRows, (r) => add(r, part, sum(r)))}
    }`);
}

/**
 * Declares how a row of a matrix is read: `fn <matrix>At(row: u32, part: u32) -> vec4f`.
 *
 * @param matrix The name of the tensor, an array of vectors if fours fit into a row, else of numbers.
 * @param width Length of a row.
 * @param type What the tensor holds.
 * @returns The text.
 */
export function readRowWgsl(matrix: string, width: number, type: DataType): string {
  const header = `fn ${matrix}At(row: u32, part: u32) -> vec4f`;
  if (width % 4 === 0) {
    return `${header} { return ${loadWgsl(type, 4, `${matrix}[row * ${width / 4} + part]`)}; }`;
  }
  const load = (at: string) => loadWgsl(type, 1, `${matrix}[${at}]`);
  return `${header} {
  let at = row * ${width} + part * 4;
  let left = ${width} - part * 4; // the last vector of a row is filled up with zeros
  return vec4f(${load("at")}, ${
    unroll(3, (n) => `select(0.0, ${load(`at + ${n + 1}`)}, left > ${n + 1})`, ", ")
  });
}`;
}

/**
 * Writes a row of a matrix.
 *
 * @param matrix As in {@linkcode readRowWgsl}.
 * @param operator Whether to overwrite or to add.
 * @param row Which row, an expression.
 * @param width Length of a row.
 * @param value Writes a part of the row.
 * @returns The text.
 */
export function storeRowWgsl(
  matrix: string,
  operator: "=" | "+=",
  row: string,
  width: number,
  value: (part: number) => string,
): string {
  if (width % 4 === 0) {
    return unroll(
      width / 4,
      (part) => `${matrix}[(${row}) * ${width / 4} + ${part}] ${operator} ${value(part)};`,
    );
  }
  const number = (d: number) => component(`(${value(d >> 2)})`, d);
  return unroll(width, (d) => `${matrix}[(${row}) * ${width} + ${d}] ${operator} ${number(d)};`);
}
