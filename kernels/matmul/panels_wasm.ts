/**
 * Copying a matrix into panels, in the order in which the innermost loop of a product reads them.
 *
 * A panel of width 4 has four rows of a (or 4 columns of b) and the whole inner dimension, and stands in memory step after
 * step, without gaps:
 *
 *     a      rows 0 1 2 3 │ 4 5 6 7 │ …      panel 0:  a[0,0] a[1,0] a[2,0] a[3,0]  a[0,1] a[1,1] a[2,1] a[3,1]  …
 *
 * Where four numbers of one step are side by side in the matrix, they are copied as one vector. Where those of one row are
 * instead, four vectors of four rows are transposed in registers: pairs are brought together, then pairs of pairs.
 *
 *     a₀ a₁ a₂ a₃       a₀ b₀ a₁ b₁       a₀ b₀ c₀ d₀
 *     b₀ b₁ b₂ b₃   →   a₂ b₂ a₃ b₃   →   a₁ b₁ c₁ d₁
 *     c₀ c₁ c₂ c₃       c₀ d₀ c₁ d₁       a₂ b₂ c₂ d₂
 *     d₀ d₁ d₂ d₃       c₂ d₂ c₃ d₃       a₃ b₃ c₃ d₃
 *
 * The last panel may be wider than what is left of the matrix. What stands in its remaining places is some number or other:
 * it is multiplied like the rest, but its results are not stored.
 *
 * @module
 */

import { type WasmCode, WasmFloats } from "../../core/wasm/wasm_code.ts";
import type { F32x4, I32 } from "../../core/wasm/wasm_values.ts";

/** A matrix to be copied. The dimension that is cut into panels is its length. */
export interface PanelSource {
  /** Its numbers. */
  readonly matrix: WasmFloats;
  /** Rows of a, or columns of b. */
  readonly length: I32;
  /** Length of the other dimension. */
  readonly inner: I32;
  /** Whether the numbers along the inner dimension are side by side in memory. */
  readonly innerFirst: boolean;
}

/** Elements of a panel: its width times the inner dimension, rounded up to vectors. */
export function panelSteps(inner: number): number {
  return Math.ceil(inner / 4) * 4;
}

/** Four vectors of four, transposed. */
function transposed(code: WasmCode, [a, b, c, d]: readonly F32x4[]): readonly F32x4[] {
  const pairs = (x: F32x4, y: F32x4) => [
    code.let(x.shuffle(y, [0, 4, 1, 5])),
    code.let(x.shuffle(y, [2, 6, 3, 7])),
  ];
  const [ab01, ab23] = pairs(a, b), [cd01, cd23] = pairs(c, d);
  return [[ab01, cd01], [ab23, cd23]].flatMap(([ab, cd]) => [
    ab.shuffle(cd, [0, 1, 4, 5]),
    ab.shuffle(cd, [2, 3, 6, 7]),
  ]);
}

/**
 * Writes a loop that copies a panel.
 *
 * @param code The function to write.
 * @param source The matrix.
 * @param start Its first row or column in the panel.
 * @param width Rows or columns of the panel, a multiple of 4.
 * @param panel Receives it: `width` times {@linkcode panelSteps} elements.
 */
export function copyPanel(
  code: WasmCode,
  { matrix, length, inner, innerFirst }: PanelSource,
  start: I32,
  width: number,
  panel: WasmFloats,
): void {
  const end = code.let(start.plus(width).min(length));
  const to = code.variable(panel.base);
  code.for(start, end, 4, (first) => {
    const at = new WasmFloats(code, code.variable(to.value).value);
    if (innerFirst) {
      // rows beyond the last are the last one again
      const last = length.minus(1);
      const rows = [0, 1, 2, 3].map((row) => matrix.from(first.plus(row).min(last).times(inner)));
      code.for(0, inner, 4, (k) => {
        const fours = transposed(code, rows.map((row) => code.let(row.load4(k))));
        const step = at.from(k.times(width));
        fours.forEach((four, index) => step.store4(0, four, index * width));
      });
    } else {
      const from = code.variable(matrix.from(first).base);
      const row = new WasmFloats(code, from.value), stride = code.let(length.shiftLeft(2));
      code.for(0, inner, 1, (k) => {
        at.store4(k.times(width), row.load4(0));
        from.set(from.value.plus(stride));
      });
    }
    to.set(to.value.plus(16));
  });
}
