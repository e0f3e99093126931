/**
 * Layer normalization of one row in WebAssembly, and the gradient of one row: what `layerNorm` and `addNorm` share, so that
 * both give the same bits.
 *
 * @module
 */

import type { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import type { WasmCode } from "../../core/wasm/wasm_code.ts";
import type { I32 } from "../../core/wasm/wasm_numbers.ts";
import { F32x4 } from "../../core/wasm/wasm_vectors.ts";
import { sumWasm } from "../reduce.ts";

/**
 * Normalizes a row, for WebAssembly: three walks over its columns, for the mean, for the variance, and to write y.
 *
 * @param code The function to write.
 * @param row The index of the row.
 * @param x The row, from its first column on.
 * @param y Receives the normalized row.
 * @param vectors Weight, bias and the statistics of all rows.
 * @param first Four elements of x, given their first column, on the first walk.
 */
export function normalizeRowWasm(
  code: WasmCode<"columns" | "epsilon">,
  row: I32,
  x: WasmFloats,
  y: WasmFloats,
  { weight, bias, statistics }: Readonly<Record<"weight" | "bias" | "statistics", WasmFloats>>,
  first: (column: I32) => F32x4 = (column) => x.load4(column),
): void {
  const columns = code.i32("columns"), count = code.let(F32x4.of(code.f32("columns")));
  const m = code.let(sumWasm(code, 0, columns, first).over(count));
  const squares = sumWasm(code, 0, columns, (column) => {
    const centered = code.let(x.load4(column).minus(m));
    return centered.times(centered);
  });
  const r = code.let(F32x4.of(1).over(squares.over(count).plus(code.f32("epsilon")).sqrt()));
  code.forFours(0, columns, (column) => {
    const scaled = weight.load4(column).times(x.load4(column).minus(m)).times(r);
    y.store4(column, scaled.plus(bias.load4(column)));
  });
  statistics.store(row.times(2), m.lane(0));
  statistics.store(row.times(2), r.lane(0), 1);
}

/**
 * The gradient of a row, for WebAssembly.
 *
 * @param code The function to write.
 * @param row The index of the row.
 * @param x The row that was normalized, from its first column on.
 * @param dy The gradient of the normalized row.
 * @param vectors Weight, and the statistics of all rows.
 * @returns Four elements of the gradient, given their first column.
 */
export function rowGradientWasm(
  code: WasmCode<"columns">,
  row: I32,
  x: WasmFloats,
  dy: WasmFloats,
  { weight, statistics }: Readonly<Record<"weight" | "statistics", WasmFloats>>,
): (column: I32) => F32x4 {
  const columns = code.i32("columns"), count = code.let(F32x4.of(code.f32("columns")));
  const m = code.let(statistics.splat(row.times(2))), r = code.let(statistics.splat(row.times(2), 1));
  const g = (column: I32) => weight.load4(column).times(dy.load4(column));
  const normalized = (column: I32) => x.load4(column).minus(m).times(r);
  const sumG = sumWasm(code, 0, columns, g);
  const sumGx = sumWasm(code, 0, columns, (column) => g(column).times(normalized(column)));
  const meanG = code.let(sumG.over(count)), meanGx = code.let(sumGx.over(count));
  return (column) => r.times(g(column).minus(meanG).minus(normalized(column).times(meanGx)));
}
