/**
 * The parts that transformers are made of: linear layer, layer normalization, self-attention, feed-forward network.
 *
 * Each declares its parameters in the constructor and uses them in `forward`; lines end with the shape of their result.
 * There are no backward passes here: the functions of `kernels/` record them on the tape.
 *
 * @module
 */

import { constant, normal, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { attention } from "../kernels/attention/attention.ts";
import { cachedSelfAttention, fillCache } from "../kernels/attention/cache.ts";
import { decomposedAttention } from "../kernels/attention/decomposed_attention.ts";
import { mergeHeads, splitHeads } from "../kernels/attention/heads.ts";
import { selfAttention } from "../kernels/attention/self_attention.ts";
import { scale } from "../kernels/elementwise.ts";
import { type AddNorm, addNorm } from "../kernels/norm/add_norm.ts";
import { layerNorm } from "../kernels/norm/layer_norm.ts";
import { linear } from "../kernels/matmul/linear.ts";
import { LAYER_NORM_EPSILON } from "./config.ts";
import { checkContext, type ForwardContext, patchedHeads } from "./forward_context.ts";

/**
 * Every row times a matrix, plus a bias.
 *
 * @category Models
 */
export class Linear {
  /** (in, out). */
  readonly weight: Parameter;
  /** (out). */
  readonly bias: Parameter;

  /**
   * Declares the parameters.
   *
   * @param inputs Length of a row.
   * @param outputs Length of a row of the result.
   * @param std Standard deviation of the initial weights; the bias starts at 0.
   */
  constructor(inputs: number, outputs: number, std: number) {
    this.weight = new Parameter([inputs, outputs], normal(std));
    this.bias = new Parameter([outputs], constant(0));
  }

  /**
   * Multiplies every row by the matrix and adds the bias.
   *
   * @param x (…, in).
   * @returns (…, out).
   */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

/**
 * Normalizes every row.
 *
 * @category Models
 */
export interface Norm {
  /** Returns the normalized rows: (…, C) → (…, C). */
  forward(x: Tensor): Tensor;
}

/**
 * Returns its input unchanged: stands in for a part that a model leaves out, as PyTorch's `nn.Identity` does.
 *
 * @example
 * ```ts
 * import { CpuBackend, Identity } from "@miniformer/miniformer";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const x = new CpuBackend().from([1, 2]);
 * assertStrictEquals(new Identity().forward(x), x);
 * ```
 *
 * @category Models
 */
export class Identity implements Norm {
  /**
   * Returns its input.
   *
   * @param x Any shape.
   * @returns The same tensor.
   */
  forward(x: Tensor): Tensor {
    return x;
  }
}

/**
 * Normalizes every row to mean 0 and variance 1, then scales and shifts it.
 *
 * @category Models
 */
export class LayerNorm implements Norm {
  /** (C). */
  readonly weight: Parameter;
  /** (C). */
  readonly bias: Parameter;
  readonly #epsilon: number;

  /**
   * Declares the parameters.
   *
   * @param modelDim C.
   * @param epsilon Keeps the division finite; that of all models here unless given.
   */
  constructor(modelDim: number, epsilon: number = LAYER_NORM_EPSILON) {
    this.weight = new Parameter([modelDim], constant(1));
    this.bias = new Parameter([modelDim], constant(0));
    this.#epsilon = epsilon;
  }

  /**
   * Normalizes every row, then multiplies it by the weight and adds the bias.
   *
   * @param x (…, C).
   * @returns (…, C).
   */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.#epsilon);
  }

  /**
   * Adds a branch to the residual stream, in training after dropout, and normalizes the sum: `forward` of
   * `residual(x, branch, dropoutRate)` in one pass.
   *
   * @param x (…, C).
   * @param branch (…, C).
   * @param dropoutRate Probability to drop an element of the branch.
   * @returns The sum, and its normalized rows, each (…, C).
   */
  addNorm(x: Tensor, branch: Tensor, dropoutRate: number): AddNorm {
    return addNorm(x, branch, this.weight, this.bias, { dropoutRate, epsilon: this.#epsilon });
  }
}

/**
 * Sizes of {@linkcode SelfAttention}.
 *
 * @category Models
 */
export interface SelfAttentionOptions {
  /** C. */
  modelDim: number;
  /** H, a divisor of C. */
  heads: number;
  /** Whether a position attends only to itself and those before it. */
  causal: boolean;
  /** Of attention weights. */
  dropoutRate: number;
  /** Standard deviation of the initial weights. */
  std: number;
  /** Standard deviation of the initial weights of the output projection, if different. */
  projectionStd?: number;
  /** Multiplies the scores, besides 1/√D; 1 unless given. */
  scale?: number;
}

/**
 * Self-attention with several heads: every position takes a weighted mean of the values of others. Usually it is one
 * operation, `selfAttention`, whose twin splits the heads, attends and merges them.
 *
 * @category Models
 */
export class SelfAttention {
  /** Query, key and value of all heads, side by side. */
  readonly queryKeyValue: Linear;
  /** Combines the heads. */
  readonly projection: Linear;
  readonly #options: SelfAttentionOptions;

  /**
   * Declares the parameters.
   *
   * @param options Sizes.
   */
  constructor(options: SelfAttentionOptions) {
    const { modelDim, std, projectionStd = std } = options;
    this.queryKeyValue = new Linear(modelDim, 3 * modelDim, std);
    this.projection = new Linear(modelDim, modelDim, projectionStd);
    this.#options = options;
  }

  /**
   * Returns, at every position, the projected weighted means of the values of all heads.
   *
   * @param x (B, T, C).
   * @param context Cache, padding, observation, patch.
   * @returns (B, T, C).
   * @throws {TypeError} If the context combines options that exclude each other, or the patch returns another shape.
   */
  forward(x: Tensor, context: ForwardContext = {}): Tensor {
    checkContext(context, this.#options.causal, x.tape !== undefined);
    const heads = this.#attend(this.queryKeyValue.forward(x), context); // (B, T, C)
    return this.projection.forward(patchedHeads(heads, context)); // (B, T, C)
  }

  /**
   * (B, T, 3C) → (B, T, C): from the cache for one position; otherwise fused, or with the heads split where scores are scaled
   * or weights observed.
   */
  #attend(queryKeyValue: Tensor, { cache, lengths, weights }: ForwardContext): Tensor {
    const { heads, causal, dropoutRate, scale: factor = 1 } = this.#options;
    if (cache && queryKeyValue.shape[1] === 1) {
      return cachedSelfAttention(queryKeyValue, cache, { scale: factor });
    }
    if (cache) fillCache(queryKeyValue, cache);
    const { decomposed: isTraced = false } = queryKeyValue.tape?.options ?? {};
    const isDecomposed = weights !== undefined || (isTraced && lengths === undefined); // the twin has no padding
    if (!isDecomposed && factor === 1) {
      return selfAttention(queryKeyValue, heads, { causal, dropoutRate, lengths });
    }
    const [query, key, value] = splitHeads(queryKeyValue, heads); // each (B, H, T, D)
    const scaled = factor === 1 ? query : scale(query, factor); // (B, H, T, D)
    if (!isDecomposed) return mergeHeads(attention(scaled, key, value, { causal, dropoutRate, lengths }));
    const decomposed = decomposedAttention(scaled, key, value, { causal });
    weights?.push(decomposed.weights);
    return mergeHeads(decomposed.y);
  }
}

/**
 * Sizes of {@linkcode Mlp}.
 *
 * @category Models
 */
export interface MlpOptions {
  /** C. */
  modelDim: number;
  /** Width between the two linear layers, usually 4 C. */
  feedForwardDim: number;
  /** The nonlinearity. */
  activation: (x: Tensor) => Tensor;
  /** Standard deviation of the initial weights. */
  std: number;
  /** Standard deviation of the initial weights of the second layer, if different. */
  contractStd?: number;
}

/**
 * The feed-forward network: transforms each position by itself.
 *
 * @category Models
 */
export class Mlp {
  /** C → feed-forward width. */
  readonly expand: Linear;
  /** Feed-forward width → C. */
  readonly contract: Linear;
  readonly #activation: (x: Tensor) => Tensor;

  /**
   * Declares the parameters.
   *
   * @param options Sizes and nonlinearity.
   */
  constructor({ modelDim, feedForwardDim, activation, std, contractStd = std }: MlpOptions) {
    this.expand = new Linear(modelDim, feedForwardDim, std);
    this.contract = new Linear(feedForwardDim, modelDim, contractStd);
    this.#activation = activation;
  }

  /**
   * Expands every row, applies the nonlinearity, and contracts it to its former width.
   *
   * @param x (B, T, C).
   * @returns (B, T, C).
   */
  forward(x: Tensor): Tensor {
    const h = this.#activation(this.expand.forward(x)); // (B, T, feed-forward width)
    return this.contract.forward(h); // (B, T, C)
  }
}
