/**
 * The sizes that all transformers have, whatever they are for.
 *
 * @module
 */

/** The sizes of a transformer. */
export interface TransformerConfig {
  /** V: number of tokens. */
  readonly vocabSize: number;
  /** Most positions the model can see at once. */
  readonly contextLength: number;
  /** Number of blocks. */
  readonly layers: number;
  /** H: number of attention heads, a divisor of `modelDim`. */
  readonly heads: number;
  /** C: width of the stream. */
  readonly modelDim: number;
  /** Width inside the feed-forward network. */
  readonly feedForwardDim: number;
  /** Probability to drop an element while training. */
  readonly dropoutRate: number;
  /**
   * Standard deviation of the initial weights, 0.02 unless given. That suits a width of 768; a narrow model needs
   * larger weights to begin at the same scale.
   */
  readonly initialStd?: number;
}

/** Standard deviation of the initial weights, unless a model says otherwise. */
export const INITIAL_STD = 0.02;

/** Keeps the division of layer normalization finite, in every model. */
export const LAYER_NORM_EPSILON = 1e-5;

/**
 * Checks that a model of these sizes can be built.
 *
 * @param config The sizes.
 * @throws {RangeError} If a size makes no sense.
 */
export function checkConfig(config: TransformerConfig): void {
  for (
    const name of ["vocabSize", "contextLength", "layers", "heads", "modelDim", "feedForwardDim"] as const
  ) {
    if (!Number.isInteger(config[name]) || config[name] < 1) {
      throw new RangeError(`Cannot build a model with ${name} ${config[name]}: expected a positive integer`);
    }
  }
  if (config.modelDim % config.heads !== 0) {
    throw new RangeError(
      `Cannot divide modelDim ${config.modelDim} into ${config.heads} heads: expected a divisor`,
    );
  }
  if (!(config.dropoutRate >= 0 && config.dropoutRate < 1)) {
    throw new RangeError(`Cannot drop at rate ${config.dropoutRate}: expected 0 <= dropoutRate < 1`);
  }
  const { initialStd = INITIAL_STD } = config;
  if (!(initialStd >= 0 && initialStd < Infinity)) {
    throw new RangeError(
      `Cannot begin with weights of deviation ${initialStd}: expected a number of 0 or more`,
    );
  }
}
