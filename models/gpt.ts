/**
 * GPT: a stack of blocks, each of them attention and a feed-forward network, that predicts the next token.
 *
 * GPT-1 and GPT-2 differ in their block (see `blocks.ts`): GPT-1 normalizes after each addition to the residual stream,
 * GPT-2 before each part, and therefore once more at the end.
 *
 * The logits of the next token are products with the token embedding: one table serves as the first and as the last layer
 * ("tied"). In training, dropout acts on the embedding sum, the attention weights and both additions.
 *
 * References: Radford et al., "Improving language understanding by generative pre-training", 2018; Radford et al.,
 * "Language models are unsupervised multitask learners", 2019; checked against `OpenAIGPTLMHeadModel` and
 * `GPT2LMHeadModel` of Hugging Face transformers.
 *
 * @module
 */

import { normal, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { activations } from "../kernels/activations.ts";
import type { KeyValueCache } from "../kernels/attention/cache.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { dropout } from "../kernels/dropout.ts";
import { embedding, positionsOf } from "../kernels/embedding.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { inScope, recompute } from "../kernels/recompute.ts";
import { type Block, PostNormBlock, PreNormBlock } from "./blocks.ts";
import { checkConfig, INITIAL_STD, type TransformerConfig } from "./config.ts";
import { chooseParts, expectStates, type Experiment, type Parts } from "./experiment.ts";
import type { HeadPatch } from "./forward_context.ts";
import { Identity, LayerNorm, type Norm } from "./layers.ts";
import type { BatchTensors, Learner } from "./learner.ts";
import { LearnedPositions, type Positions } from "./positions.ts";

/**
 * The sizes of a GPT.
 *
 * @category Models
 */
export interface GptConfig extends TransformerConfig {
  /** `"gpt1"` normalizes after, `"gpt2"` before attention and feed-forward network. */
  readonly architecture: "gpt1" | "gpt2";
  /** Whether the token embedding also scores the next token; true unless given. */
  readonly tied?: boolean;
  /** Whether attention scores are divided by √D; true unless given. */
  readonly scaledAttention?: boolean;
  /** Whether the scores of layer 0, 1, 2, … are divided by 1, 2, 3, …; false unless given. */
  readonly layerScaledAttention?: boolean;
  /**
   * The token at which a generated text ends, if it is in the vocabulary; the tokenizer's `<|endoftext|>` or `</s>` unless
   * given.
   */
  readonly endId?: number;
}

/**
 * What {@linkcode Gpt.forward} takes besides tokens.
 *
 * @category Models
 */
export interface GptContext {
  /** u32 (B, T): the position of each token, 0, 1, … unless given. */
  positions?: Tensor;
  /**
   * Keys and values, one cache for each block. Either one position is computed, which `positions` has, or the first ones of
   * every sequence at once, 0, 1, …, whose keys and values are kept for those that follow.
   */
  caches?: readonly KeyValueCache[];
  /** Collects the attention weights of every layer; not together with caches. */
  weights?: Tensor[];
  /** Replaces what the heads of each layer computed. */
  patch?: HeadPatch;
}

/**
 * A causal language model.
 *
 * @example Logits of the next token, untrained
 * ```ts
 * import { CpuBackend, Gpt, initialize } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const model = new Gpt({
 *   architecture: "gpt1",
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
 * const logits = model.forward(backend.from(Uint32Array.of(1, 2, 3), [1, 3]));
 * assertEquals(logits.shape, [1, 3, 10]);
 * ```
 *
 * @category Models
 */
export class Gpt implements Learner {
  /** Sizes. */
  readonly config: GptConfig;
  /** (V, C). */
  readonly tokenEmbedding: Parameter;
  /** Learned, (contextLength, C), unless an experiment has others. */
  readonly positionEmbedding: Positions;
  /** Of the embedding sum: the identity, unless an experiment has another. */
  readonly embeddingNorm: Norm;
  /** The stack. */
  readonly blocks: readonly Block[];
  /** After the last block: layer normalization in GPT-2, the identity in GPT-1. */
  readonly finalNorm: Norm;
  /** (V, C), if not tied to the token embedding. */
  readonly languageHead?: Parameter;
  readonly #experiment?: Experiment;

  /**
   * Declares the parameters; `initialize` gives them values.
   *
   * @param config Sizes.
   * @param experiment Parts that replace those of the architecture; none unless given.
   * @throws {RangeError} If a size makes no sense.
   * @throws {TypeError} If the experiment is not valid.
   */
  constructor(config: GptConfig, experiment?: Experiment) {
    checkConfig(config);
    const { vocabSize, contextLength, modelDim, layers, initialStd = INITIAL_STD } = config;
    const parts = chooseParts(OWN_PARTS[config.architecture], experiment), initial = normal(initialStd);
    this.config = config;
    this.#experiment = experiment;
    this.tokenEmbedding = new Parameter([vocabSize, modelDim], initial);
    this.positionEmbedding = parts.positions(config, contextLength);
    this.embeddingNorm = parts.embeddingNorm(config);
    const activation = activations[config.activation ?? "gelu"];
    this.blocks = Array.from(
      { length: layers },
      (_, layer) =>
        parts.block(config, layer, { causal: true, activation, attentionScale: scaleOf(config, layer) }),
    );
    this.finalNorm = parts.finalNorm(config);
    if (config.tied === false) this.languageHead = new Parameter([vocabSize, modelDim], initial);
  }

  /** What it was built with in place of the architecture's parts; nothing in a model of the papers. */
  get experiment(): Experiment | undefined {
    return this.#experiment;
  }

  /**
   * Computes the hidden states of tokens.
   *
   * @param ids u32 (B, T), T at most the context length, each below V.
   * @param context Positions, caches, observation, patch.
   * @returns The hidden states after the last block, (B, T, C).
   * @throws {RangeError} If there are more positions than the context length.
   * @throws {TypeError} If caches come without positions, in another number than blocks, or with weights to collect.
   */
  states(ids: Tensor, context: GptContext = {}): Tensor {
    const { dropoutRate, embeddingDropoutRate = dropoutRate, contextLength } = this.config,
      { caches, weights, patch } = context;
    if (ids.shape[1] > contextLength) {
      throw new RangeError(
        `Cannot compute ${ids.shape[1]} positions: the context length is ${contextLength}`,
      );
    }
    if (caches && !context.positions) {
      throw new TypeError("Cannot use caches without positions: give the position of each token");
    }
    if (caches && caches.length !== this.blocks.length) {
      throw new TypeError(
        `Cannot use ${caches.length} caches: expected ${this.blocks.length}, one for each block`,
      );
    }
    const tokens = embedding(ids, this.tokenEmbedding); // (B, T, C)
    const embedded = this.positionEmbedding.forward(tokens, context.positions ?? positionsOf(ids)); // (B, T, C)
    let x = dropout(this.embeddingNorm.forward(embedded), embeddingDropoutRate); // (B, T, C)
    for (const [layer, block] of this.blocks.entries()) {
      const own = { cache: caches?.[layer], weights, patch: patch?.bind(undefined, layer) };
      const states = (x: Tensor) => expectStates(block.forward(x, own), x.shape, layer);
      x = caches && ids.shape[1] > 1 ? inScope(x, states) : recompute(x, states); // (B, T, C)
    }
    return this.finalNorm.forward(x); // (B, T, C)
  }

  /**
   * Computes the logits of the next token.
   *
   * @param states From {@linkcode Gpt.states}, (B, T, C).
   * @returns Logits, (B, T, V).
   */
  logits(states: Tensor): Tensor {
    const [batch, time, width] = states.shape, rows = states.reshape([batch * time, width]); // (B · T, C)
    const head = this.languageHead ?? this.tokenEmbedding; // (V, C)
    return matmul(rows, head, { transposeB: true }).reshape([batch, time, head.shape[0]]); // (B, T, V)
  }

  /**
   * Computes the logits of the next token at every position.
   *
   * @param ids u32 (B, T), T at most the context length, each below V.
   * @param context Positions, caches, observation, patch.
   * @returns Logits, (B, T, V).
   * @throws {RangeError} If there are more positions than the context length.
   */
  forward(ids: Tensor, context: GptContext = {}): Tensor {
    return this.logits(this.states(ids, context));
  }

  /**
   * The cross-entropy of the token that follows each token.
   *
   * @param batch Inputs, and as targets the tokens that follow them.
   * @returns The loss, shape (1).
   */
  loss({ inputs, targets, weights }: BatchTensors): Tensor {
    return crossEntropy(this.forward(inputs), targets, { weights });
  }
}

/** What multiplies the attention scores of a layer, besides 1/√D. */
function scaleOf(
  { modelDim, heads, scaledAttention, layerScaledAttention }: GptConfig,
  layer: number,
): number {
  return (scaledAttention === false ? Math.sqrt(modelDim / heads) : 1) /
    (layerScaledAttention ? layer + 1 : 1);
}

const GPT1_PARTS: Parts = {
  block: (config, _layer, options) => new PostNormBlock(config, options),
  positions: ({ modelDim, initialStd = INITIAL_STD }, count) =>
    new LearnedPositions(count, modelDim, initialStd),
  embeddingNorm: () => new Identity(),
  finalNorm: () => new Identity(),
};

/** The stream of GPT-2 is never normalized inside the blocks, so it is once at the end. */
const OWN_PARTS: Readonly<Record<GptConfig["architecture"], Parts>> = {
  gpt1: GPT1_PARTS,
  gpt2: {
    ...GPT1_PARTS,
    block: (config, _layer, options) => new PreNormBlock(config, options),
    finalNorm: ({ modelDim, normEpsilon }) => new LayerNorm(modelDim, normEpsilon),
  },
};
