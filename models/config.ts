/**
 * The sizes that all transformers have.
 *
 * @module
 */

/** The sizes of a transformer. */
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
  /**
   * Standard deviation of the initial weights, 0.02 unless given. That suits a width of 768; a narrow model needs
   * larger weights to start at the same scale.
   */
  readonly initialStd?: number;
}

/** Standard deviation of the initial weights, unless a configuration has another. */
export const INITIAL_STD = 0.02;

/** The id of `<pad>` in every RoBERTa vocabulary, and in any other unless a configuration has another. */
export const PAD_ID = 1;

/** Keeps the division of layer normalization finite, in every model. */
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
  const { dropoutRate, initialStd = INITIAL_STD } = config;
  if (!(dropoutRate >= 0 && dropoutRate < 1)) {
    throw new RangeError(`Cannot drop at rate ${dropoutRate}: expected 0 <= dropoutRate < 1`);
  }
  if (!(initialStd >= 0 && initialStd < Infinity)) {
    throw new RangeError(
      `Cannot draw initial weights with initialStd ${initialStd}: expected a number of 0 or more`,
    );
  }
}
