/**
 * Fused attention on the CPU: what the CPU backend runs.
 *
 * These bodies compute what the plain loops of `attention_naive.ts` compute; read those first. They are tuned in two ways.
 * Nothing of T × T numbers is stored: of scores s and weights p there is one row at a time, which the backward pass makes
 * again from logSumExp. And the sums over channels and over keys are those of `rows.ts`, four rows at a time.
 *
 * All positions are counted in rows, as in the shaders: `row` is a query or a key, counted over all heads of the batch, and
 * the rows of a head begin at `start`; i and j count queries and keys within the head. Sums are formed in double precision.
 *
 * `qk` is q · k before it is scaled: s = qk / √D. Its gradient is dqk = ds / √D, so dq = Σ dqk k and dk = Σ dqk q. The other
 * names are those of the lesson in `attention.ts`; without dropout every mask is 1.
 *
 * Reference: Dao, "FlashAttention-2", 2023, algorithm 2.
 *
 * @module
 */

import type { ArraysOf } from "../../core/backend.ts";
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
import { dotRows, sumRows } from "../rows.ts";

type Forward = ArraysOf<typeof ATTENTION_READS & { y: "f32"; logSumExp: "f32" }>;
type BackwardQuery = ArraysOf<typeof ATTENTION_BACKWARD_READS & { dQuery: "f32" }>;
type BackwardKeyValue = ArraysOf<typeof ATTENTION_BACKWARD_READS & { dKey: "f32"; dValue: "f32" }>;

/**
 * y and logSumExp, a query at a time.
 *
 * @param arrays Reads query, key, value, lengths and random; writes y and logSumExp.
 * @param settings Sizes and settings.
 */
export function attentionForwardCpu(
  { query, key, value, lengths, random, y, logSumExp }: Forward,
  settings: AttentionConstants,
): void {
  const { batch, heads, time, headDim, threshold } = settings, scale = 1 / Math.sqrt(headDim);
  const s = new Float64Array(time), p = new Float64Array(time), sum = new Float64Array(headDim);
  const masks = new Float64Array(time + 4); // they are made for four keys at once
  for (let head = 0; head < batch * heads; head++) {
    const start = head * time;
    for (let i = 0; i < time; i++) {
      const row = start + i, seen = visible(head, i, lengths, settings);
      // s[j] = q[i] · k[j] / √D, and their maximum m
      dotRows(s, seen, query, row, key, start, headDim);
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
      sumRows(sum, p, seen, value, start, headDim);
      l = Math.max(l, 1); // the largest weight is 1, so l is less only where the query sees no key
      for (let d = 0; d < headDim; d++) y[row * headDim + d] = sum[d] / l;
      logSumExp[row] = m + log(l);
    }
  }
}

/**
 * Statistics of each query for the backward pass: logSumExp, delta = dy · y, and how many keys it sees.
 *
 * @param arrays Reads dy, and y, logSumExp and lengths of the forward pass; writes statistics.
 * @param settings Sizes and settings.
 */
