/**
 * RoBERTa and BERT: the same stack as GPT-1, but every position attends to all others, before and after it.
 *
 * A model that attends to the next token cannot learn by predicting it. Instead some tokens of the text are replaced by
 * `<mask>`, and the model predicts the original ones: masked language modelling. Such a model cannot generate text, but
 * its hidden states are a good starting point for classifying texts (see `classifier.ts`).
 *
 * What differs from GPT-1: attention in both directions, the exact GELU, normalization of the embedding sum, positions
 * that start at 2 (the padding token has id 1, and position 1 is reserved for it), and a language head of its own:
 *
 *     dense → GELU → layer normalization → product with the token embedding, plus a bias for every token
 *
 * BERT, which RoBERTa comes from, differs in three places: its positions start at 0, its language head has the activation of
 * the blocks, and a *pooler*, a layer with tanh on the state of the first token, stands between the encoder and a classifier.
 *
 * Only one position in seven is masked, so logits are computed there and nowhere else: with a large vocabulary that saves
 * most of the work. Padding is masked out: attention stops at the length of each sequence.
 *
 * References: Devlin et al., "BERT", 2019; Liu et al., "RoBERTa: a robustly optimized BERT pretraining approach", 2019;
 * checked against `RobertaForMaskedLM` and `BertForMaskedLM` of Hugging Face transformers.
 *
 * @module
 */

import { normal, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { activations, geluErf, tanh } from "../kernels/activations.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { dropout } from "../kernels/dropout.ts";
import { add } from "../kernels/elementwise.ts";
import { embedding, positionsOf } from "../kernels/embedding.ts";
import { type Block, PostNormBlock } from "./blocks.ts";
import { checkConfig, checkSizes, INITIAL_STD, PAD_ID, type TransformerConfig } from "./config.ts";
import { chooseParts, expectStates, type Experiment, type Parts } from "./experiment.ts";
import { type HeadPatch, Identity, LayerNorm, Linear, type Norm } from "./layers.ts";
import { LanguageHead } from "./language_head.ts";
import type { BatchTensors, Learner } from "./learner.ts";
import { LearnedPositions, type Positions } from "./positions.ts";

/** The sizes of a RoBERTa or BERT. */
export interface RobertaConfig extends TransformerConfig {
  /** Post-norm blocks with attention in both directions. `"bert"` counts positions from 0, and has a pooler. */
  readonly architecture: "roberta" | "bert";
  /** The id of padding, 1 unless given. In a RoBERTa also its position, which those of tokens follow. */
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

/** What {@linkcode Roberta.states} takes besides tokens. */
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

/** The encoder: hidden states from both directions, which a language head or a classification head uses. */
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
      x = expectStates(block.forward(x, own), x.shape, layer); // (B, T, C)
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

  /** Adds the vectors of the token types; all are 0 unless given: positions in sequences of one token. */
  #withTypes(tokens: Tensor, ids: Tensor, types: Tensor | undefined): Tensor {
    if (this.tokenTypeEmbedding === undefined) {
      if (types === undefined) return tokens;
      throw new TypeError("Cannot use token types: the model has one type only, leave them out");
    }
    const known = types ?? positionsOf(ids.reshape([ids.size, 1])).reshape(ids.shape); // (B, T)
    return add(tokens, embedding(known, this.tokenTypeEmbedding)); // (B, T, C)
  }
}

/**
 * A masked language model.
 *
 * @example Logits at a masked position, untrained
 * ```ts
 * import { CpuBackend, initialize, MaskedLanguageModel } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const model = new MaskedLanguageModel({
 *   architecture: "roberta",
 *   vocabSize: 10,
 *   contextLength: 8,
 *   layers: 1,
 *   heads: 2,
 *   modelDim: 16,
 *   feedForwardDim: 64,
 *   dropoutRate: 0,
 * });
 * const backend = new CpuBackend();
 * initialize(backend, model, 1);
 * const ids = backend.from(Uint32Array.of(0, 5, 9, 2), [1, 4]); // <s> … <mask> </s>
 * assertEquals(model.forward(ids).shape, [1, 4, 10]);
 * assertEquals(model.forwardAt(ids, backend.from(Uint32Array.of(2))).shape, [1, 10]);
 * ```
 */
export class MaskedLanguageModel implements Learner {
  /** Computes hidden states. */
  readonly encoder: Roberta;
  /** Computes logits; an encoder alone has none. */
  readonly languageHead?: LanguageHead;

  /**
   * Declares the parameters; `initialize` gives them values.
   *
   * @param config Sizes.
   * @param experiment Parts that replace RoBERTa's; none unless given.
   * @throws {RangeError} If a size makes no sense.
   * @throws {TypeError} If the experiment is not valid.
   */
  constructor(config: RobertaConfig, experiment?: Experiment) {
    this.encoder = new Roberta(config, experiment);
    const activation = config.architecture === "bert" ? activations[config.activation ?? "geluErf"] : geluErf;
    if (!config.headless) this.languageHead = new LanguageHead(config, activation);
  }

  /** Sizes. */
  get config(): RobertaConfig {
    return this.encoder.config;
  }

  /** What it was built with in place of RoBERTa's parts; nothing in a model of the paper. */
  get experiment(): Experiment | undefined {
    return this.encoder.experiment;
  }

  /**
   * Computes the logits at every position.
   *
   * @param ids u32 (B, T).
   * @param context Padding, observation, patch.
   * @returns Logits, (B, T, V).
   * @throws {TypeError} If the model is an encoder alone.
   */
  forward(ids: Tensor, context?: RobertaContext): Tensor {
    return headOf(this).forward(this.encoder.states(ids, context), this.encoder.tokenEmbedding);
  }

  /**
   * Computes the logits at some positions.
   *
   * @param ids u32 (B, T).
   * @param indices u32 (P): which of the B · T positions.
   * @param context Padding, observation, patch.
   * @returns Logits, (P, V).
   * @throws {TypeError} If the model is an encoder alone.
   */
  forwardAt(ids: Tensor, indices: Tensor, context?: RobertaContext): Tensor {
    const states = this.encoder.states(ids, context), [batch, time, width] = states.shape;
    const chosen = embedding(indices, states.reshape([batch * time, width])); // (P, C)
    return headOf(this).forward(chosen, this.encoder.tokenEmbedding); // (P, V)
  }

  /**
   * The cross-entropy of the masked tokens.
   *
   * @param batch Inputs with masks, lengths, the masked positions, and as targets the original tokens.
   * @returns The loss, shape (1).
   */
  loss({ inputs, targets, weights, lengths, targetIndices }: BatchTensors): Tensor {
    const context = { lengths };
    const logits = targetIndices
      ? this.forwardAt(inputs, targetIndices, context)
      : this.forward(inputs, context);
    return crossEntropy(logits, targets, { weights });
  }
}

/** The language head of a model; a function, since a patched model (`patchedModel`) has no private methods. */
function headOf({ languageHead }: MaskedLanguageModel): LanguageHead {
  if (languageHead) return languageHead;
  throw new TypeError(
    "Cannot predict masked tokens: the model is an encoder without a language head; fine-tune a classifier from it",
  );
}
