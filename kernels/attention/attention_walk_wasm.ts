/**
 * How attention in WebAssembly walks: which piece of the work it is, which steps eight lanes see, and what dropout leaves out.
 *
 * Keys that are seen are always neighbours, and so are the queries that see a key. So a walk goes from a first step to a last
 * one, and only near these are there steps that some of the eight lanes see and others do not:
 *
 *     eight queries, causal        keys     0 … … … i   i + 1  …  i + 7             the rest is not visited
 *     lane 0                                1 1 1 1 1     0         0
 *     lane 7                                1 1 1 1 1     1         1
 *
 * Four steps are computed at once, and end where they may: what lies beyond the last key is not seen.
 *
 * @module
 */

import type { WasmFloats, WasmIntegers } from "../../core/wasm/wasm_arrays.ts";
import type { Variable, WasmCode } from "../../core/wasm/wasm_code.ts";
import { philoxOf } from "../../core/wasm/wasm_philox.ts";
import { F32, I32, select } from "../../core/wasm/wasm_numbers.ts";
import { F32x4, I32x4 } from "../../core/wasm/wasm_vectors.ts";
import type { ATTENTION_CONSTANTS, AttentionConstants } from "./attention_mask.ts";
import { dotTile, HALVES, LANES, roundUp, type Tile } from "./attention_tiles_wasm.ts";

type Name = typeof ATTENTION_CONSTANTS[number];

/** Queries or keys in a piece. */
const PIECE_ROWS = 64;

/** The score of a key that is not seen: exp makes 0 of it. */
export const UNSEEN = -1e30;

/** How many pieces there are, see {@linkcode beginPiece}. */
export const piecesOf = ({ batch, heads, time }: AttentionConstants): number =>
  batch * heads * Math.ceil(time / PIECE_ROWS);

/** Bytes for so many arrays of all steps transposed, of eight lanes transposed, and of pairs; and one of sums, and one of eight. */
export const scratchOf = (transposedSteps: number, transposedLanes: number, pairs: number) =>
(
  { time, headDim }: AttentionConstants,
): number => {
  const steps = Math.ceil(time / 4) * 4, depth = Math.ceil(headDim / 4) * 4;
  const sums = Math.ceil(headDim / LANES) * LANES;
  return 4 * (transposedSteps * steps * depth + (transposedLanes * depth + sums + pairs * steps + 1) * LANES);
};

/** The numbers of eight neighbouring rows. */
export const eightFrom = (code: WasmCode, first: I32): readonly I32x4[] =>
  HALVES.map((half) => code.let(I32x4.from(first.plus(half))));

/**
 * How many keys of a head are not padding: `lengthOf` of `attention_mask.ts` in WebAssembly.
 *
 * @param code The function to write.
 * @param lengths The tensor of attention's kernels.
 * @param head Counted over the whole batch.
 * @returns At most T.
 */
export function lengthInWasm(
  code: WasmCode<"heads" | "time" | "padded">,
  lengths: WasmIntegers,
  head: I32,
): I32 {
  const padded = code.i32("padded"), time = code.i32("time");
  const given = code.let(lengths.load(select(padded, head.over(code.i32("heads")), padded)));
  return select(padded.and(given.isBelow(time)), given, time);
}

/**
 * What the three kernels begin with: sizes, and which part of which head a piece computes.
 *
 * @param code The function to write.
 * @param lengthOf How many keys of a head are not padding, from its number and its last row, both counted over the batch.
 * @param lastFirst Whether the last rows belong to the first pieces.
 * @returns Values that are computed here, for use in the whole function.
 */
export function beginPiece(
  code: WasmCode<Name>,
  lengthOf: (head: I32, lastRow: I32) => I32,
  lastFirst: boolean,
) {
  const time = code.i32("time"), width = code.i32("headDim"), causal = code.i32("causal");
  const allHeads = code.let(code.i32("batch").times(code.i32("heads")));
  const blocks = time.plus(PIECE_ROWS - 1).over(PIECE_ROWS);
  // pieces are numbered by blocks, in each by heads
  const head = code.let(code.piece.modulo(allHeads)), number = code.let(code.piece.over(allHeads));
  const block = lastFirst ? blocks.minus(1).minus(number) : number;
  const start = code.let(block.times(PIECE_ROWS)), end = code.let(start.plus(PIECE_ROWS).min(time));
  const length = code.let(lengthOf(head, code.let(head.plus(1).times(time).minus(1))));
  return {
    time,
    width,
    causal,
    start,
    end,
    length,
    /** Positions and numbers of a row, rounded up to fours. */
    steps: code.let(roundUp(time, 4)),
    depth: code.let(roundUp(width, 4)),
    /** Beyond the last key that a query of this piece sees. */
    keysEnd: code.let(select(causal, end.min(length), length)),
    last: code.let(time.minus(1)),
    scale: code.let(F32x4.of(F32.of(1).over(width.toF32().sqrt()))),
    /** The first row of the head, counted over the whole batch. */
    firstRow: code.let(head.times(time)),
    /** The rows of the head, in a tensor with a row for each position. */
    rowsOf: (tensor: WasmFloats) => tensor.from(head.times(time).times(width)),
  };
}

