/**
 * Fused attention in WebAssembly.
 *
 * Eight queries are computed side by side, in the lanes of two vectors (see `attention_tiles_wasm.ts` for the two products).
 * They walk over the keys three times, with an array of eight scores for each key, which is small enough for the nearest cache:
 *
 *     for every four keys:      s = q · k / √D, or −10³⁰ where the query does not see the key        m = the largest s
 *     for every four keys:      p = mask · exp(s − m)                                                l = Σ exp(s − m)
 *     for every eight channels: y = Σ p v / l
 *
 * No key is visited that none of the eight queries sees: in the causal form that is nearly half of them. −10³⁰ is only needed
 * where some of the eight see a key and others do not, and at the end of the sequence.
 *
 * The backward pass for queries is the same walk. That for keys and values has eight keys in the lanes and walks over queries:
 *
 *     queries    ds = p (dp − delta)               dq = Σ ds k / √D
 *     keys       ds = weight dWeight − p delta     dk = Σ ds q / √D        dv = Σ weight dy
 *
 * A piece of work is 64 queries (or keys) of one head. It transposes the rows of the loop once, for eight walks. In the causal
 * form pieces are of unequal length: the longest come first, so that no thread is left with one of them at the end.
 *
 * A result depends on its own query and on the keys that it sees, not on what else is computed beside it: terms of keys that are
 * not seen are zeros at the end of a sum. So `cache_wasm.ts`, which adds in the same order, gives the same bits.
 *
 * Reference: Dao, "FlashAttention-2", 2023, section 3.2, on the division of the work.
 *
 * @module
 */

