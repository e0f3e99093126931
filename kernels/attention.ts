/**
 * Attention: every position asks (query), all positions it may see answer (key), and it takes the mean of what they
 * carry (value), weighted by how well they fit.
 *
 *     s[i, j] = q[i] · k[j] / √D        p[i] = softmax(s[i])        y[i] = Σⱼ p[i, j] v[j]
 *
 * In the causal form position i sees j ≤ i. The textbook way stores s and p, T × T numbers for each head. Nothing of that
 * size is stored here. The CPU body keeps one row of scores. The shader keeps not even that: a query walks over the keys
 * once, with a running maximum m, the sum l of exp(s − m) and the weighted sum of values; whenever m grows, what was summed
 * so far shrinks by exp(m_old − m_new).
 *
 * Backward. Kept is one number a row, logSumExp = m + log l, from which p[i, j] = exp(s[i, j] − logSumExp[i]) is made
 * again. With y = p v and the derivative of softmax (see `softmax.ts`):
 *
 *     dv[j] = Σᵢ p[i, j] dy[i]          dp[i, j] = dy[i] · v[j]
 *     ds    = p · (dp − delta)          delta[i] = Σⱼ p[i, j] dp[i, j] = dy[i] · y[i]
 *     dq[i] = Σⱼ ds[i, j] k[j] / √D     dk[j] = Σᵢ ds[i, j] q[i] / √D
 *
 * dq is a walk over keys, dk and dv a walk over queries: two kernels, no two invocations write the same number.
 * With dropout, a mask M multiplies p after the softmax: dv = Σ M p dy, dp = M (dy · v), and delta is still dy · y.
 *
 * `decomposed_attention.ts` is the textbook way, from the other operations of this folder. `attention_mask.ts` says which
 * keys a query sees, and makes the mask; `attention_wgsl.ts` has the walk over keys in pseudo-code.
 *
 * References: Vaswani et al. 2017, section 3.2.1; Dao, "FlashAttention-2", 2023, algorithms 1 and 2.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { formatShape, gradientOf, outputOf, type Tensor, zeros } from "../core/tensor.ts";
import {
  ATTENTION_CONSTANTS,
  type AttentionConstants,
  lengthOf,
  maskKeys,
  visible,
} from "./attention_mask.ts";
import {
  attentionBackwardKeyValueWgsl,
  attentionBackwardQueryWgsl,
  attentionForwardWgsl,
  attentionGroups,
  lanesFor,
} from "./attention_wgsl.ts";
import { dropThreshold } from "./dropout.ts";
import { addScaled } from "./elementwise.ts";
import { dotRows, sumRows } from "./rows.ts";

/** y = softmax(query · keyᵀ / √D) · value, and the log of the softmax's denominator. */
export const attentionForward = kernel({
  name: "attentionForward",
  reads: { query: "f32", key: "f32", value: "f32", lengths: "u32", random: "u32" },
  writes: { y: "f32", logSumExp: "f32" },
  constants: ATTENTION_CONSTANTS,
  groups: attentionGroups,
  lanes: (_, adapter) => lanesFor(adapter),
  cpu({ query, key, value, lengths, random, y, logSumExp }, settings) {
    const { batch, heads, time, headDim, threshold } = settings, scale = 1 / Math.sqrt(headDim);
    const p = new Float64Array(time), masks = new Float64Array(time + 4), sum = new Float64Array(headDim);
    for (let head = 0; head < batch * heads; head++) {
      const start = head * time * headDim;
      for (let i = 0; i < time; i++) {
        const row = head * time + i, q = row * headDim, end = visible(head, i, lengths, settings);
        dotRows(p, end, query, q, key, start, headDim);
        let m = -1e30, l = 0;
        for (let j = 0; j < end; j++) {
          p[j] *= scale;
          m = Math.max(m, p[j]);
        }
        for (let j = 0; j < end; j++) {
          p[j] = Math.exp(p[j] - m);
          l += p[j];
        }
        if (threshold > 0) {
          for (let j = 0; j < end; j += 4) maskKeys(masks, j, 1, row, j, random, settings);
          for (let j = 0; j < end; j++) p[j] *= masks[j];
        }
        sumRows(sum, p, end, value, start, headDim);
        l = Math.max(l, 1); // the largest weight is 1: only of no key at all is the sum 0
        for (let d = 0; d < headDim; d++) y[q + d] = sum[d] / l;
        logSumExp[row] = m + Math.log(l);
      }
    }
  },
  wgsl: attentionForwardWgsl,
});

