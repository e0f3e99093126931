/**
 * What a forward pass of a model can do besides computing its result: use a cache, skip padding, collect attention weights,
 * replace what heads computed.
 *
 * @module
 */

import { formatShape, type Tensor } from "../core/tensor.ts";
import type { KeyValueCache } from "../kernels/attention/cache.ts";

/**
 * Replaces what the heads of a layer computed, for instance to see what a head is for. It returns its argument or another
 * tensor of the same shape, on the same tape.
 *
 * @param layer The layer, the first is 0.
 * @param heads (B, T, C): the heads side by side, before the output projection; channels h · D to (h + 1) · D are head h.
 * @returns (B, T, C).
 * @category Models
 */
export type HeadPatch = (layer: number, heads: Tensor) => Tensor;

/**
 * What a forward pass can do besides computing its result: `patch`, and at most one of the others.
 *
 * @category Models
 */
export interface ForwardContext {
  /**
   * Keys and values of this layer, for causal attention without a tape: one position is computed, or, into an empty cache,
   * the first ones of every sequence.
   */
  cache?: KeyValueCache;
  /** u32 (B): the length of each sequence without its padding. */
  lengths?: Tensor;
  /** Collects attention weights, (B, H, T, T) per layer; attention is then computed step by step, and not dropped. */
  weights?: Tensor[];
  /** Called with the heads of this layer side by side, (B, T, C), before the output projection; its result replaces them. */
  patch?: (heads: Tensor) => Tensor;
}

/**
 * Refuses combinations: each path through attention does one thing, and would leave out the other.
 *
 * @param context The options.
 * @param causal Whether a position attends only to itself and those before it.
 * @param trained Whether the input is on a tape.
 * @throws {TypeError} If two options exclude each other.
 */
export function checkContext(
  { cache, lengths, weights }: ForwardContext,
  causal: boolean,
  trained: boolean,
): void {
  const check = (valid: boolean, what: string) => {
    if (!valid) throw new TypeError(`Cannot ${what}`);
  };
  check(!(weights && lengths), "collect attention weights of padded sequences: give one without padding");
  check(
    !(weights && cache),
    "collect attention weights with a cache: give the whole sequence at once, and no cache",
  );
  check(!(cache && lengths), "skip padding with a cache: give sequences of one length, or no cache");
  check(!cache || causal, "attend to later positions with a cache: they are not computed yet, give no cache");
  check(!cache || !trained, "train with a cache, which keeps nothing for the backward pass: give no cache");
}

/**
 * What the context's patch makes of the heads of a layer; the heads themselves without one.
 *
 * @param heads (B, T, C).
 * @param context The options.
 * @returns (B, T, C).
 * @throws {TypeError} If the patch returns another shape.
 */
export function patchedHeads(heads: Tensor, { patch }: ForwardContext): Tensor {
  if (!patch) return heads;
  const y = patch(heads), shape = formatShape(heads.shape);
  if (formatShape(y.shape) === shape) return y;
  throw new TypeError(`Cannot replace heads ${shape} by ${formatShape(y.shape)}: expected the same shape`);
}