/** See {@linkcode beginPiece}. */
export type Piece = ReturnType<typeof beginPiece>;

/** Four queries, counted over all heads of the batch, and the keys 4 `four` to 4 `four` + 3. */
export interface FourPairs {
  readonly rows: I32x4;
  readonly four: I32;
}

/**
 * Prepares dropout.
 *
 * @param code The function to write.
 * @param random The tensor of attention's kernels.
 * @returns Writes masks: for each of four keys a vector for the queries.
 */
export function masksOf(
  code: WasmCode<Name>,
  random: WasmIntegers,
): (pairs: readonly FourPairs[]) => readonly (readonly F32x4[])[] {
  const draw = philoxOf(code, random.load(0), random.load(1)), step = code.let(I32x4.of(random.load(2)));
  const stream = code.let(I32x4.of(code.i32("stream"))), zero = code.let(I32x4.of(0));
  const threshold = code.let(I32x4.of(code.i32("threshold")));
  const keepScale = code.let(F32x4.of(code.f32("keepScale")));
  const callsPerRow = code.let(code.i32("time").plus(3).shiftRight(2));
  return (pairs) =>
    draw(pairs.map(({ rows, four }) => [rows.times(callsPerRow).plus(four), step, stream, zero]))
      .map((words) => words.map((word) => code.let(word.isBelow(threshold).select(F32x4.of(0), keepScale))));
}

/** Which steps of a walk the lanes see. */
export interface Walk {
  /** The first step that some lane sees, a multiple of 4 unless there is none. */
  readonly start: I32;
  /** Beyond the last one. */
  readonly end: I32;
  /** Whether one of the four steps from `step` on is seen by some lanes only. */
  partly(step: I32): I32;
  /** The lanes that do not see a step. */
  hidden(step: I32): readonly I32x4[];
}

/** The keys that the queries i to i + 7 see. */
export function keysSeen(code: WasmCode, i: I32, { causal, length }: Piece): Walk {
  const lengthMinusOne = code.let(length.minus(1)), ends = code.let(I32x4.of(lengthMinusOne));
  // the last key of each: its own in the causal form, if that is no padding
  const lastKeys = eightFrom(code, i).map((own) =>
    code.let(code.let(I32x4.of(causal).equals(1).and(own.isLess(ends))).select(own, ends))
  );
  const least = code.let(select(causal.and(i.isLess(lengthMinusOne)), i, lengthMinusOne));
  return {
    start: I32.of(0),
    end: code.let(select(causal, i.plus(LANES).min(length), length)),
    partly: (step) => step.plus(3).isGreater(least),
    hidden: (step) => lastKeys.map((last) => last.isLess(step)),
  };
}

/** The queries that see the keys j to j + 7. */
export function queriesSeeing(code: WasmCode, j: I32, { causal, length, time }: Piece): Walk {
  // the first query of each: its own in the causal form, and none of a key that is padding
  const ends = code.let(I32x4.of(length)), none = code.let(I32x4.of(time));
  const firstQueries = eightFrom(code, j).map((own) =>
    code.let(own.isLess(ends).select(own.and(code.let(I32x4.of(causal).equals(1))), none))
  );
  const first = code.let(j.times(causal)), somePadded = code.let(j.plus(LANES).isGreater(length));
  const most = code.let(select(somePadded, time, first.plus(LANES - 1)));
  return {
    start: code.let(select(j.isLess(length), first, time)),
    end: time,
    partly: (step) => step.isLess(most),
    hidden: (step) => firstQueries.map((first) => I32x4.of(step).isLess(first)),
  };
}

/**
 * The scores of a walk, four steps at a time; those that are not seen are {@linkcode UNSEEN}.
 *
 * @param code The function to write.
 * @param piece The piece.
 * @param walk Which steps.
 * @param steps Transposed rows of the steps.
 * @param lanes Transposed rows of the lanes.
 * @param use What to do with four steps.
 */
export function scores(
  code: WasmCode,
  piece: Piece,
  walk: Walk,
  steps: WasmFloats,
  lanes: WasmFloats,
  use: (step: I32, tile: Tile) => void,
): void {
  code.for(walk.start, walk.end, 4, (step) => {
    const tile = dotTile(code, steps, step, lanes, piece.width, piece.depth);
    code.if(walk.partly(step), () => {
      for (const n of [0, 1, 2, 3]) {
        walk.hidden(code.let(step.plus(n))).forEach((hides, h) => {
          const four = tile[2 * n + h];
          four.set(hides.select(F32x4.of(UNSEEN), four.value));
        });
      }
    });
    use(step, tile);
  });
}

/**
 * Four steps of an array of pairs.
 *
 * @param pairs The array: eight numbers for each step.
 * @param step The first of the four.
 * @returns For step n of the four, what stands for the vector h of its eight lanes.
 */
export function pairsAt(pairs: WasmFloats, step: I32): (n: number, h: number) => Variable<F32x4> {
  const at = pairs.from(step.times(LANES));
  return (n, h) => ({
    get value() {
      return at.load4(0, n * LANES + 4 * h);
    },
    set: (value) => at.store4(0, value, n * LANES + 4 * h),
  });
}
