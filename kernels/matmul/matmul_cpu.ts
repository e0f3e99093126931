/**
 * The matrix product on the CPU: what the CPU backend runs, and what shaders are compared with.
 *
 * The three nested loops of `matmul_naive.ts` define it, but there every product waits for two numbers from memory. So both
 * matrices are copied into panels, three rows or four columns wide, in the order in which the innermost loop reads them,
 * and 3 × 4 results at a time are computed in local variables: each number loaded is used three or four times. Sums are
 * formed in double precision, JavaScript's own.
 *
 *     a      rows 0 1 2 │ 3 4 5 │ …      panel 0:  a[0,0] a[1,0] a[2,0]  a[0,1] a[1,1] a[2,1]  …
 *
 * Reference: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008).
 *
 * @module
 */

import type { Floats } from "../../core/backend.ts";
import type { MatmulConstants } from "./matmul_plan.ts";

/** Rows and columns that one call of the innermost loop computes: as many as fit into the registers of a processor. */
const TILE_ROWS = 3, TILE_COLUMNS = 4;

/** The panels of one matrix of each side; they grow to the largest product. */
let aPanels = new Float64Array(0), bPanels = new Float64Array(0);

/** Copies a matrix of `length` × `inner` into panels of `size` rows, inner dimension outermost, padded with zeros. */
function pack(
  panels: Float64Array,
  size: number,
  matrix: Floats,
  start: number,
  length: number,
  inner: number,
  stride: number,
  innerStride: number,
): void {
  for (let row0 = 0; row0 < length; row0 += size) {
    const used = Math.min(size, length - row0), panel = row0 * inner;
    if (used < size) panels.fill(0, panel, panel + size * inner);
    if (innerStride === 1) {
      for (let i = 0; i < used; i++) {
        const from = start + (row0 + i) * stride;
        for (let k = 0, to = panel + i; k < inner; k++, to += size) panels[to] = matrix[from + k];
      }
    } else {
      for (let k = 0, from = start + row0 * stride; k < inner; k++, from += innerStride) {
        for (let i = 0; i < used; i++) panels[panel + k * size + i] = matrix[from + i * stride];
      }
    }
  }
}

/**
 * The product, for a batch of matrices one after the other: y = a · b + bias, or y += a · b + bias.
 *
 * @param a (batch, rows, inner), or its transpose.
 * @param b (batch, inner, columns), or its transpose.
 * @param bias (columns), added to every row, if there is one.
 * @param y Receives (batch, rows, columns).
 * @param constants Sizes and layout.
 */
export function multiply(
  a: Floats,
  b: Floats,
  bias: Floats | undefined,
  y: Floats,
  constants: MatmulConstants,
): void {
  const { batch, rows, columns, inner, transposeA, transposeB, accumulate } = constants;
  const aLength = Math.ceil(rows / TILE_ROWS) * TILE_ROWS * inner;
  const bLength = Math.ceil(columns / TILE_COLUMNS) * TILE_COLUMNS * inner;
  if (aPanels.length < aLength) aPanels = new Float64Array(aLength);
  if (bPanels.length < bLength) bPanels = new Float64Array(bLength);
  for (let matrix = 0; matrix < batch; matrix++) {
    const aStart = matrix * rows * inner, bStart = matrix * inner * columns, yStart = matrix * rows * columns;
    pack(aPanels, TILE_ROWS, a, aStart, rows, inner, transposeA ? 1 : inner, transposeA ? rows : 1);
    pack(bPanels, TILE_COLUMNS, b, bStart, columns, inner, transposeB ? inner : 1, transposeB ? 1 : columns);
    for (let column0 = 0; column0 < columns; column0 += TILE_COLUMNS) {
      for (let row0 = 0; row0 < rows; row0 += TILE_ROWS) {
        multiplyTile(aPanels, row0 * inner, bPanels, column0 * inner, inner);
        const height = Math.min(TILE_ROWS, rows - row0), width = Math.min(TILE_COLUMNS, columns - column0);
        for (let i = 0; i < height; i++) {
          for (let j = 0; j < width; j++) {
            const at = yStart + (row0 + i) * columns + column0 + j;
            const value = tile[i * TILE_COLUMNS + j] + (bias === undefined ? 0 : bias[column0 + j]);
            y[at] = accumulate ? y[at] + value : value;
          }
        }
      }
    }
  }
}

/** The results of one call of the innermost loop, row by row. */
const tile = new Float64Array(TILE_ROWS * TILE_COLUMNS);

/** Multiplies a panel of rows by a panel of columns into `tile`. */
function multiplyTile(a: Float64Array, p: number, b: Float64Array, q: number, inner: number): void {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0, c10 = 0, c11 = 0, c12 = 0, c13 = 0;
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0;
  for (let k = 0; k < inner; k++, p += TILE_ROWS, q += TILE_COLUMNS) {
    const b0 = b[q], b1 = b[q + 1], b2 = b[q + 2], b3 = b[q + 3];
    const a0 = a[p], a1 = a[p + 1], a2 = a[p + 2];
    c00 += a0 * b0, c01 += a0 * b1, c02 += a0 * b2, c03 += a0 * b3;
    c10 += a1 * b0, c11 += a1 * b1, c12 += a1 * b2, c13 += a1 * b3;
    c20 += a2 * b0, c21 += a2 * b1, c22 += a2 * b2, c23 += a2 * b3;
  }
  tile[0] = c00, tile[1] = c01, tile[2] = c02, tile[3] = c03;
  tile[4] = c10, tile[5] = c11, tile[6] = c12, tile[7] = c13;
  tile[8] = c20, tile[9] = c21, tile[10] = c22, tile[11] = c23;
}
