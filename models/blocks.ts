/**
 * The blocks that transformers are stacks of: attention combines positions, a feed-forward network transforms each
 * position by itself, and each of the two adds its result to the residual stream x.
 *
 *     post-norm   x ← norm1(x + attention(x)),   x ← norm2(x + mlp(x))       GPT-1, RoBERTa
 *     pre-norm    x ← x + attention(norm1(x)),   x ← x + mlp(norm2(x))       GPT-2
 *
 * In a pre-norm block gradients reach every layer along the sums, unscaled, so deep stacks train more easily. The stream
 * itself is never normalized there, which is why GPT-2 has one more normalization at the end. RoBERTa's block differs
 * from GPT-1's in two options: attention in both directions, and the exact GELU.
 *
 * Some operations are fused, which spares passes over memory. The twin of each, made of simpler ones, says what it computes:
 *
 *     kernels/residual.ts                    residual(x, branch, rate)    sum = add(x, dropout(branch, rate))
 *     kernels/norm/add_norm.ts               norm.addNorm(x, …)           sum, and norm.forward(sum)
 *     kernels/attention/self_attention.ts    selfAttention(x, heads)      mergeHeads(attention(…splitHeads(x, heads)))
 *
 * @module
 */

import type { Tensor } from "../core/tensor.ts";
import { gelu } from "../kernels/activations.ts";
import { residual } from "../kernels/residual.ts";
import { INITIAL_STD, type TransformerConfig } from "./config.ts";
import type { ForwardContext } from "./forward_context.ts";
import { LayerNorm, Mlp, SelfAttention } from "./layers.ts";

/**
 * A block: (B, T, C) → (B, T, C).
 *
 * Its layers are public properties, where `namedParameters` finds them. A block that passes `context` to one
 * {@linkcode SelfAttention} fulfils all of the following requirements but the first; one that computes attention itself should
 *
 * - compute the same from the same arguments, however often it is called: in training with `recompute` it is called twice;
 * - attend to no later position where the options of its factory have `causal`;
 * - skip positions from `context.lengths` on, which are padding;
 * - add its attention weights, (B, H, T, T), to `context.weights` where that is given, or no maps can be drawn;
 * - give what its heads computed, (B, T, C), to `context.patch` where that is given, and use the result instead;
 * - with `context.cache`, where T is 1, store the key and the value of `cache.position` in the cache and attend to
 *   everything in it, see `cachedAttention`. Without this, text is generated correctly but slowly.
 *
 * @category Models
 */
export interface Block {
  /**
   * Adds what attention and the feed-forward network compute to the residual stream.
   *
   * @param x (B, T, C).
   * @param context Cache, padding, observation or patch.
   * @returns (B, T, C).
   */
  forward(x: Tensor, context?: ForwardContext): Tensor;
}

/**
 * What distinguishes blocks of the same sizes.
 *
 * @category Models
 */
export interface BlockOptions {
  /** Whether a position attends only to itself and those before it; true unless given. */
  readonly causal?: boolean;
  /** The nonlinearity of the feed-forward network; GELU in its tanh form unless given. */
  readonly activation?: (x: Tensor) => Tensor;
  /** Multiplies the attention scores, besides 1/√D; 1 unless given. */
  readonly attentionScale?: number;
}

function attentionOf(
  config: TransformerConfig,
  { causal = true, attentionScale: scale }: BlockOptions,
  projectionStd?: number,
): SelfAttention {
  const { modelDim, heads, initialStd: std = INITIAL_STD } = config;
  const dropoutRate = config.attentionDropoutRate ?? config.dropoutRate;
  return new SelfAttention({ modelDim, heads, causal, dropoutRate, std, projectionStd, scale });
}

function mlpOf(config: TransformerConfig, { activation = gelu }: BlockOptions, contractStd?: number): Mlp {
  const { modelDim, feedForwardDim, initialStd: std = INITIAL_STD } = config;
  return new Mlp({ modelDim, feedForwardDim, activation, std, contractStd });
}

/**
 * A block of GPT-1 or RoBERTa: normalization after each addition.
 *
 * @category Models
 */
export class PostNormBlock implements Block {
  /** Combines positions. */
  readonly attention: SelfAttention;
  /** After attention. */
  readonly norm1: LayerNorm;
  /** Transforms each position by itself. */
  readonly mlp: Mlp;
  /** After the feed-forward network. */
  readonly norm2: LayerNorm;
  readonly #dropoutRate: number;

  /**
   * Declares the parameters.
   *
   * @param config Sizes.
   * @param options Direction, nonlinearity, scale of attention.
   */
  constructor(config: TransformerConfig, options: BlockOptions = {}) {
    this.attention = attentionOf(config, options);
    this.norm1 = new LayerNorm(config.modelDim, config.normEpsilon);
    this.mlp = mlpOf(config, options);
    this.norm2 = new LayerNorm(config.modelDim, config.normEpsilon);
    this.#dropoutRate = config.dropoutRate;
  }

  /**
   * Returns norm2(n + mlp(n)) with n = norm1(x + attention(x)).
   *
   * @param x (B, T, C).
   * @param context Cache, padding, observation or patch.
   * @returns (B, T, C).
   */
  forward(x: Tensor, context?: ForwardContext): Tensor {
    const attended = this.attention.forward(x, context); // (B, T, C)
    const { normalized: n } = this.norm1.addNorm(x, attended, this.#dropoutRate); // (B, T, C)
    return this.norm2.addNorm(n, this.mlp.forward(n), this.#dropoutRate).normalized; // (B, T, C)
  }
}

/**
 * A block of GPT-2: normalization before attention and before the feed-forward network.
 *
 * @category Models
 */
export class PreNormBlock implements Block {
  /** Before attention. */
  readonly norm1: LayerNorm;
  /** Combines positions. */
  readonly attention: SelfAttention;
  /** Before the feed-forward network. */
  readonly norm2: LayerNorm;
  /** Transforms each position by itself. */
  readonly mlp: Mlp;
  readonly #dropoutRate: number;

  /**
   * Declares the parameters.
   *
   * @param config Sizes.
   * @param options Direction, nonlinearity, scale of attention.
   */
  constructor(config: TransformerConfig, options: BlockOptions = {}) {
    // every block adds to the stream twice; smaller initial weights keep the sum over all layers at scale 1
    const residualStd = (config.initialStd ?? INITIAL_STD) / Math.sqrt(2 * config.layers);
    this.norm1 = new LayerNorm(config.modelDim, config.normEpsilon);
    this.attention = attentionOf(config, options, residualStd);
    this.norm2 = new LayerNorm(config.modelDim, config.normEpsilon);
    this.mlp = mlpOf(config, options, residualStd);
    this.#dropoutRate = config.dropoutRate;
  }

  /**
   * Returns h + mlp(norm2(h)) with h = x + attention(norm1(x)).
   *
   * @param x (B, T, C).
   * @param context Cache, padding, observation or patch.
   * @returns (B, T, C).
   */
  forward(x: Tensor, context?: ForwardContext): Tensor {
    const attended = this.attention.forward(this.norm1.forward(x), context); // (B, T, C)
    const { sum: h, normalized } = this.norm2.addNorm(x, attended, this.#dropoutRate); // (B, T, C), both
    return residual(h, this.mlp.forward(normalized), this.#dropoutRate); // (B, T, C)
  }
}
