/**
 * GPT: a stack of blocks, each of them attention and a feed-forward network, that predicts the next token.
 *
 * A block adds to the stream x what attention and network find in it. GPT-1 normalizes *after* each addition; GPT-2
 * before each part, and once at the end, which lets gradients flow along the sums undisturbed and trains more easily
 * when the stack is deep. That is the whole difference between the two classes below.
 *
 * The scores of the next token are products with the token embedding: the same table that reads tokens writes them
 * ("tied"). Dropout acts on the embedding sum, the attention weights and both additions, while training.
 *
 * References: Radford et al., "Improving language understanding by generative pre-training", 2018; Radford et al.,
 * "Language models are unsupervised multitask learners", 2019; checked against `OpenAIGPTLMHeadModel` and
 * `GPT2LMHeadModel` of Hugging Face transformers.
 *
 * @module
 */

import { normal, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { gelu } from "../kernels/activations.ts";
import type { KeyValueCache } from "../kernels/cache.ts";
import { dropout } from "../kernels/dropout.ts";
import { add } from "../kernels/elementwise.ts";
import { embedding, positionsOf } from "../kernels/embedding.ts";
import { matmul } from "../kernels/matmul.ts";
import { type ForwardContext, LayerNorm, Mlp, SelfAttention } from "./layers.ts";

/** The sizes of a GPT. */
export interface GptConfig {
  /** `"gpt1"` normalizes after, `"gpt2"` before attention and feed-forward network. */
  readonly architecture: "gpt1" | "gpt2";
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
  /** Whether the token embedding also scores the next token; true unless given. */
  readonly tied?: boolean;
  /**
   * Standard deviation of the initial weights, 0.02 unless given. That suits a width of 768; a narrow model needs
   * larger weights to begin at the same scale.
   */
  readonly initialStd?: number;
}

const INITIAL_STD = 0.02;

const LAYER_NORM_EPSILON = 1e-5;

/** What a block must do: (B, T, C) → (B, T, C). */
export interface Block {
  /** Computes the block. */
  forward(x: Tensor, context?: ForwardContext): Tensor;
}

function attentionOf(config: GptConfig, projectionStd?: number): SelfAttention {
  const { modelDim, heads, dropoutRate, initialStd: std = INITIAL_STD } = config;
  return new SelfAttention({ modelDim, heads, causal: true, dropoutRate, std, projectionStd });
}

function mlpOf(config: GptConfig, contractStd?: number): Mlp {
  const { modelDim, feedForwardDim, initialStd: std = INITIAL_STD } = config;
  return new Mlp({ modelDim, feedForwardDim, activation: gelu, std, contractStd });
}

/** A block of GPT-1: normalization after each addition. */
export class PostNormBlock implements Block {
  /** Looks at earlier positions. */
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
   */
  constructor(config: GptConfig) {
    this.attention = attentionOf(config);
    this.norm1 = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    this.mlp = mlpOf(config);
    this.norm2 = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    this.#dropoutRate = config.dropoutRate;
  }

  /**
   * Computes it.
   *
   * @param x (B, T, C).
   * @param context Cache or observation.
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
  /** Looks at earlier positions. */
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
   */
  constructor(config: GptConfig) {
    // every block adds to the stream twice; smaller initial steps keep the sum of all layers at scale 1
    const residualStd = (config.initialStd ?? INITIAL_STD) / Math.sqrt(2 * config.layers);
    this.norm1 = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    this.attention = attentionOf(config, residualStd);
    this.norm2 = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    this.mlp = mlpOf(config, residualStd);
    this.#dropoutRate = config.dropoutRate;
  }

  /**
   * Computes it.
   *
   * @param x (B, T, C).
   * @param context Cache or observation.
   * @returns (B, T, C).
   */
  forward(x: Tensor, context?: ForwardContext): Tensor {
    const h = add(x, dropout(this.attention.forward(this.norm1.forward(x), context), this.#dropoutRate));
    return add(h, dropout(this.mlp.forward(this.norm2.forward(h)), this.#dropoutRate));
  }
}

/** Makes the block of a layer. */
export type BlockFactory = (config: GptConfig, layer: number) => Block;

/** What {@linkcode Gpt.forward} may be given besides tokens. */
export interface GptContext {
  /** u32 (B, T): the position of each token, 0, 1, … unless given. */
  positions?: Tensor;
  /** One for each block, when positions are computed one at a time. */
  caches?: readonly KeyValueCache[];
  /** Collects the attention weights of every layer. */
  weights?: Tensor[];
}

/**
 * A causal language model.
 *
 * @example Scores of the next token, untrained
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
 */
export class Gpt {
  /** Sizes. */
  readonly config: GptConfig;
  /** (V, C). */
  readonly tokenEmbedding: Parameter;
  /** (contextLength, C). */
  readonly positionEmbedding: Parameter;
  /** The stack. */
  readonly blocks: readonly Block[];
  /** After the last block; GPT-2 only. */
  readonly finalNorm?: LayerNorm;
  /** (V, C), if not tied to the token embedding. */
  readonly languageHead?: Parameter;

  /**
   * Declares the parameters; `initialize` gives them values.
   *
   * @param config Sizes.
   * @param block Makes the blocks: the place for experiments. The architecture's own unless given.
   * @throws {RangeError} If a size makes no sense.
   */
  constructor(config: GptConfig, block: BlockFactory = blockOf(config)) {
    checkConfig(config);
    const initial = normal(config.initialStd ?? INITIAL_STD);
    this.config = config;
    this.tokenEmbedding = new Parameter([config.vocabSize, config.modelDim], initial);
    this.positionEmbedding = new Parameter([config.contextLength, config.modelDim], initial);
    this.blocks = Array.from({ length: config.layers }, (_, layer) => block(config, layer));
    if (config.architecture === "gpt2") this.finalNorm = new LayerNorm(config.modelDim, LAYER_NORM_EPSILON);
    if (config.tied === false) {
      this.languageHead = new Parameter([config.vocabSize, config.modelDim], initial);
    }
  }

  /**
   * Scores every possible next token at every position.
   *
   * @param ids u32 (B, T), T at most the context length, each below V.
   * @param context Positions, caches, observation.
   * @returns Logits, (B, T, V).
   * @throws {RangeError} If there are more positions than the context length.
   */
  forward(ids: Tensor, context: GptContext = {}): Tensor {
    const { dropoutRate, contextLength } = this.config, { caches, weights } = context;
    if (ids.shape[1] > contextLength) {
      throw new RangeError(`Cannot read ${ids.shape[1]} positions: the context length is ${contextLength}`);
    }
    const tokens = embedding(ids, this.tokenEmbedding); // (B, T, C)
    const positions = embedding(context.positions ?? positionsOf(ids), this.positionEmbedding); // (B, T, C)
    let x = dropout(add(tokens, positions), dropoutRate); // (B, T, C)
    for (const [layer, block] of this.blocks.entries()) {
      x = block.forward(x, { cache: caches?.[layer], weights }); // (B, T, C)
    }
    if (this.finalNorm) x = this.finalNorm.forward(x); // (B, T, C)
    const [batch, time, width] = x.shape, rows = x.reshape([batch * time, width]); // (B · T, C)
    const head = this.languageHead ?? this.tokenEmbedding; // (V, C)
    return matmul(rows, head, { transposeB: true }).reshape([batch, time, head.shape[0]]); // (B, T, V)
  }
}

function blockOf({ architecture }: GptConfig): BlockFactory {
  return (config) => architecture === "gpt1" ? new PostNormBlock(config) : new PreNormBlock(config);
}

function checkConfig(config: GptConfig): void {
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
}
