/**
 * Turning a matrix: rows become columns.
 *
 * Reading along rows and writing along columns, or the other way round, touches a new line of memory with every number.
 * In squares of 8 × 8 each line is used eight times while it is at hand.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";

/** y = xᵀ for each matrix of a batch; x is (rows, columns). */
export const transposeForward = kernel({
  name: "transpose",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["batch", "rows", "columns"],
  elements: ({ batch, rows, columns }) => batch * Math.ceil(rows / 8) * Math.ceil(columns / 8),
  cpu({ x, y }, { batch, rows, columns }) {
    for (let matrix = 0, to = 0; matrix < batch; matrix++) {
      for (let column = 0; column < columns; column++) {
        let from = matrix * rows * columns + column;
        for (let row = 0; row < rows; row++, from += columns) y[to++] = x[from];
      }
    }
  },
  wgsl: `
const across = (columns + 7) / 8;
const squares = (rows + 7) / 8 * across;
fn each(index: u32) {
  let start = index / squares * (rows * columns);
  let row0 = index % squares / across * 8;
  let column0 = index % squares % across * 8;
  for (var column = column0; column < min(column0 + 8, columns); column++) {
    for (var row = row0; row < min(row0 + 8, rows); row++) {
      y[start + column * rows + row] = x[start + row * columns + column];
    }
  }
}`,
});
