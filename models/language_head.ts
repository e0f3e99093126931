/**
 * The language head of RoBERTa and BERT: hidden states → logits of all tokens.
 *
 *     dense → GELU → layer normalization → product with the token embedding, plus a bias for every token
 *
 * The layer in front of the product lets the encoder keep states of its own, which need not look like embeddings. Where the
 * head is not tied, the product is with a table of its own. A RoBERTa always has the exact GELU here; a BERT has the activation
 * of its blocks, which is the exact GELU in all published ones.
 *
 * @module
 */

import { constant, normal, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { geluErf } from "../kernels/activations.ts";
import { linear } from "../kernels/matmul/linear.ts";
import { INITIAL_STD, type TransformerConfig } from "./config.ts";
import { LayerNorm, Linear } from "./layers.ts";

/**
 * Turns hidden states into logits.
 *
 * @category Models
 */
export class LanguageHead {
  /** C → C. */
  readonly dense: Linear;
  /** Before the product. */
  readonly norm: LayerNorm;
  /** (V). */
  readonly bias: Parameter;
  /** (V, C), if not tied to the token embedding. */
  readonly decoder?: Parameter;
  readonly #activation: (x: Tensor) => Tensor;

  /**
   * Declares the parameters; the token embedding is the encoder's.
   *
   * @param config Sizes, and whether the token embedding is the output layer.
   * @param activation The nonlinearity; the exact GELU unless given.
   */
  constructor(config: TransformerConfig & { readonly tied?: boolean }, activation = geluErf) {
    const { vocabSize, modelDim, normEpsilon, initialStd = INITIAL_STD } = config;
    this.dense = new Linear(modelDim, modelDim, initialStd);
    this.norm = new LayerNorm(modelDim, normEpsilon);
    this.bias = new Parameter([vocabSize], constant(0));
    this.#activation = activation;
    if (config.tied === false) this.decoder = new Parameter([vocabSize, modelDim], normal(initialStd));
  }

  /**
   * Returns the logits: a layer with activation and norm, then the token embedding as the output layer, or the head's own.
   *
   * @param states Hidden states, (…, C).
   * @param tokenEmbedding (V, C).
   * @returns Logits, (…, V).
   */
  forward(states: Tensor, tokenEmbedding: Tensor): Tensor {
    const h = this.norm.forward(this.#activation(this.dense.forward(states))); // (…, C)
    return linear(h, this.decoder ?? tokenEmbedding, this.bias, { transposed: true }); // (…, V)
  }
}
