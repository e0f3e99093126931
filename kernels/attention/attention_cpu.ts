/**
 * Fused attention on the CPU: what the CPU backend runs.
 *
 * These bodies compute what the plain loops of `attention_naive.ts` compute; read those first. They are tuned in two ways.
 * Nothing of T × T numbers is stored: of scores s and weights p there is one row at a time, which the backward pass makes
 * again from logSumExp. And the sums over channels and over keys are those of `rows.ts`, four rows at a time.
 *
 * i and j count queries and keys within a head, and `row` queries over all heads of the batch, where those of the head begin at
 * `start`. In which row of its tensor a query or a key stands, the layout says. Sums are formed in double precision.
 *
 * `qk` is q · k before it is scaled: s = qk / √D. Its gradient is dqk = ds / √D, so dq = Σ dqk k and dk = Σ dqk q. The other
 * names are those of the lesson in `attention.ts`; without dropout every mask is 1.
 *
 * Reference: Dao, "FlashAttention-2", 2023, algorithm 2.
 *
 * @module
 */

import type { ArraysOf, Floats } from "../../core/backend.ts";
import { exp, log } from "../../core/math.ts";
import {
  type ATTENTION_BACKWARD_READS,
  type ATTENTION_READS,
  type ATTENTION_STATISTICS_READS,
  type AttentionBackwardKeyValueConstants,
  type AttentionBackwardQueryConstants,
  type AttentionConstants,
  type AttentionStatisticsConstants,
  maskKeys,
  visible,
} from "./attention_mask.ts";
import { BY_HEADS, type HeadLayout, type HeadRows } from "./head_layout.ts";
import { dotRows, sumRows } from "../rows.ts";

type Forward = ArraysOf<typeof ATTENTION_READS & { y: "f32"; logSumExp: "f32" }>;
type BackwardQuery = ArraysOf<typeof ATTENTION_BACKWARD_READS & { dQuery: "f32" }>;
type BackwardKeyValue = ArraysOf<typeof ATTENTION_BACKWARD_READS & { dKey: "f32"; dValue: "f32" }>;

/** Where the rows of query, key, value and result of a head stand; those of their gradients stand in the same rows. */
const rowsOfHead = (layout: HeadLayout, head: number, sizes: AttentionStatisticsConstants): HeadRows[] =>
  ["query", "key", "value", "y"].map((operand) => layout.rowsOf(operand, head, sizes));

/**
 * y and logSumExp, a query at a time.
 *
 * @param arrays Reads query, key, value, lengths and random; writes y and logSumExp.
 * @param settings Sizes and settings.
 * @param layout Where the rows of heads stand.
 */
export function attentionForwardCpu(
  { query, key, value, lengths, random, y, logSumExp }: Forward,
  settings: AttentionConstants,
  layout: HeadLayout = BY_HEADS,
): void {
  const { batch, heads, time, headDim, threshold } = settings, scale = 1 / Math.sqrt(headDim);
  const s = new Float64Array(time), p = new Float64Array(time), sum = new Float64Array(headDim);
  const masks = new Float64Array(time + 4); // they are made for four keys at once
  for (let head = 0; head < batch * heads; head++) {
    const [queries, keys, values, results] = rowsOfHead(layout, head, settings);
    for (let i = 0; i < time; i++) {
      const row = head * time + i, seen = visible(head, i, lengths, settings);
      // s[j] = q[i] · k[j] / √D, and their maximum m
      dotRows(s, seen, query, queries.first + i * queries.step, key, keys.first, headDim, keys.step);
      let m = -1e30, l = 0;
      for (let j = 0; j < seen; j++) {
        s[j] *= scale;
        m = Math.max(m, s[j]);
      }
      // p[j] = exp(s[j] − m), and their sum l; dropout comes after the sum, as in the textbook
      for (let j = 0; j < seen; j++) {
        p[j] = exp(s[j] - m);
        l += p[j];
      }
      if (threshold > 0) {
        for (let j = 0; j < seen; j += 4) maskKeys(masks, j, 1, row, j, random, settings);
        for (let j = 0; j < seen; j++) p[j] *= masks[j];
      }
      // y[i] = Σⱼ p[j] v[j] / l
      sumRows(sum, p, seen, value, values.first, headDim, values.step);
      l = Math.max(l, 1); // the largest weight is 1, so l is less only where the query sees no key
      const at = (results.first + i * results.step) * headDim;
      for (let d = 0; d < headDim; d++) y[at + d] = sum[d] / l;
      logSumExp[row] = m + log(l);
    }
  }
}

/**
 * Statistics of each query for the backward pass: logSumExp, delta = dy · y, and how many keys it sees.
 *
 * @param arrays Reads dy, and y, logSumExp and lengths of the forward pass; writes statistics.
 * @param settings Sizes and settings.
 * @param layout Where the rows of heads stand.
 */
export function attentionStatisticsCpu(
  { dy, y, logSumExp, lengths, statistics }: ArraysOf<
    typeof ATTENTION_STATISTICS_READS & { statistics: "f32" }
  >,
  settings: AttentionStatisticsConstants,
  layout: HeadLayout = BY_HEADS,
): void {
  const { batch, heads, time, headDim } = settings, rows = batch * heads * time;
  for (let head = 0; head < batch * heads; head++) {
    const { first, step } = layout.rowsOf("y", head, settings);
    for (let i = 0; i < time; i++) {
      const row = head * time + i, at = (first + i * step) * headDim;
      let delta = 0;
      for (let d = 0; d < headDim; d++) delta += dy[at + d] * y[at + d];
      statistics[row] = logSumExp[row];
      statistics[rows + row] = delta;
      statistics[2 * rows + row] = visible(head, i, lengths, settings);
    }
  }
}

