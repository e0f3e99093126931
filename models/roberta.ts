/**
 * The encoder of RoBERTa and BERT: the same stack as GPT-1, but every position attends to all others, before and after it.
 *
 * Its hidden states go to a language head (`masked_language_model.ts`) or to a classification head
 * (`roberta_classifier.ts`). Padding is masked out: attention stops at the length of each sequence.
 *
 * What differs from GPT-1: attention in both directions, the exact GELU, normalization of the embedding sum, and positions
 * that start at 2 (the padding token has id 1, and position 1 is reserved for it).
 *
 * In BERT, the older of the two, positions start at 0, and a *pooler* stands between the encoder and a classifier: a layer
 * with tanh on the state of the first token.
 *
 * References: Devlin et al., "BERT", 2019; Liu et al., "RoBERTa: a robustly optimized BERT pretraining approach", 2019;
 * checked against `RobertaModel` and `BertModel` of Hugging Face transformers.
 *
 * @module
 */

import { normal, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { activations, tanh } from "../kernels/activations.ts";
import { dropout } from "../kernels/dropout.ts";
import { add } from "../kernels/elementwise.ts";
import { embedding, positionsOf } from "../kernels/embedding.ts";
import { recompute } from "../kernels/recompute.ts";
import { type Block, PostNormBlock } from "./blocks.ts";
import { checkConfig, checkSizes, INITIAL_STD, PAD_ID, type TransformerConfig } from "./config.ts";
import { chooseParts, expectStates, type Experiment, type Parts } from "./experiment.ts";
import type { HeadPatch } from "./forward_context.ts";
import { Identity, LayerNorm, Linear, type Norm } from "./layers.ts";
import { LearnedPositions, type Positions } from "./positions.ts";

/**
 * The sizes of a RoBERTa or BERT.
 *
 * @category Models
 */
export interface RobertaConfig extends TransformerConfig {
  /** Post-norm blocks with attention in both directions. `"bert"` counts positions from 0, and has a pooler. */
  readonly architecture: "roberta" | "bert";
  /** The id of padding, 1 unless given. In a RoBERTa also the position of padding; those of tokens follow it. */
  readonly padId?: number;
  /** How many types of tokens there are, 1 unless given. With more, a vector for its type is added to each token. */
  readonly tokenTypes?: number;
  /** Whether the token embedding also scores the masked tokens; true unless given. */
  readonly tied?: boolean;
  /** Whether it is an encoder alone, without a language head: a starting point for a classifier. False unless given. */
  readonly headless?: boolean;
}

const OWN_PARTS: Parts = {
  block: (config, _layer, options) => new PostNormBlock(config, options),
  positions: ({ modelDim, initialStd = INITIAL_STD }, count) =>
    new LearnedPositions(count, modelDim, initialStd),
  embeddingNorm: ({ modelDim, normEpsilon }) => new LayerNorm(modelDim, normEpsilon),
  finalNorm: () => new Identity(),
};

/** The position of the first token. Of those before it, which are unused, the last is that of padding. */
function firstPosition({ architecture, padId = PAD_ID }: RobertaConfig): number {
  return architecture === "bert" ? 0 : padId + 1;
}

/**
 * What {@linkcode Roberta.states} takes besides tokens.
 *
 * @category Models
 */
export interface RobertaContext {
  /** u32 (B): the length of each sequence without its padding, at least 1; all of T unless given. */
  lengths?: Tensor;
  /** u32 (B, T): the type of each token, for a model with several; 0 unless given. */
  tokenTypes?: Tensor;
  /** Collects the attention weights of every layer, of sequences without padding. */
  weights?: Tensor[];
  /** Replaces what the heads of each layer computed. */
  patch?: HeadPatch;
}

/**
 * The encoder: hidden states from both directions, which a language head or a classification head uses.
 *
 * @category Models
 */
export class Roberta {
  /** Sizes. */
  readonly config: RobertaConfig;
  /** (V, C). */
  readonly tokenEmbedding: Parameter;
  /**
   * Learned, unless an experiment has others: (contextLength, C) in a BERT, (contextLength + padId + 1, C) in a RoBERTa,
   * whose first rows are unused and padding.
   */
  readonly positionEmbedding: Positions;
  /** (tokenTypes, C), in a model with several types of tokens. */
  readonly tokenTypeEmbedding?: Parameter;
  /** Of the embedding sum. */
  readonly embeddingNorm: Norm;
  /** The stack. */
  readonly blocks: readonly Block[];
  /** After the last block: the identity, unless an experiment has another. */
  readonly finalNorm: Norm;
  /** C → C, of the first token: in a BERT that is part of a classifier, or has no language head. */
  readonly pooler?: Linear;
  readonly #experiment?: Experiment;

  /**
   * Declares the parameters; `initialize` gives them values.
   *
   * @param config Sizes.
   * @param experiment Parts that replace RoBERTa's; none unless given.
   * @throws {RangeError} If a size makes no sense.
   * @throws {TypeError} If the experiment is not valid.
   */
  constructor(config: RobertaConfig, experiment?: Experiment) {
    checkConfig(config);
    const { vocabSize, contextLength, modelDim, layers, initialStd = INITIAL_STD } = config;
    const { padId = PAD_ID, tokenTypes = 1, activation = "geluErf" } = config;
    checkSizes("build a model", { tokenTypes });
    if (!(Number.isInteger(padId) && padId >= 0 && padId < vocabSize)) {
      throw new RangeError(
        `Cannot pad texts with token ${padId}: the vocabulary has ${vocabSize} tokens, 0 to ${vocabSize - 1}`,
      );
    }
    const parts = chooseParts(OWN_PARTS, experiment);
    const options = { causal: false, activation: activations[activation], attentionScale: 1 };
    this.config = config;
    this.#experiment = experiment;
    this.tokenEmbedding = new Parameter([vocabSize, modelDim], normal(initialStd));
    this.positionEmbedding = parts.positions(config, contextLength + firstPosition(config));
    if (tokenTypes > 1) this.tokenTypeEmbedding = new Parameter([tokenTypes, modelDim], normal(initialStd));
    this.embeddingNorm = parts.embeddingNorm(config);
    this.blocks = Array.from({ length: layers }, (_, layer) => parts.block(config, layer, options));
    this.finalNorm = parts.finalNorm(config);
    if (config.architecture === "bert" && (config.headless || "labels" in config)) {
      this.pooler = new Linear(modelDim, modelDim, initialStd);
    }
  }

  /** What it was built with in place of RoBERTa's parts; nothing in a model of the paper. */
  get experiment(): Experiment | undefined {
    return this.#experiment;
  }

  /**
   * Computes the hidden states of tokens.
   *
   * @param ids u32 (B, T), T at most the context length, each below V.
   * @param context Padding, observation, patch.
   * @returns The hidden states after the last block, (B, T, C); those of padding mean nothing.
   * @throws {RangeError} If there are more positions than the context length.
   * @throws {TypeError} If token types are given to a model without.
   */
  states(ids: Tensor, { lengths, tokenTypes, weights, patch }: RobertaContext = {}): Tensor {
    const { dropoutRate, embeddingDropoutRate = dropoutRate, contextLength } = this.config;
    if (ids.shape[1] > contextLength) {
      throw new RangeError(
        `Cannot compute ${ids.shape[1]} positions: the context length is ${contextLength}`,
      );
    }
    const tokens = this.#withTypes(embedding(ids, this.tokenEmbedding), ids, tokenTypes); // (B, T, C)
    const first = firstPosition(this.config), padding = first > 0 ? { lengths, padding: first - 1 } : {};
    const indices = positionsOf(ids, { first, ...padding }); // (B, T)
    const embedded = this.positionEmbedding.forward(tokens, indices); // (B, T, C)
    let x = dropout(this.embeddingNorm.forward(embedded), embeddingDropoutRate); // (B, T, C)
    for (const [layer, block] of this.blocks.entries()) {
      const own = { lengths, weights, patch: patch?.bind(undefined, layer) };
      x = recompute(x, (x) => expectStates(block.forward(x, own), x.shape, layer)); // (B, T, C)
    }
    return this.finalNorm.forward(x); // (B, T, C)
  }

  /**
   * What a classification head is given of each text.
   *
   * @param states The hidden state that stands for each text, (B, C).
   * @returns (B, C): the states after BERT's pooler, tanh of a linear layer; in a model without one the states.
   */
  pool(states: Tensor): Tensor {
    return this.pooler === undefined ? states : tanh(this.pooler.forward(states)); // (B, C)
  }

  /** Adds the vectors of the token types. Where none are given all are 0, made as positions in sequences of one token. */
  #withTypes(tokens: Tensor, ids: Tensor, types: Tensor | undefined): Tensor {
    if (this.tokenTypeEmbedding === undefined) {
      if (types === undefined) return tokens;
      throw new TypeError("Cannot use token types: the model has one type only, leave them out");
    }
    const known = types ?? positionsOf(ids.reshape([ids.size, 1])).reshape(ids.shape); // (B, T)
    return add(tokens, embedding(known, this.tokenTypeEmbedding)); // (B, T, C)
  }
}
