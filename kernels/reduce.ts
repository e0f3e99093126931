/**
 * Reductions for other kernels: how many invocations share a row in shaders, and sums over the elements of a row or the rows
 * of a matrix, for WebAssembly.
 *
 * Shaders call `sumOverGroup(lane, value)` and `maxOverGroup(lane, value)`, which `core/webgpu/reductions_wgsl.ts` writes: trees
 * that always add the same pairs, on any hardware. In the shaders of this folder, what a lane has computed before such a reduction
 * begins with `lane` (`laneSum`, `laneMax`); the result bears the name that the CPU body uses.
 *
 * WebAssembly adds four numbers at once, so a row has four sums side by side, of every fourth element, which are added at
 * the end. A sum over rows has a partial sum for each block of rows. Many short sums also lose less to rounding than one
 * long sum, which grows large beside what is added to it.
 *
 * @module
 */

import type { AdapterClass, Bindings } from "../core/backend.ts";
import type { WasmArraysOf, WasmFloats } from "../core/wasm/wasm_arrays.ts";
import type { WasmCode } from "../core/wasm/wasm_code.ts";
import type { WasmPass } from "../core/wasm/wasm_pass.ts";
import type { I32, Integer } from "../core/wasm/wasm_numbers.ts";
import { F32x4 } from "../core/wasm/wasm_vectors.ts";

/**
 * Invocations that share the work on one row: a whole group on a GPU; where a CPU runs the shader, and barriers are what
 * costs, as many as one vector instruction computes.
 *
 * @param adapter The kind of processor.
 * @returns A power of two.
 */
export const rowLanes = (adapter: AdapterClass): number => adapter === "software" ? 8 : 64;

/**
 * A sum over elements side by side, for WebAssembly.
 *
 * @param code The function that needs the sum.
 * @param start First index.
 * @param end Beyond the last one.
 * @param term What to add for four elements, given the index of the first.
 * @returns The sum, in all lanes.
 */
export function sumWasm(code: WasmCode, start: Integer, end: Integer, term: (index: I32) => F32x4): F32x4 {
  const sums = code.variable(F32x4.of(0));
  code.forFours(start, end, (index) => sums.set(sums.value.plus(code.present(term(index), 0))));
  const [a, b, c, d] = [0, 1, 2, 3].map((lane) => sums.value.lane(lane));
  return code.let(F32x4.of(a.plus(b).plus(c.plus(d))));
}

/**
 * The largest of elements side by side, for WebAssembly; a NaN among them is passed over.
 *
 * @param code The function that needs it.
 * @param start First index.
 * @param end Beyond the last one.
 * @param element Four elements, given the index of the first.
 * @returns The largest, in all lanes; −∞ if there is none.
 */
export function maxWasm(
  code: WasmCode,
  start: Integer,
  end: Integer,
  element: (index: I32) => F32x4,
): F32x4 {
  const largest = code.variable(F32x4.of(-Infinity));
  code.forFours(start, end, (index) => {
    largest.set(largest.value.atLeast(code.present(element(index), -Infinity)));
  });
  const [a, b, c, d] = [0, 1, 2, 3].map((lane) => largest.value.lane(lane));
  return code.let(F32x4.of(a.max(b).max(c.max(d))));
}

/** Rows that the first pass of {@linkcode sumRowsWasm} adds up in one piece, and columns of the second. */
const BLOCK_ROWS = 64, BLOCK_COLUMNS = 256;

/**
 * Sums over the rows of a matrix, for WebAssembly. In a first pass every piece adds up a block of rows, in a second the
 * sums of all blocks are added to the results.
 *
 * @param names The tensors that the sums are added to.
 * @param write Called with the arrays and a row: returns what to add for four columns, given the first: one vector for each
 * sum.
 * @returns The passes of a kernel with the constants `rows` and `columns`.
 */
export function sumRowsWasm<Arrays extends Bindings>(
  names: readonly (keyof Arrays)[],
  write: (arrays: WasmArraysOf<Arrays>, code: WasmCode, row: I32) => (column: I32) => readonly F32x4[],
): readonly WasmPass<Arrays, "rows" | "columns">[] {
  const count = names.length, blocksOf = (rows: number) => Math.ceil(rows / BLOCK_ROWS);
  return [{
    pieces: ({ rows }) => blocksOf(rows),
    shared: ({ rows, columns }) => blocksOf(rows) * count * columns * 4,
    body(arrays, code) {
      const columns = code.i32("columns"), partial = code.shared();
      const { start, end } = code.rangeOfPiece(code.i32("rows"), BLOCK_ROWS);
      const sums = names.map((_, n) => partial.from(code.piece.times(count).plus(n).times(columns)));
      // the first row begins the sums, the others are added
      const first = write(arrays, code, start);
      code.forFours(0, columns, (column) => first(column).forEach((term, n) => sums[n].store4(column, term)));
      code.for(start.plus(1), end, 1, (row) => {
        const terms = write(arrays, code, row);
        code.forFours(0, columns, (column) => {
          terms(column).forEach((term, n) => sums[n].store4(column, sums[n].load4(column).plus(term)));
        });
      });
    },
  }, {
    pieces: ({ columns }) => Math.ceil(columns / BLOCK_COLUMNS),
    body(arrays, code) {
      const columns = code.i32("columns"), partial = code.shared();
      const blocks = code.let(code.i32("rows").plus(BLOCK_ROWS - 1).over(BLOCK_ROWS));
      const { start, end } = code.rangeOfPiece(columns, BLOCK_COLUMNS);
      names.forEach((name, n) => {
        const result = arrays[name] as WasmFloats;
        code.forFours(start, end, (column) => {
          const sum = code.variable(F32x4.of(0));
          code.for(0, blocks, 1, (block) => {
            const at = block.times(count).plus(n).times(columns).plus(column);
            sum.set(sum.value.plus(partial.load4(at)));
          });
          result.store4(column, result.load4(column).plus(sum.value));
        });
      });
    },
  }];
}
