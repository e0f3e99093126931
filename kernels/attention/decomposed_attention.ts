/**
 * Attention from other operations, as textbooks write it: what the fused operation of `attention.ts` is tested against, and
 * where attention maps come from.
 *
 *     softmax(query · keyᵀ / √D) · value
 *
 * It stores T × T weights for each head and needs no derivative of its own: the operations have theirs.
 *
 * Reference: Vaswani et al., "Attention is all you need", 2017, equation 1.
 *
 * @module
 */

import type { Tensor } from "../../core/tensor.ts";
import type { AttentionOptions } from "./attention_mask.ts";
import { scale } from "../elementwise.ts";
import { matmul } from "../matmul/matmul.ts";
import { softmax } from "../softmax.ts";

/**
 * The result of attention, and its weights.
 *
 * @category Operations
 */
export interface DecomposedAttention {
  /** The result, (B, H, T, D). */
  readonly y: Tensor;
  /** The attention weights, (B, H, T, T); every row adds up to 1. */
  readonly weights: Tensor;
}

/**
 * Attention from other operations, with all weights: what {@linkcode attention} is tested against, and where attention maps
 * come from.
 *
 * @param query (B, H, T, D).
 * @param key (B, H, T, D).
 * @param value (B, H, T, D).
 * @param options Whether it is causal.
 * @returns The result and the weights.
 * @category Operations
 */
export function decomposedAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: Pick<AttentionOptions, "causal"> = {},
): DecomposedAttention {
  const scores = scale(matmul(query, key, { transposeB: true }), 1 / Math.sqrt(query.shape[3])); // (B, H, T, T)
  const weights = softmax(scores, { causal: options.causal }); // (B, H, T, T)
  return { y: matmul(weights, value), weights };
}