export function attentionStatisticsCpu(
  { dy, y, logSumExp, lengths, statistics }: ArraysOf<
    typeof ATTENTION_STATISTICS_READS & { statistics: "f32" }
  >,
  settings: AttentionStatisticsConstants,
): void {
  const { batch, heads, time, headDim } = settings, rows = batch * heads * time;
  for (let row = 0; row < rows; row++) {
    let delta = 0;
    for (let d = 0; d < headDim; d++) delta += dy[row * headDim + d] * y[row * headDim + d];
    statistics[row] = logSumExp[row];
    statistics[rows + row] = delta;
    statistics[2 * rows + row] = visible(Math.floor(row / time), row % time, lengths, settings);
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

/**
 * dQuery += Σⱼ ds[i, j] k[j] / √D, or dQuery = …, a query at a time: the same walk over keys as in the forward pass.
 *
 * @param arrays Reads what the forward pass read, dy and statistics; writes dQuery.
 * @param settings Sizes and settings, and whether to add.
 */
export function attentionBackwardQueryCpu(
  { query, key, value, dy, statistics, random, dQuery }: BackwardQuery,
  settings: AttentionBackwardQueryConstants,
): void {
  const { logSumExp, delta, seen: seenBy } = partsOf(statistics, settings);
  const { batch, heads, time, headDim, threshold, accumulate } = settings, scale = 1 / Math.sqrt(headDim);
  const qk = new Float64Array(time), dqk = new Float64Array(time), dWeights = new Float64Array(time);
  const sum = new Float64Array(headDim), masks = new Float64Array(time + 4).fill(1);
  if (!accumulate) dQuery.fill(0);
  for (let head = 0; head < batch * heads; head++) {
    const start = head * time;
    for (let i = 0; i < time; i++) {
      const row = start + i, seen = seenBy[row];
      dotRows(qk, seen, query, row, key, start, headDim);
      dotRows(dWeights, seen, dy, row, value, start, headDim);
      if (threshold > 0) {
        for (let j = 0; j < seen; j += 4) maskKeys(masks, j, 1, row, j, random, settings);
      }
      // p = exp(s − logSumExp),   dp = mask dWeight,   ds = p (dp − delta)
      for (let j = 0; j < seen; j++) {
        const s = qk[j] * scale, p = exp(s - logSumExp[row]);
        const dp = dWeights[j] * masks[j], ds = p * (dp - delta[row]);
        dqk[j] = ds * scale;
      }
      sumRows(sum, dqk, seen, key, start, headDim);
      for (let d = 0; d < headDim; d++) dQuery[row * headDim + d] += sum[d];
    }
  }
}

/**
 * dKey += Σᵢ ds[i, j] q[i] / √D and dValue += Σᵢ p[i, j] dy[i], a key at a time: a walk over the queries that see it.
 *
 * @param arrays Reads what the forward pass read, dy and statistics; writes dKey and dValue.
 * @param settings Sizes and settings, and whether to add.
 */
export function attentionBackwardKeyValueCpu(
  { query, key, value, dy, statistics, random, dKey, dValue }: BackwardKeyValue,
  settings: AttentionBackwardKeyValueConstants,
): void {
  const { logSumExp, delta, seen } = partsOf(statistics, settings);
  // keys that are padding contribute nothing: they are left out
  if (!settings.accumulateKey) dKey.fill(0);
  if (!settings.accumulateValue) dValue.fill(0);
  const { batch, heads, time, headDim, causal, threshold } = settings, scale = 1 / Math.sqrt(headDim);
  const qk = new Float64Array(time), dqk = new Float64Array(time), dWeights = new Float64Array(time);
  const weights = new Float64Array(time), sum = new Float64Array(headDim);
  const masks = new Float64Array(4 * time).fill(1); // of four neighbouring keys, all queries of each side by side
  for (let head = 0; head < batch * heads; head++) {
    const start = head * time, length = seen[start + time - 1]; // the last query sees every key but padding
    for (let j = 0; j < length; j++) {
      // the queries that see key j: all of them, or those that do not come before it
      const first = start + (causal ? j : 0), count = start + time - first, keyRow = start + j;
      if (threshold > 0 && j % 4 === 0) {
        for (let n = 0; n < count; n++) {
          maskKeys(masks, first - start + n, time, first + n, j, random, settings);
        }
      }
      dotRows(qk, count, key, keyRow, query, first, headDim);
      dotRows(dWeights, count, value, keyRow, dy, first, headDim);
      // p = exp(s − logSumExp),   weight = mask p,   ds = p (dp − delta) = weight dWeight − p delta
      for (let n = 0, mask = (j % 4) * time + first - start; n < count; n++, mask++) {
        const s = qk[n] * scale, p = exp(s - logSumExp[first + n]);
        weights[n] = p * masks[mask];
        const ds = dWeights[n] * weights[n] - p * delta[first + n];
        dqk[n] = ds * scale;
      }
      sumRows(sum, dqk, count, query, first, headDim);
      for (let d = 0; d < headDim; d++) dKey[keyRow * headDim + d] += sum[d];
      sumRows(sum, weights, count, dy, first, headDim);
      for (let d = 0; d < headDim; d++) dValue[keyRow * headDim + d] += sum[d];
    }
  }
}