/** delta = dy · y for every row. */
export const attentionBackwardDelta = kernel({
  name: "attentionBackwardDelta",
  reads: { dy: "f32", y: "f32" },
  writes: { delta: "f32" },
  constants: ["rows", "headDim"],
  elements: ({ rows }) => rows,
  cpu({ dy, y, delta }, { rows, headDim }) {
    for (let row = 0, at = 0; row < rows; row++) {
      let sum = 0;
      for (let d = 0; d < headDim; d++, at++) sum += dy[at] * y[at];
      delta[row] = sum;
    }
  },
  wgsl: `
fn each(row: u32) {
  var sum = 0.0;
  for (var d = 0u; d < headDim; d++) { sum += dy[row * headDim + d] * y[row * headDim + d]; }
  delta[row] = sum;
}`,
});

const backwardReads = {
  query: "f32",
  key: "f32",
  value: "f32",
  dy: "f32",
  logSumExp: "f32",
  delta: "f32",
  lengths: "u32",
  random: "u32",
} as const;

/** dQuery += Σⱼ ds[i, j] k[j] / √D. */
export const attentionBackwardQuery = kernel({
  name: "attentionBackwardQuery",
  reads: backwardReads,
  writes: { dQuery: "f32" },
  constants: ATTENTION_CONSTANTS,
  groups: attentionGroups,
  lanes: (_, adapter) => lanesFor(adapter),
  cpu({ query, key, value, dy, logSumExp, delta, lengths, random, dQuery }, settings) {
    const { batch, heads, time, headDim, threshold } = settings, scale = 1 / Math.sqrt(headDim);
    const s = new Float64Array(time), dp = new Float64Array(time), sum = new Float64Array(headDim);
    const masks = new Float64Array(time + 4).fill(1);
    for (let head = 0; head < batch * heads; head++) {
      const start = head * time * headDim;
      for (let i = 0; i < time; i++) {
        const row = head * time + i, q = row * headDim, end = visible(head, i, lengths, settings);
        dotRows(s, end, query, q, key, start, headDim);
        dotRows(dp, end, dy, q, value, start, headDim);
        if (threshold > 0) {
          for (let j = 0; j < end; j += 4) maskKeys(masks, j, 1, row, j, random, settings);
        }
        const ds = s; // takes the place of the scores, one by one
        for (let j = 0; j < end; j++) {
          ds[j] = Math.exp(s[j] * scale - logSumExp[row]) * (dp[j] * masks[j] - delta[row]) * scale;
        }
        sumRows(sum, ds, end, key, start, headDim);
        for (let d = 0; d < headDim; d++) dQuery[q + d] += sum[d];
      }
    }
  },
  wgsl: attentionBackwardQueryWgsl,
});

/** dKey += Σᵢ ds[i, j] q[i] / √D and dValue += Σᵢ p[i, j] dy[i]. */
export const attentionBackwardKeyValue = kernel({
  name: "attentionBackwardKeyValue",
  reads: backwardReads,
  writes: { dKey: "f32", dValue: "f32" },
  constants: ATTENTION_CONSTANTS,
  groups: attentionGroups,
  lanes: (_, adapter) => lanesFor(adapter),
  cpu({ query, key, value, dy, logSumExp, delta, lengths, random, dKey, dValue }, settings) {
    const { batch, heads, time, headDim, causal, threshold } = settings, scale = 1 / Math.sqrt(headDim);
    const s = new Float64Array(time), dp = new Float64Array(time), sum = new Float64Array(headDim);
    const masks = new Float64Array(4 * time).fill(1);
    for (let head = 0; head < batch * heads; head++) {
      const length = lengthOf(head, lengths, settings), end = (head + 1) * time;
      for (let j = 0; j < length; j++) {
        // the queries that see key j: all of them, or those that do not stand before it
        const first = head * time + (causal ? j : 0), count = end - first, k = (head * time + j) * headDim;
        if (threshold > 0 && j % 4 === 0) {
          for (let row = first; row < end; row++) {
            maskKeys(masks, row - head * time, time, row, j, random, settings);
          }
        }
        dotRows(s, count, key, k, query, first * headDim, headDim);
        dotRows(dp, count, value, k, dy, first * headDim, headDim);
        const ds = dp, weights = s; // each takes the place of what it is made from
        for (let n = 0, mask = (j % 4) * time + first - head * time; n < count; n++, mask++) {
          const p = Math.exp(s[n] * scale - logSumExp[first + n]);
          weights[n] = p * masks[mask];
          ds[n] = (dp[n] * weights[n] - p * delta[first + n]) * scale;
        }
        sumRows(sum, ds, count, query, first * headDim, headDim);
        for (let d = 0; d < headDim; d++) dKey[k + d] += sum[d];
        sumRows(sum, weights, count, dy, first * headDim, headDim);
        for (let d = 0; d < headDim; d++) dValue[k + d] += sum[d];
      }
    }
  },
  wgsl: attentionBackwardKeyValueWgsl,
});

