/**
 * Transposing a matrix: rows become columns.
 *
 * Reading along rows and writing along columns, or the other way round, touches a new cache line with every number. In
 * tiles of 8 × 8 each line is used eight times while it is in the cache.
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";

/** y = xᵀ for each matrix of a batch; x is (rows, columns). */
export const transposeForward = kernel({
  name: "transpose",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["batch", "rows", "columns"],
  elements: ({ batch, rows, columns }) => batch * Math.ceil(rows / 8) * Math.ceil(columns / 8),
  cpu({ x, y }, { batch, rows, columns }) {
    for (let matrix = 0; matrix < batch; matrix++) {
      const start = matrix * rows * columns;
      for (let column = 0; column < columns; column++) {
        for (let row = 0; row < rows; row++) {
          y[start + column * rows + row] = x[start + row * columns + column];
        }
      }
    }
  },
  wgsl: `
const across = (columns + 7) / 8;
const tiles = (rows + 7) / 8 * across;
fn each(index: u32) {
  let start = index / tiles * (rows * columns);
  let row0 = index % tiles / across * 8;
  let column0 = index % tiles % across * 8;
  for (var column = column0; column < min(column0 + 8, columns); column++) {
    for (var row = row0; row < min(row0 + 8, rows); row++) {
      y[start + column * rows + row] = x[start + row * columns + column];
    }
  }
}`,
});

/** The same of halves. */
export const transposeHalf = kernel({
  ...transposeForward,
  name: "transposeHalf",
  reads: { x: "f16" },
  writes: { y: "f16" },
});
