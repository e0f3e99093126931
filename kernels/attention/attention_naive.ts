/**
 * Attention, forward and backward, in plain loops: the naive twin of `attention_cpu.ts`, which is tested against it.
 *
 * It stores the T × T weights of every head, as the textbook does, and spells every derivative out. The backward pass goes
 * through the lines of the forward pass in reverse: where y was a sum over p times v, dy is passed on to dp and dv.
 * Its exponential is the engine's own, so that a mistake in `core/math.ts` would show.
 *
 * References: Vaswani et al. 2017, section 3.2.1; Karpathy, llm.c, `attention_forward` and `attention_backward`.
 *
 * @module
 */

import type { Floats } from "../../core/backend.ts";

/** Sizes of attention, and what it leaves out. */
export interface NaiveAttentionSettings {
  /** Heads of the whole batch, B · H. */
  readonly batchHeads: number;
  /** T. */
  readonly time: number;
  /** D. */
  readonly headDim: number;
  /** Whether query i of a head sees key j: no padding, and in the causal form none after i. */
  sees(head: number, i: number, j: number): boolean;
  /** What dropout multiplies a weight by: 0 or 1 / (1 − rate), and always 1 without dropout. */
  mask(head: number, i: number, j: number): number;
}

/** Of heads (B · H, T, D) each. */
export interface NaiveAttentionInputs {
  readonly query: Floats;
  readonly key: Floats;
  readonly value: Floats;
}

/**
 * y = softmax(query · keyᵀ / √D) · value.
 *
 * @example Two queries that are alike to both keys take the mean of the values
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { naiveAttentionForward } from "./attention_naive.ts";
 *
 * const zeros = new Float64Array(2), value = Float64Array.of(1, 3);
 * const settings = { batchHeads: 1, time: 2, headDim: 1, sees: () => true, mask: () => 1 };
 * const { y } = naiveAttentionForward({ query: zeros, key: zeros, value }, settings);
 * assertEquals([...y], [2, 2]);
 * ```
 *
 * @param inputs (B · H, T, D) each.
 * @param settings Sizes, and what is left out.
 * @returns The result (B · H, T, D), and the weights (B · H, T, T), 0 where a query does not see a key.
 */
export function naiveAttentionForward(
  { query, key, value }: NaiveAttentionInputs,
  { batchHeads, time, headDim, sees, mask }: NaiveAttentionSettings,
): { y: Float64Array; p: Float64Array } {
  const y = new Float64Array(batchHeads * time * headDim), p = new Float64Array(batchHeads * time * time);
  const at = (head: number, i: number, d: number) => (head * time + i) * headDim + d; // channel d of row i
  const pair = (head: number, i: number, j: number) => (head * time + i) * time + j; // query i and key j
  for (let head = 0; head < batchHeads; head++) {
    for (let i = 0; i < time; i++) {
      // p = softmax(s), where s = q · k / √D; keys that are not seen keep the weight 0; unlike the tuned bodies,
      // this takes exp(s) without subtracting the maximum, which is as good while exp(s) does not overflow (s < 709)
      let total = 0;
      for (let j = 0; j < time; j++) {
        if (!sees(head, i, j)) continue;
        let s = 0;
        for (let d = 0; d < headDim; d++) {
          s += query[at(head, i, d)] * key[at(head, j, d)] / Math.sqrt(headDim);
        }
        p[pair(head, i, j)] = Math.exp(s);
        total += p[pair(head, i, j)];
      }
      // y = Σ mask p v
      for (let j = 0; j < time; j++) {
        if (!sees(head, i, j)) continue;
        p[pair(head, i, j)] /= total;
        const weight = mask(head, i, j) * p[pair(head, i, j)];
        for (let d = 0; d < headDim; d++) y[at(head, i, d)] += weight * value[at(head, j, d)];
      }
    }
  }
  return { y, p };
}

/**
 * The gradients of {@linkcode naiveAttentionForward}.
 *
 * @example The gradient of a mean is the same for all that it is taken of
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { naiveAttentionBackward } from "./attention_naive.ts";
 *
 * const zeros = new Float64Array(2), inputs = { query: zeros, key: zeros, value: Float64Array.of(1, 3) };
 * const settings = { batchHeads: 1, time: 2, headDim: 1, sees: () => true, mask: () => 1 };
 * const { dValue } = naiveAttentionBackward(inputs, Float64Array.of(1, 0), Float64Array.of(0.5, 0.5, 0.5, 0.5), settings);
 * assertEquals([...dValue], [0.5, 0.5]);
 * ```
 *
 * @param inputs What the forward pass was given.
 * @param dy The gradient of its result, (B · H, T, D).
 * @param p The weights that it returned, (B · H, T, T).
 * @param settings Sizes, and what is left out.
 * @returns The gradients of query, key and value.
 */
export function naiveAttentionBackward(
  { query, key, value }: NaiveAttentionInputs,
  dy: Floats,
  p: Float64Array,
  { batchHeads, time, headDim, mask }: NaiveAttentionSettings,
): { dQuery: Float64Array; dKey: Float64Array; dValue: Float64Array } {
  const [dQuery, dKey, dValue] = [query, key, value].map(({ length }) => new Float64Array(length));
  const at = (head: number, i: number, d: number) => (head * time + i) * headDim + d; // channel d of row i
  const pair = (head: number, i: number, j: number) => (head * time + i) * time + j; // query i and key j
  for (let head = 0; head < batchHeads; head++) {
    for (let i = 0; i < time; i++) {
      const dp = new Float64Array(time), ds = new Float64Array(time);
      // in the forward pass this was y[i] += mask p[j] v[j], so now dp[j] += mask dy[i] v[j] and dv[j] += mask p[j] dy[i]
      for (let j = 0; j < time; j++) {
        for (let d = 0; d < headDim; d++) {
          dp[j] += mask(head, i, j) * dy[at(head, i, d)] * value[at(head, j, d)];
          dValue[at(head, j, d)] += mask(head, i, j) * p[pair(head, i, j)] * dy[at(head, i, d)];
        }
      }
      // in the forward pass this was p = softmax(s); the derivative of p[j] by s[n] is p[j] (1 − p[n]) where j = n, else
      // −p[j] p[n], so now ds[n] += p[j] ((j = n) − p[n]) dp[j]
      for (let j = 0; j < time; j++) {
        for (let n = 0; n < time; n++) {
          ds[n] += p[pair(head, i, j)] * ((j === n ? 1 : 0) - p[pair(head, i, n)]) * dp[j];
        }
      }
      // in the forward pass this was s[j] += q[i] k[j] / √D, so now dq[i] += ds[j] k[j] / √D and dk[j] += ds[j] q[i] / √D
      for (let j = 0; j < time; j++) {
        for (let d = 0; d < headDim; d++) {
          dQuery[at(head, i, d)] += ds[j] * key[at(head, j, d)] / Math.sqrt(headDim);
          dKey[at(head, j, d)] += ds[j] * query[at(head, i, d)] / Math.sqrt(headDim);
        }
      }
    }
  }
  return { dQuery, dKey, dValue };
}
