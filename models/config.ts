/**
 * The sizes that all transformers have.
 *
 * @module
 */

import { type ActivationName, activations } from "../kernels/activations.ts";
import { quoted } from "../core/quoted.ts";

/**
 * The sizes of a transformer.
 *
 * @category Models
 */
export interface TransformerConfig {
  /** V: number of tokens. */
  readonly vocabSize: number;
  /** Most positions in one forward pass. */
  readonly contextLength: number;
  /** Number of blocks. */
  readonly layers: number;
  /** H: number of attention heads, a divisor of `modelDim`. */
  readonly heads: number;
  /** C: width of the residual stream. */
  readonly modelDim: number;
  /** Width inside the feed-forward network. */
  readonly feedForwardDim: number;
  /** Probability that an element is dropped in training. */
  readonly dropoutRate: number;
  /** The same for attention weights; `dropoutRate` unless given. */
  readonly attentionDropoutRate?: number;
  /** The same for the embedding sum; `dropoutRate` unless given. */
  readonly embeddingDropoutRate?: number;
  /** Added to the variance in layer normalization, 1e-5 unless given; a checkpoint needs the one it was trained with. */
  readonly normEpsilon?: number;
  /** The nonlinearity of the feed-forward networks; unless given `gelu` in GPT, `geluErf` in RoBERTa. */
  readonly activation?: ActivationName;
  /**
   * Standard deviation of the initial weights, 0.02 unless given. That suits a width of 768; a narrow model needs
   * larger weights to start at the same scale.
   */
  readonly initialStd?: number;
}

/**
 * Standard deviation of the initial weights, unless a configuration has another.
 *
 * @category Models
 */
export const INITIAL_STD = 0.02;

/** The id of `<pad>` in every RoBERTa vocabulary, and in any other unless a configuration has another. */
export const PAD_ID = 1;

/**
 * Keeps the division of layer normalization finite, unless a configuration has another.
 *
 * @category Models
 */
export const LAYER_NORM_EPSILON = 1e-5;

/**
 * Checks that sizes are positive integers.
 *
 * @param what What they are for, as a verb for the message.
 * @param sizes The sizes, by name.
 * @throws {RangeError} If one is not a positive integer.
 */
export function checkSizes(what: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(`Cannot ${what} with ${name} ${size}: expected a positive integer`);
    }
  }
}

/**
 * Checks that a model of these sizes can be built.
 *
 * @param config The sizes.
 * @throws {RangeError} If a size makes no sense.
 */
export function checkConfig(config: TransformerConfig): void {
  const { vocabSize, contextLength, layers, heads, modelDim, feedForwardDim } = config;
  checkSizes("build a model", { vocabSize, contextLength, layers, heads, modelDim, feedForwardDim });
  if (modelDim % heads !== 0) {
    throw new RangeError(`Cannot divide modelDim ${modelDim} into ${heads} heads: expected a divisor`);
  }
  const { dropoutRate, attentionDropoutRate = dropoutRate, embeddingDropoutRate = dropoutRate } = config;
  for (const [name, rate] of Object.entries({ dropoutRate, attentionDropoutRate, embeddingDropoutRate })) {
    if (!(rate >= 0 && rate < 1)) {
      throw new RangeError(`Cannot drop at rate ${rate}: expected 0 <= ${name} < 1`);
    }
  }
  const { initialStd = INITIAL_STD, normEpsilon = LAYER_NORM_EPSILON, activation = "gelu" } = config;
  if (!(normEpsilon > 0 && normEpsilon < Infinity)) {
    throw new RangeError(`Cannot normalize with normEpsilon ${normEpsilon}: expected a positive number`);
  }
  if (!Object.hasOwn(activations, activation)) {
    throw new RangeError(
      `Cannot use the activation ${quoted(activation)}: expected ${Object.keys(activations).join(", ")}`,
    );
  }
  if (!(initialStd >= 0 && initialStd < Infinity)) {
    throw new RangeError(
      `Cannot draw initial weights with initialStd ${initialStd}: expected a number of 0 or more`,
    );
  }
}
