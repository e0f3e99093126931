/**
 * The blocks that transformers are stacks of: attention looks at other positions, a feed-forward network thinks about
 * what was seen, and each adds what it found to the stream x.
 *
 * GPT-1 and RoBERTa normalize *after* each addition. GPT-2 normalizes before each part, which lets gradients flow along
 * the sums undisturbed and trains more easily when the stack is deep. RoBERTa's block is GPT-1's but for two words: it
 * sees both ways, and its GELU is the exact one.
 *
 * @module
 */

import type { Tensor } from "../core/tensor.ts";
import { gelu } from "../kernels/activations.ts";
import { dropout } from "../kernels/dropout.ts";
import { add } from "../kernels/elementwise.ts";
import { INITIAL_STD, LAYER_NORM_EPSILON, type TransformerConfig } from "./config.ts";
import { type ForwardContext, LayerNorm, Mlp, SelfAttention } from "./layers.ts";

/** What a block must do: (B, T, C) → (B, T, C). */
export interface Block {
  /** Computes the block. */
  forward(x: Tensor, context?: ForwardContext): Tensor;
}

/** What distinguishes blocks of the same sizes. */
export interface BlockOptions {
  /** Whether a position sees only itself and those before it; true unless given. */
  readonly causal?: boolean;
  /** The nonlinearity of the feed-forward network; GELU in its tanh form unless given. */
  readonly activation?: (x: Tensor) => Tensor;
}

function attentionOf(config: TransformerConfig, causal: boolean, projectionStd?: number): SelfAttention {
  const { modelDim, heads, dropoutRate, initialStd: std = INITIAL_STD } = config;
  return new SelfAttention({ modelDim, heads, causal, dropoutRate, std, projectionStd });
}

function mlpOf(config: TransformerConfig, activation: (x: Tensor) => Tensor, contractStd?: number): Mlp {
  const { modelDim, feedForwardDim, initialStd: std = INITIAL_STD } = config;
  return new Mlp({ modelDim, feedForwardDim, activation, std, contractStd });
}

/** A block of GPT-1 or RoBERTa: normalization after each addition. */
export class PostNormBlock implements Block {
  /** Looks at other positions. */
  readonly attention: SelfAttention;
  /** After attention. */
  readonly norm1: LayerNorm;
  /** Thinks about what was seen. */
  readonly mlp: Mlp;
  /** After the feed-forward network. */
  readonly norm2: LayerNorm;
  readonly #dropoutRate: number;

  /**
   * Declares the parameters.
   *
   * @param config Sizes.
   * @param options Direction and nonlinearity.
   */
  constructor(config: TransformerConfig, { causal = true, activation = gelu }: BlockOptions = {}) {
    this.attention = attentionOf(config, causal);
    this.norm1 = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    this.mlp = mlpOf(config, activation);
    this.norm2 = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    this.#dropoutRate = config.dropoutRate;
  }

  /**
   * Computes it.
   *
   * @param x (B, T, C).
   * @param context Cache, padding or observation.
   * @returns (B, T, C).
   */
  forward(x: Tensor, context?: ForwardContext): Tensor {
    const n = this.norm1.forward(add(x, dropout(this.attention.forward(x, context), this.#dropoutRate)));
    return this.norm2.forward(add(n, dropout(this.mlp.forward(n), this.#dropoutRate)));
  }
}

/** A block of GPT-2: normalization before attention and before the feed-forward network. */
export class PreNormBlock implements Block {
  /** Before attention. */
  readonly norm1: LayerNorm;
  /** Looks at other positions. */
  readonly attention: SelfAttention;
  /** Before the feed-forward network. */
  readonly norm2: LayerNorm;
  /** Thinks about what was seen. */
  readonly mlp: Mlp;
  readonly #dropoutRate: number;

  /**
   * Declares the parameters.
   *
   * @param config Sizes.
   * @param options Direction and nonlinearity.
   */
  constructor(config: TransformerConfig, { causal = true, activation = gelu }: BlockOptions = {}) {
    // every block adds to the stream twice; smaller initial steps keep the sum of all layers at scale 1
    const residualStd = (config.initialStd ?? INITIAL_STD) / Math.sqrt(2 * config.layers);
    this.norm1 = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    this.attention = attentionOf(config, causal, residualStd);
    this.norm2 = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    this.mlp = mlpOf(config, activation, residualStd);
    this.#dropoutRate = config.dropoutRate;
  }

  /**
   * Computes it.
   *
   * @param x (B, T, C).
   * @param context Cache, padding or observation.
   * @returns (B, T, C).
   */
  forward(x: Tensor, context?: ForwardContext): Tensor {
    const h = add(x, dropout(this.attention.forward(this.norm1.forward(x), context), this.#dropoutRate));
    return add(h, dropout(this.mlp.forward(this.norm2.forward(h)), this.#dropoutRate));
  }
}