import type { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import type { WasmCode } from "../../core/wasm/wasm_code.ts";
import { exp4, log4 } from "../../core/wasm/wasm_math.ts";
import type { WasmPass } from "../../core/wasm/wasm_pass.ts";
import type { I32 } from "../../core/wasm/wasm_numbers.ts";
import { F32x4, I32x4 } from "../../core/wasm/wasm_vectors.ts";
import type {
  ATTENTION_BACKWARD_KEY_VALUE_CONSTANTS,
  ATTENTION_BACKWARD_QUERY_CONSTANTS,
  ATTENTION_BACKWARD_READS,
  ATTENTION_CONSTANTS,
  ATTENTION_READS,
} from "./attention_mask.ts";
import {
  dotTile,
  forSums,
  HALVES,
  LANES,
  Places,
  roundUp,
  storeTile,
  sumSteps,
  transposeLanes,
  transposeSteps,
} from "./attention_tiles_wasm.ts";
import {
  beginPiece,
  eightFrom,
  keysSeen,
  lengthInWasm,
  masksOf,
  pairsAt,
  type Piece,
  piecesOf,
  queriesSeeing,
  scores,
  scratchOf,
  UNSEEN,
} from "./attention_walk_wasm.ts";

/** The steps of a tile, and the lanes of a vector. */
const FOUR = [0, 1, 2, 3] as const;

/** y and logSumExp, eight queries at a time. */
export const attentionForwardWasm: readonly WasmPass<
  typeof ATTENTION_READS & { y: "f32"; logSumExp: "f32" },
  typeof ATTENTION_CONSTANTS[number]
>[] = [{
  switches: ["threshold"],
  pieces: piecesOf,
  scratch: scratchOf(1, 1, 1),
  body({ query, key, value, lengths, random, y, logSumExp }, code, { threshold }) {
    const piece = beginPiece(code, (head) => lengthInWasm(code, lengths, head), true);
    const { steps, depth, width, last, scale } = piece;
    const places = new Places(code), keys = places.take(steps.times(depth));
    const queries = places.take(depth.times(LANES)), p = places.take(steps.times(LANES));
    const kept = places.take(LANES), sums = places.take(0);
    const maskOf = threshold > 0 ? masksOf(code, random) : undefined;
    const queryRows = piece.rowsOf(query), values = piece.rowsOf(value), results = piece.rowsOf(y);
    transposeSteps(code, { matrix: piece.rowsOf(key), last, width }, 0, piece.keysEnd, depth, keys);
    code.for(piece.start, piece.end, LANES, (i) => {
      transposeLanes(code, { matrix: queryRows, last, width, scale }, i, queries);
      const walk = keysSeen(code, i, piece);
      // s = q · k / √D, and their maximum m
      const m = HALVES.map(() => code.variable(F32x4.of(UNSEEN)));
      scores(code, piece, walk, keys, queries, (j, tile) => {
        storeTile(p, j, tile);
        tile.forEach(({ value }, index) => m[index % 2].set(m[index % 2].value.atLeast(value)));
      });
      // p = exp(s − m), and their sum l; dropout comes after the sum, as in the textbook
      const l = HALVES.map(() => code.variable(F32x4.of(0)));
      const rows = eightFrom(code, code.let(piece.firstRow.plus(i)));
      code.for(0, walk.end, 4, (j) => {
        const at = pairsAt(p, j), masks = maskOf?.(rows.map((rows) => ({ rows, four: j.shiftRight(2) })));
        for (const n of FOUR) {
          l.forEach((sum, h) => {
            const power = code.let(exp4(code, at(n, h).value.minus(m[h].value)));
            at(n, h).set(masks ? power.times(masks[h][n]) : power);
            sum.set(sum.value.plus(power));
          });
        }
      });
      // y = Σ p v / l; the largest p is 1, so l is less only where a query sees no key
      sumSteps(code, p, values, walk.end, width, sums);
      HALVES.forEach((half, h) => kept.store4(0, l[h].value.atLeast(1), half));
      const count = code.let(piece.end.minus(i).min(LANES));
      forSums(code, sums, count, width, (lane) => {
        const divisor = code.let(kept.splat(lane)), row = results.from(i.plus(lane).times(width));
        return (c, sum) => row.store4(c, sum.over(divisor));
      });
      HALVES.forEach((half, h) => kept.store4(0, m[h].value.plus(log4(code, kept.load4(0, half))), half));
      const at = logSumExp.from(piece.firstRow.plus(i));
      code.forFours(0, count, (lane) => at.store4(lane, kept.load4(lane)));
    });
  },
}];

/** Writes the sums of a walk times 1 / √D, or adds them. */
function storeGradient(
  code: WasmCode,
  { width, end, scale }: Piece,
  sums: WasmFloats,
  first: I32,
  rows: WasmFloats,
  accumulate: number,
  scaled: boolean,
): void {
  forSums(code, sums, code.let(end.minus(first).min(LANES)), width, (lane) => {
    const row = rows.from(first.plus(lane).times(width));
    return (c, sum) => {
      const gradient = scaled ? sum.times(scale) : sum;
      row.storeOrAdd4(accumulate, c, gradient);
    };
  });
}

/** The three parts of statistics. A head's last query sees every key but padding, so its number is the length. */
function partsOf(code: WasmCode<"batch" | "heads" | "time">, statistics: WasmFloats) {
  const rows = code.let(code.i32("batch").times(code.i32("heads")).times(code.i32("time")));
  const delta = statistics.from(rows), seen = statistics.from(rows.shiftLeft(1));
  return { logSumExp: statistics, delta, lengthOf: (_: I32, lastRow: I32) => seen.load(lastRow).toI32() };
}

/** dQuery = Σ ds k / √D, eight queries at a time. */
export const attentionBackwardQueryWasm: readonly WasmPass<
  typeof ATTENTION_BACKWARD_READS & { dQuery: "f32" },
  typeof ATTENTION_BACKWARD_QUERY_CONSTANTS[number]
>[] = [{
  switches: ["threshold", "accumulate"],
  pieces: piecesOf,
  scratch: scratchOf(2, 2, 2),
  body(
    { query, key, value, dy, statistics, random, dQuery },
    code,
    { threshold, accumulate },
  ) {
    const { logSumExp, delta, lengthOf } = partsOf(code, statistics);
    const piece = beginPiece(code, lengthOf, true), { steps, depth, width, last, scale } = piece;
    const places = new Places(code), sums = places.take(roundUp(width, LANES).times(LANES));
    const [keys, values] = [0, 1].map(() => places.take(steps.times(depth)));
    const [queries, dys] = [0, 1].map(() => places.take(depth.times(LANES)));
    const [ds, dWeights] = [0, 1].map(() => places.take(steps.times(LANES)));
    const maskOf = threshold > 0 ? masksOf(code, random) : undefined;
    const keyRows = piece.rowsOf(key), queryRows = piece.rowsOf(query), dyRows = piece.rowsOf(dy);
    const gradients = piece.rowsOf(dQuery);
    transposeSteps(code, { matrix: keyRows, last, width }, 0, piece.keysEnd, depth, keys);
    transposeSteps(code, { matrix: piece.rowsOf(value), last, width }, 0, piece.keysEnd, depth, values);
    code.for(piece.start, piece.end, LANES, (i) => {
      transposeLanes(code, { matrix: queryRows, last, width, scale }, i, queries);
      transposeLanes(code, { matrix: dyRows, last, width }, i, dys);
      const walk = keysSeen(code, i, piece), row = code.let(piece.firstRow.plus(i));
      scores(code, piece, walk, keys, queries, (j, tile) => {
        storeTile(ds, j, tile);
        storeTile(dWeights, j, dotTile(code, values, j, dys, width, depth));
      });
      const rows = eightFrom(code, row);
      const [logSums, deltas] = [logSumExp, delta].map((tensor) =>
        HALVES.map((half) => code.let(tensor.load4(row, half)))
      );
      // p = exp(s − logSumExp),   dp = mask dWeight,   ds = p (dp − delta)
      code.for(0, walk.end, 4, (j) => {
        const s = pairsAt(ds, j), dWeight = pairsAt(dWeights, j);
        const masks = maskOf?.(rows.map((rows) => ({ rows, four: j.shiftRight(2) })));
        for (const n of FOUR) {
          logSums.forEach((logSum, h) => {
            const p = exp4(code, s(n, h).value.minus(logSum));
            const dp = masks ? dWeight(n, h).value.times(masks[h][n]) : dWeight(n, h).value;
            s(n, h).set(p.times(dp.minus(deltas[h])));
          });
        }
      });
      sumSteps(code, ds, keyRows, walk.end, width, sums);
      storeGradient(code, piece, sums, i, gradients, accumulate, true);
    });
  },
}];

/** dKey = Σ ds q / √D and dValue = Σ weight dy, eight keys at a time. */
export const attentionBackwardKeyValueWasm: readonly WasmPass<
  typeof ATTENTION_BACKWARD_READS & { dKey: "f32"; dValue: "f32" },
  typeof ATTENTION_BACKWARD_KEY_VALUE_CONSTANTS[number]
>[] = [{
  switches: ["threshold", "accumulateKey", "accumulateValue"],
  pieces: piecesOf,
  scratch: scratchOf(2, 2, 2),
  body(
    { query, key, value, dy, statistics, random, dKey, dValue },
    code,
    { threshold, accumulateKey, accumulateValue },
  ) {
    const { logSumExp, delta, lengthOf } = partsOf(code, statistics);
    const piece = beginPiece(code, lengthOf, false), { steps, depth, width, last, scale, time } = piece;
    const places = new Places(code), sums = places.take(roundUp(width, LANES).times(LANES));
    const [queries, dys] = [0, 1].map(() => places.take(steps.times(depth)));
    const [keys, values] = [0, 1].map(() => places.take(depth.times(LANES)));
    const [weights, ds] = [0, 1].map(() => places.take(steps.times(LANES)));
    const maskOf = threshold > 0 ? masksOf(code, random) : undefined;
    const keyRows = piece.rowsOf(key), valueRows = piece.rowsOf(value);
    const queryRows = piece.rowsOf(query), dyRows = piece.rowsOf(dy);
    const dKeys = piece.rowsOf(dKey), dValues = piece.rowsOf(dValue);
    const kept = logSumExp.from(piece.firstRow), deltas = delta.from(piece.firstRow);
    const first = code.let(piece.start.times(piece.causal));
    transposeSteps(code, { matrix: queryRows, last, width }, first, time, depth, queries);
    transposeSteps(code, { matrix: dyRows, last, width }, first, time, depth, dys);
    code.for(piece.start, piece.end, LANES, (j) => {
      transposeLanes(code, { matrix: keyRows, last, width, scale }, j, keys);
      transposeLanes(code, { matrix: valueRows, last, width }, j, values);
      const walk = queriesSeeing(code, j, piece);
      scores(code, piece, walk, queries, keys, (i, tile) => {
        storeTile(weights, i, tile);
        storeTile(ds, i, dotTile(code, dys, i, values, width, depth));
      });
      // p = exp(s − logSumExp),   weight = mask p,   ds = p (dp − delta) = weight dWeight − p delta
      code.for(walk.start, walk.end, 4, (i) => {
        const weight = pairsAt(weights, i), dWeight = pairsAt(ds, i);
        const rows = code.let(I32x4.from(piece.firstRow.plus(i)));
        const masks = maskOf?.(HALVES.map((half) => ({ rows, four: j.plus(half).shiftRight(2) })))
          .map((four) => code.transposed(four));
        for (const n of FOUR) {
          HALVES.forEach((_, h) => {
            const p = code.let(exp4(code, weight(n, h).value.minus(kept.splat(i, n))));
            const masked = code.let(masks ? p.times(masks[h][n]) : p);
            weight(n, h).set(masked);
            const pDelta = p.times(deltas.splat(i, n));
            dWeight(n, h).set(dWeight(n, h).value.times(masked).minus(pDelta));
          });
        }
      });
      const count = code.let(walk.end.minus(walk.start)), rowStart = code.let(walk.start.times(width));
      const from = code.let(walk.start.times(LANES));
      sumSteps(code, ds.from(from), queryRows.from(rowStart), count, width, sums);
      storeGradient(code, piece, sums, j, dKeys, accumulateKey, true);
      sumSteps(code, weights.from(from), dyRows.from(rowStart), count, width, sums);
      storeGradient(code, piece, sums, j, dValues, accumulateValue, false);
    });
  },
}];