/** The three parts of statistics, each with a number for every query. */
function partsOf<Floats extends ArraysOf<{ x: "f32" }>["x"]>(
  statistics: Floats,
  { batch, heads, time }: Pick<AttentionConstants, "batch" | "heads" | "time">,
) {
  const rows = batch * heads * time;
  const [logSumExp, delta, seen] = [0, 1, 2].map((part) =>
    statistics.subarray(part * rows, (part + 1) * rows)
  );
  return { logSumExp, delta, seen };
}

/** A row of a gradient += sum, or = sum. */
function storeRow(gradient: Floats, row: number, sum: Float64Array, accumulate: number): void {
  for (let d = 0, at = row * sum.length; d < sum.length; d++, at++) {
    gradient[at] = (accumulate ? gradient[at] : 0) + sum[d];
  }
}

/**
 * dQuery += Σⱼ ds[i, j] k[j] / √D, or dQuery = …, a query at a time: the same walk over keys as in the forward pass.
 *
 * @param arrays Reads what the forward pass read, dy and statistics; writes dQuery.
 * @param settings Sizes and settings, and whether to add.
 * @param layout Where the rows of heads stand.
 */
export function attentionBackwardQueryCpu(
  { query, key, value, dy, statistics, random, dQuery }: BackwardQuery,
  settings: AttentionBackwardQueryConstants,
  layout: HeadLayout = BY_HEADS,
): void {
  const { logSumExp, delta, seen: seenBy } = partsOf(statistics, settings);
  const { batch, heads, time, headDim, threshold, accumulate } = settings, scale = 1 / Math.sqrt(headDim);
  const qk = new Float64Array(time), dqk = new Float64Array(time), dWeights = new Float64Array(time);
  const sum = new Float64Array(headDim), masks = new Float64Array(time + 4).fill(1);
  for (let head = 0; head < batch * heads; head++) {
    const [queries, keys, values, results] = rowsOfHead(layout, head, settings);
    for (let i = 0; i < time; i++) {
      const row = head * time + i, seen = seenBy[row];
      const queryRow = queries.first + i * queries.step, dyRow = results.first + i * results.step;
      dotRows(qk, seen, query, queryRow, key, keys.first, headDim, keys.step);
      dotRows(dWeights, seen, dy, dyRow, value, values.first, headDim, values.step);
      if (threshold > 0) {
        for (let j = 0; j < seen; j += 4) maskKeys(masks, j, 1, row, j, random, settings);
      }
      // p = exp(s − logSumExp),   dp = mask dWeight,   ds = p (dp − delta)
      for (let j = 0; j < seen; j++) {
        const s = qk[j] * scale, p = exp(s - logSumExp[row]);
        const dp = dWeights[j] * masks[j], ds = p * (dp - delta[row]);
        dqk[j] = ds * scale;
      }
      sumRows(sum, dqk, seen, key, keys.first, headDim, keys.step);
      storeRow(dQuery, queryRow, sum, accumulate);
    }
  }
}

/**
 * dKey += Σᵢ ds[i, j] q[i] / √D and dValue += Σᵢ p[i, j] dy[i], a key at a time: a walk over the queries that see it.
 *
 * @param arrays Reads what the forward pass read, dy and statistics; writes dKey and dValue.
 * @param settings Sizes and settings, and whether to add.
 * @param layout Where the rows of heads stand.
 */
export function attentionBackwardKeyValueCpu(
  { query, key, value, dy, statistics, random, dKey, dValue }: BackwardKeyValue,
  settings: AttentionBackwardKeyValueConstants,
  layout: HeadLayout = BY_HEADS,
): void {
  const { logSumExp, delta, seen } = partsOf(statistics, settings);
  const { batch, heads, time, headDim, causal, threshold, accumulateKey, accumulateValue } = settings,
    scale = 1 / Math.sqrt(headDim);
  const qk = new Float64Array(time), dqk = new Float64Array(time), dWeights = new Float64Array(time);
  const weights = new Float64Array(time), sum = new Float64Array(headDim);
  const masks = new Float64Array(4 * time).fill(1); // of four neighbouring keys, all queries of each side by side
  for (let head = 0; head < batch * heads; head++) {
    const [queries, keys, values, results] = rowsOfHead(layout, head, settings);
    const start = head * time, length = seen[start + time - 1]; // the last query sees every key but padding
    for (let j = 0; j < time; j++) {
      // the queries that see key j: all of them, or those that do not come before it; none if it is padding
      const first = causal ? j : 0, count = j < length ? time - first : 0, row = start + first;
      if (threshold > 0 && j % 4 === 0) {
        for (let n = 0; n < count; n++) maskKeys(masks, first + n, time, row + n, j, random, settings);
      }
      const keyRow = keys.first + j * keys.step, valueRow = values.first + j * values.step;
      const queryRow = queries.first + first * queries.step, dyRow = results.first + first * results.step;
      dotRows(qk, count, key, keyRow, query, queryRow, headDim, queries.step);
      dotRows(dWeights, count, value, valueRow, dy, dyRow, headDim, results.step);
      // p = exp(s − logSumExp),   weight = mask p,   ds = p (dp − delta) = weight dWeight − p delta
      for (let n = 0, mask = (j % 4) * time + first; n < count; n++, mask++) {
        const s = qk[n] * scale, p = exp(s - logSumExp[row + n]);
        weights[n] = p * masks[mask];
        const ds = dWeights[n] * weights[n] - p * delta[row + n];
        dqk[n] = ds * scale;
      }
      sumRows(sum, dqk, count, query, queryRow, headDim, queries.step);
      storeRow(dKey, keyRow, sum, accumulateKey);
      sumRows(sum, weights, count, dy, dyRow, headDim, results.step);
      storeRow(dValue, valueRow, sum, accumulateValue);
    }
  }
}