/** Options of {@linkcode attention}. */
export interface AttentionOptions {
  /** Whether a position sees only itself and those before it. */
  causal?: boolean;
  /**
   * u32 (B): how many keys of each sequence are real; the others are padding. At most T: all of them count if it is more,
   * or not given. Where it is 0 there is nothing to look at: the result is 0, and so are the gradients.
   */
  lengths?: Tensor;
  /** Probability to drop an attention weight while training. */
  dropoutRate?: number;
}

/**
 * Attention of all heads.
 *
 * @example A position that sees only itself takes its own value
 * ```ts
 * import { attention, CpuBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const x = backend.from([1, 2], [1, 1, 1, 2]);
 * assertEquals(await backend.read(attention(x, x, x, { causal: true })), new Float32Array([1, 2]));
 * ```
 *
 * @param query (B, H, T, D).
 * @param key (B, H, T, D).
 * @param value (B, H, T, D).
 * @param options Causal, padding, dropout.
 * @returns (B, H, T, D).
 * @throws {TypeError} If the shapes differ, or if there is not one length for each sequence.
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const { backend } = query, [batch, heads, time, headDim] = query.shape;
  if (query.shape.length !== 4 || [key, value].some(({ shape }) => String(shape) !== String(query.shape))) {
    throw new TypeError(
      `Cannot attend from ${formatShape(query.shape)} to keys ${formatShape(key.shape)} and values ` +
        `${formatShape(value.shape)}: expected three times (B, H, T, D)`,
    );
  }
  const { lengths: given } = options;
  if (given && (given.size !== batch || given.dataType !== "u32")) {
    throw new TypeError(
      `Cannot attend to sequences with lengths ${formatShape(given.shape)} of ${given.dataType}: ` +
        `expected ${batch} of u32`,
    );
  }
  const y = outputOf(query.shape, [query, key, value]), logSumExp = backend.allocate([batch, heads, time]);
  const unused = backend.allocate([4], "u32");
  const random = y.tape?.random ?? unused, lengths = given ?? unused;
  const rate = y.tape?.random ? options.dropoutRate ?? 0 : 0;
  const settings: AttentionConstants = {
    batch,
    heads,
    time,
    headDim,
    causal: Number(options.causal ?? false),
    padded: Number(given !== undefined),
    threshold: dropThreshold(rate),
    keepScale: 1 / (1 - rate),
    stream: rate > 0 ? y.tape!.nextStream() : 0,
  };
  backend.run(attentionForward, { query, key, value, lengths, random, y, logSumExp }, settings);
  y.tape?.record(() => {
    const dy = gradientOf(y), delta = backend.allocate([batch, heads, time]);
    backend.run(attentionBackwardDelta, { dy, y, delta }, { rows: batch * heads * time, headDim });
    const kept = { query, key, value, dy, logSumExp, delta, lengths, random };
    // s = q · k / √D,   y = softmax(s) · v
    backend.run(attentionBackwardQuery, { ...kept, dQuery: gradientOf(query) }, settings);
    const dKey = gradientOf(key), shared = gradientOf(value).storage === dKey.storage;
    // a tensor that is both key and value has one gradient, and no shader may write to one memory by two names
    const dValue = shared ? zeros(backend, value.shape) : gradientOf(value);
    backend.run(attentionBackwardKeyValue, { ...kept, dKey, dValue }, settings);
    if (shared) backend.run(addScaled, { x: dValue, y: dKey }, { size: value.size, factor: 1 });
  });
  return y;
}
