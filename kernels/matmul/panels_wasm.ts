/**
 * Copying a matrix into panels, in the order in which the innermost loop of a product reads them.
 *
 * A panel of four rows of a holds the first number of each, then the second of each, and so on; a panel of b is the same
 * with columns:
 *
 *     a      rows 0 1 2 3 │ 4 5 6 7 │ …      panel 0:  a[0,0] a[1,0] a[2,0] a[3,0]  a[0,1] a[1,1] a[2,1] a[3,1]  …
 *
 * Where these four are side by side in the matrix, they are copied as one vector. Where they are in four rows, four vectors
 * of four are transposed in registers: pairs are brought together, then pairs of pairs.
 *
 *     a₀ a₁ a₂ a₃       a₀ b₀ a₁ b₁       a₀ b₀ c₀ d₀
 *     b₀ b₁ b₂ b₃   →   a₂ b₂ a₃ b₃   →   a₁ b₁ c₁ d₁
 *     c₀ c₁ c₂ c₃       c₀ d₀ c₁ d₁       a₂ b₂ c₂ d₂
 *     d₀ d₁ d₂ d₃       c₂ d₂ c₃ d₃       a₃ b₃ c₃ d₃
 *
 * Sixteen rows or columns are copied at a time, because sixteen numbers are what a cache line holds. Where the matrix has
 * fewer left, the remaining places receive any numbers: they are multiplied like the others, and what comes of it is not
 * stored.
 *
 * @module
 */

import { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import type { WasmCode } from "../../core/wasm/wasm_code.ts";
import type { I32 } from "../../core/wasm/wasm_numbers.ts";

/** Rows or columns that are copied at a time. Panels have room for as many as are a multiple of it. */
export const COPIED_TOGETHER = 16;

/** A matrix to be copied: rows of a, or columns of b. */
export interface PanelSource {
  /** Its numbers. */
  readonly matrix: WasmFloats;
  /** How many rows of a, or columns of b. */
  readonly length: I32;
  /** How many numbers in each of them. */
  readonly inner: I32;
  /** Whether those of one row or column are side by side in memory. */
  readonly isInnerFirst: boolean;
}

/**
 * Writes the loops that copy sixteen rows or columns into panels.
 *
 * @param code The function to write.
 * @param source The matrix.
 * @param start The first of them, a multiple of {@linkcode COPIED_TOGETHER}.
 * @param width Rows or columns of a panel, a multiple of 4.
 * @param panels Receives them: the panels from that of `start` on, each of `width` times `panelInner` elements.
 * @param panelInner The inner dimension, rounded up to a multiple of 4.
 */
export function copyIntoPanels(
  code: WasmCode,
  { matrix, length, inner, isInnerFirst }: PanelSource,
  start: I32,
  width: number,
  panels: WasmFloats,
  panelInner: I32,
): void {
  const fours = [0, 4, 8, 12].map((first) => {
    const panel = Math.floor(first / width);
    return { first, to: panels.from(panelInner.times(panel * width).plus(first % width)) };
  });
  if (isInnerFirst) {
    const last = code.let(length.minus(1)); // in place of rows that do not exist
    for (const { first, to } of fours) {
      const rows = [0, 1, 2, 3].map((row) => matrix.from(start.plus(first + row).min(last).times(inner)));
      code.for(0, inner, 4, (k) => {
        const steps = to.from(k.times(width)), loaded = rows.map((row) => code.let(row.load4(k)));
        code.transposed(loaded).forEach((four, step) => steps.store4(0, four, step * width));
      });
    }
  } else {
    const address = code.variable(matrix.from(start).base), stride = code.let(length.times(4));
    const line = new WasmFloats(code, address.value);
    code.for(0, inner, 1, (k) => {
      for (const { first, to } of fours) to.store4(k.times(width), line.load4(0, first));
      address.set(address.value.plus(stride));
    });
  }
}
