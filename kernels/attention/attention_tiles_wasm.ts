/**
 * The two products of attention in WebAssembly, eight rows at a time.
 *
 * Eight queries are side by side in two vectors, the *lanes*; the keys are the *steps* of a loop. (In the walk over queries it
 * is the other way round: eight keys, and the queries one after the other.) Everything that belongs to a pair is in an array
 * of eight numbers a step:
 *
 *     s[step, lane] = Σ_d steps[step, d] · lanes[lane, d]          sum[lane, c] = Σ_step weights[step, lane] · steps[step, c]
 *
 * Maxima, exponentials and sums of the softmax then are instructions on whole vectors, and no two lanes ever have to be
 * added together. Both products are computed in tiles of 4 × 8 numbers, which stay in registers: in each turn of the
 * innermost loop two vectors of the right factor are multiplied by four numbers of the left one, and added.
 *
 *     for s        left: four steps, their numbers d side by side        right: eight lanes, their numbers d side by side
 *     for sum      left: four lanes of the weights                       right: eight numbers of a row
 *
 * For s, both factors have to be transposed, which is done once for many uses. For sum, they are in memory as they should be.
 * The innermost loop is that of the matrix product, `multiplyTile` of `../matmul/tile_wasm.ts`, but terms are added one after
 * the other without blocks: so does `cache_wasm.ts`.
 *
 * @module
 */

import type { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import type { Variable, WasmCode } from "../../core/wasm/wasm_code.ts";
import type { I32 } from "../../core/wasm/wasm_numbers.ts";
import type { F32x4 } from "../../core/wasm/wasm_vectors.ts";
import { multiplyTile } from "../matmul/tile_wasm.ts";

/** Rows that are computed side by side. */
export const LANES = 8;

/** The first lanes of the two vectors. */
export const HALVES = [0, 4] as const;

/** The next multiple of a power of two. */
export function roundUp(value: I32, multiple: number): I32 {
  return value.plus(multiple - 1).and(-multiple);
}

/** Memory of a thread, taken piece by piece from its scratch. */
export class Places {
  #next: WasmFloats;

  /**
   * Begins at the beginning of the scratch.
   *
   * @param code The function that uses it.
   */
  constructor(code: WasmCode) {
    this.#next = code.scratch;
  }

  /** Takes an array of so many floats. */
  take(floats: I32 | number): WasmFloats {
    const place = this.#next;
    this.#next = place.from(floats);
    return place;
  }
}

/** Rows of a matrix that are to be transposed. */
interface Rows {
  /** The first row of the head. */
  readonly matrix: WasmFloats;
  /** The last row that exists; in the place of those after it, it is taken again. */
  readonly last: I32;
  /** Numbers in a row. */
  readonly width: I32;
  /** What every number is multiplied by. */
  readonly scale?: F32x4;
}

/** Four rows, transposed: number d of row r goes to `to[d · step + r]`. */
function transposeFour(
  code: WasmCode,
  { matrix, last, width, scale }: Rows,
  first: I32,
  to: WasmFloats,
  step: number,
) {
  const rows = [0, 1, 2, 3].map((row) => matrix.from(first.plus(row).min(last).times(width)));
  code.for(0, width, 4, (d) => {
    const fours = code.transposed(rows.map((row) => code.let(row.load4(d))));
    const at = to.from(d.times(step));
    fours.forEach((four, row) => at.store4(0, scale ? four.times(scale) : four, row * step));
  });
}

/**
 * Transposes the rows that are the steps of a loop, by fours.
 *
 * @param code The function to write.
 * @param rows The rows.
 * @param start The first row to copy, a multiple of 4.
 * @param end Beyond the last one.
 * @param depth Numbers in a row, rounded up to a multiple of 4.
 * @param to Receives 4 · `depth` numbers for every four rows, those of row 0 first, whether they are copied or not.
 */
export function transposeSteps(
  code: WasmCode,
  rows: Rows,
  start: I32 | number,
  end: I32,
  depth: I32,
  to: WasmFloats,
): void {
  code.for(start, end, 4, (first) => transposeFour(code, rows, first, to.from(first.times(depth)), 4));
}

/**
 * Transposes the rows that are side by side in the lanes.
 *
 * @param code The function to write.
 * @param rows The rows.
 * @param first The first of them.
 * @param to Receives `LANES` numbers for each number of a row.
 */
export function transposeLanes(code: WasmCode, rows: Rows, first: I32, to: WasmFloats): void {
  for (const half of HALVES) transposeFour(code, rows, code.let(first.plus(half)), to.from(half), LANES);
}

/** Four times eight numbers: two vectors for each of the four. */
export type Tile = readonly Variable<F32x4>[];

/**
 * s = Σ_d steps · lanes, four steps at a time.
 *
 * @param code The function to write.
 * @param steps From {@linkcode transposeSteps}.
 * @param first The first step of the four.
 * @param lanes From {@linkcode transposeLanes}.
 * @param width Numbers in a row.
 * @param depth The same, rounded up to a multiple of 4.
 * @returns For each of the four steps two vectors.
 */
export function dotTile(
  code: WasmCode,
  steps: WasmFloats,
  first: I32,
  lanes: WasmFloats,
  width: I32,
  depth: I32,
): Tile {
  const a = steps.from(first.times(depth));
  return multiplyTile(code, 4, HALVES.length, { a, b: lanes, inner: width, unblocked: true });
}

/** Stores four times eight numbers. */
export function storeTile(to: WasmFloats, first: I32, tile: Tile): void {
  const at = to.from(first.times(LANES));
  tile.forEach(({ value }, index) => at.store4(0, value, 4 * index));
}

/**
 * sum[lane] = Σ weights[step, lane] · row of the step, then something is done with each lane's sum.
 *
 * @param code The function to write.
 * @param weights Eight numbers for each step.
 * @param matrix The rows, from that of the first step on.
 * @param steps Number of steps.
 * @param width Numbers in a row.
 * @param sums Receives the sums: `LANES` rows for every eight numbers of a row.
 */
export function sumSteps(
  code: WasmCode,
  weights: WasmFloats,
  matrix: WasmFloats,
  steps: I32,
  width: I32,
  sums: WasmFloats,
): void {
  const bStride = code.let(width.shiftLeft(2));
  code.for(0, width, LANES, (c) => {
    const b = matrix.from(c);
    for (const half of HALVES) {
      const operands = { a: weights.from(half), aStride: LANES, b, bStride, inner: steps, unblocked: true };
      storeTile(sums, c.plus(half), multiplyTile(code, 4, HALVES.length, operands));
    }
  });
}

/**
 * Visits the sums of `sumSteps`, four numbers at a time.
 *
 * @param code The function to write.
 * @param sums The sums.
 * @param count How many lanes exist.
 * @param width Numbers in a row.
 * @param lane Called with the number of each lane, returns what to do with the four from c on.
 */
export function forSums(
  code: WasmCode,
  sums: WasmFloats,
  count: I32,
  width: I32,
  lane: (lane: I32) => (c: I32, sum: F32x4) => void,
): void {
  code.for(0, count, 1, (n) => {
    const row = sums.from(n.times(LANES)), write = lane(n);
    code.forFours(0, width, (c) => write(c, row.load4(c.and(-LANES).times(LANES).plus(c.and(LANES - 1)))));
  });
}
