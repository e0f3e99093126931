/**
 * How the position of each token enters a model. Attention treats positions as a set, without an order, so the order has to
 * be part of the hidden states.
 *
 * GPT and RoBERTa add a learned vector for each position to the token embedding. A model without any can still use order
 * where its attention is causal: position t averages over t + 1 values, and the number of them shows (Haviv et al.,
 * "Transformer language models without positional encodings still learn positional information", 2022).
 *
 * @module
 */

import { normal, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { add } from "../kernels/elementwise.ts";
import { embedding } from "../kernels/embedding.ts";

/**
 * Adds positions to token embeddings.
 *
 * @category Models
 */
export interface Positions {
  /**
   * Returns the embedded tokens with their positions added.
   *
   * @param tokens The embedded tokens, (B, T, C).
   * @param indices u32 (B, T): the position of each token, below the count that the factory was given.
   * @returns (B, T, C).
   */
  forward(tokens: Tensor, indices: Tensor): Tensor;
}

/**
 * One learned vector for each position, added to the token: GPT's and RoBERTa's own.
 *
 * @category Models
 */
export class LearnedPositions extends Parameter implements Positions {
  /**
   * Declares the table, (count, C).
   *
   * @param count Number of positions.
   * @param modelDim C.
   * @param std Standard deviation of the initial values.
   */
  constructor(count: number, modelDim: number, std: number) {
    super([count, modelDim], normal(std));
  }

  /**
   * Adds to each token the vector of its position.
   *
   * @param tokens (B, T, C).
   * @param indices u32 (B, T).
   * @returns (B, T, C).
   */
  forward(tokens: Tensor, indices: Tensor): Tensor {
    return add(tokens, embedding(indices, this)); // (B, T, C)
  }
}

/**
 * No positions: the tokens alone. An experiment passes `positions: () => new NoPositions()`.
 *
 * @example
 * ```ts
 * import { CpuBackend, NoPositions } from "@miniformer/miniformer";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const tokens = new CpuBackend().from([1, 2, 3, 4], [1, 2, 2]);
 * assertStrictEquals(new NoPositions().forward(tokens), tokens);
 * ```
 *
 * @category Models
 */
export class NoPositions implements Positions {
  /**
   * Returns the tokens.
   *
   * @param tokens (B, T, C).
   * @returns (B, T, C).
   */
  forward(tokens: Tensor): Tensor {
    return tokens;
  }
}
