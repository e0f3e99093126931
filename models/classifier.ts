/**
 * Classifiers: a pretrained model, and a small head on the state of one token.
 *
 * Which token depends on what it can see. RoBERTa sees both ways, so the first token, `<s>`, which means nothing by
 * itself, becomes the place where the model gathers what the whole text is. In GPT only the last token has seen
 * everything; the paper adds one for this purpose, `<extract>`, with `<start>` in front and `<delimiter>` between two
 * texts.
 *
 *     RoBERTa    state of <s>        → dropout → dense → tanh → dropout → projection → logits
 *     GPT        state of <extract>  → dropout → score                              → logits
 *
 * While GPT is fine-tuned it goes on predicting the next token, with half the weight of the class: it must not forget
 * how to read, and converges faster.
 *
 * References: Radford et al., "Improving language understanding by generative pre-training", 2018, section 3.2; Liu et
 * al., "RoBERTa", 2019; checked against `RobertaForSequenceClassification` and `OpenAIGPTForSequenceClassification` of
 * Hugging Face transformers.
 *
 * @module
 */

import { normal, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { tanh } from "../kernels/activations.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { dropout } from "../kernels/dropout.ts";
import { add } from "../kernels/elementwise.ts";
import { boundaryIndices, embedding } from "../kernels/embedding.ts";
import { matmul } from "../kernels/matmul.ts";
import { INITIAL_STD, PAD_ID } from "./config.ts";
import { Gpt, type GptConfig } from "./gpt.ts";
import { Linear } from "./layers.ts";
import type { BatchTensors, Learner } from "./learner.ts";
import { Roberta, type RobertaConfig } from "./roberta.ts";

/** What a classifier is besides the model inside. */
export interface ClassifierOptions {
  /** Names of the classes; class k is called `labels[k]`. At least two. */
  readonly labels: readonly string[];
  /**
   * The id that fills up short texts, and stands nowhere else. A GPT's checkpoint must tell it, because Hugging Face
   * looks for the last token that is something else; 1 unless given, as in every RoBERTa.
   */
  readonly padId?: number;
}

/** The sizes of a classifier made from a GPT. */
export type GptClassifierConfig = GptConfig & ClassifierOptions;

/** The sizes of a classifier made from a RoBERTa. */
export type RobertaClassifierConfig = RobertaConfig & ClassifierOptions;

/** The sizes of a classifier. */
export type ClassifierConfig = GptClassifierConfig | RobertaClassifierConfig;

/** Tells texts apart. */
export abstract class Classifier<Config extends ClassifierConfig = ClassifierConfig> implements Learner {
  /** Sizes and labels. */
  readonly config: Config;

  /**
   * Checks the labels; `initialize` gives values to the parameters, which subclasses declare.
   *
   * @param config Sizes and labels.
   * @throws {RangeError} If a size makes no sense, there are no two different labels, or padding is no token.
   */
  constructor(config: Config) {
    const { labels, padId = PAD_ID, vocabSize } = config,
      repeated = labels.find((label, index) => labels.indexOf(label) < index);
    if (labels.length < 2) {
      throw new RangeError(`Cannot tell ${labels.length} classes apart: expected at least two labels`);
    }
    if (repeated !== undefined) {
      throw new RangeError(
        `Cannot use label ${JSON.stringify(repeated)} for two classes: expected different names`,
      );
    }
    if (!(Number.isInteger(padId) && padId >= 0 && padId < vocabSize)) {
      throw new RangeError(
        `Cannot fill up texts with token ${padId}: the vocabulary has ${vocabSize} tokens, 0 to ${
          vocabSize - 1
        }`,
      );
    }
    this.config = config;
  }

  /**
   * Scores the classes of texts.
   *
   * @param ids u32 (B, T), as the family frames its texts, then padding.
   * @param lengths u32 (B): how many tokens of each text are no padding.
   * @returns Logits, (B, labels).
   */
  abstract forward(ids: Tensor, lengths: Tensor): Tensor;

  /**
   * How surprised the model is by the classes.
   *
   * @param batch Inputs, lengths, and as targets the classes.
   * @returns The loss, shape (1).
   * @throws {TypeError} If the batch does not say how long its texts are.
   */
  abstract loss(batch: BatchTensors): Tensor;
}

/** How long the texts of a batch are. */
function lengthsOf({ lengths }: BatchTensors): Tensor {
  if (lengths === undefined) {
    throw new TypeError("Cannot classify a batch without lengths: expected one for each text");
  }
  return lengths;
}

/** One state of each sequence: (B, T, C) → (B, C). */
function statesAt(places: Tensor, states: Tensor): Tensor {
  const [batch, time, width] = states.shape;
  return embedding(places, states.reshape([batch * time, width]));
}

/** RoBERTa's classification head. */
export class ClassificationHead {
  /** C → C. */
  readonly dense: Linear;
  /** C → labels. */
  readonly projection: Linear;
  readonly #dropoutRate: number;

  /**
   * Declares the parameters.
   *
   * @param config Sizes and labels.
   */
  constructor({ modelDim, labels, dropoutRate, initialStd = INITIAL_STD }: RobertaClassifierConfig) {
    this.dense = new Linear(modelDim, modelDim, initialStd);
    this.projection = new Linear(modelDim, labels.length, initialStd);
    this.#dropoutRate = dropoutRate;
  }

  /**
   * Computes it.
   *
   * @param states (B, C).
   * @returns Logits, (B, labels).
   */
  forward(states: Tensor): Tensor {
    const h = tanh(this.dense.forward(dropout(states, this.#dropoutRate))); // (B, C)
    return this.projection.forward(dropout(h, this.#dropoutRate)); // (B, labels)
  }
}

/**
 * A classifier made from a RoBERTa.
 *
 * @example Two texts of different lengths, untrained
 * ```ts
 * import { CpuBackend, initialize, RobertaClassifier } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = { layers: 1, heads: 2, modelDim: 8, feedForwardDim: 32, contextLength: 4, dropoutRate: 0 };
 * const labels = ["good", "bad"];
 * const model = new RobertaClassifier({ ...sizes, architecture: "roberta", vocabSize: 10, labels });
 * const backend = new CpuBackend();
 * initialize(backend, model, 1);
 * const ids = backend.from(Uint32Array.of(0, 5, 6, 2, 0, 7, 2, 1), [2, 4]);
 * assertEquals(model.forward(ids, backend.from(Uint32Array.of(4, 3))).shape, [2, 2]);
 * ```
 */
export class RobertaClassifier extends Classifier<RobertaClassifierConfig> {
  /** Reads the text. */
  readonly encoder: Roberta = new Roberta(this.config);
  /** Scores classes. */
  readonly classificationHead: ClassificationHead = new ClassificationHead(this.config);

  /**
   * Scores the classes of texts.
   *
   * @param ids u32 (B, T): `<s>` text `</s>`, or `<s>` text `</s></s>` text `</s>`, then padding.
   * @param lengths u32 (B): how many tokens of each are no padding.
   * @returns Logits, (B, labels).
   */
  forward(ids: Tensor, lengths: Tensor): Tensor {
    const states = this.encoder.states(ids, { lengths }); // (B, T, C)
    return this.classificationHead.forward(statesAt(boundaryIndices(ids, lengths, "first"), states));
  }

  /**
   * How surprised the model is by the classes.
   *
   * @param batch Inputs, lengths, and as targets the classes.
   * @returns The loss, shape (1).
   * @throws {TypeError} If the batch does not say how long its texts are.
   */
  loss(batch: BatchTensors): Tensor {
    const { inputs, targets, weights } = batch;
    return crossEntropy(this.forward(inputs, lengthsOf(batch)), targets, { weights });
  }
}

/** A classifier made from a GPT. */
export class GptClassifier extends Classifier<GptClassifierConfig> {
  /** Reads the text. */
  readonly gpt: Gpt = new Gpt(this.config);
  /** (C, labels). */
  readonly score: Parameter = new Parameter(
    [this.config.modelDim, this.config.labels.length],
    normal(this.config.initialStd ?? INITIAL_STD),
  );

  /**
   * Scores the classes of texts.
   *
   * @param ids u32 (B, T): `<start>` text `<extract>`, or `<start>` text `<delimiter>` text `<extract>`, then padding.
   * @param lengths u32 (B): how many tokens of each are no padding.
   * @returns Logits, (B, labels).
   */
  forward(ids: Tensor, lengths: Tensor): Tensor {
    // padding stands behind the last token, where causal attention does not look: nothing else to do about it
    return this.#classify(this.gpt.states(ids), boundaryIndices(ids, lengths, "last"));
  }

  #classify(states: Tensor, places: Tensor): Tensor {
    const last = dropout(statesAt(places, states), this.config.dropoutRate); // (B, C)
    return matmul(last, this.score); // (B, labels)
  }

  /**
   * How surprised the model is by the classes and, if there are auxiliary targets, by the next tokens.
   *
   * @param batch Inputs, lengths, as targets the classes, and as auxiliary targets the tokens that follow.
   * @returns The loss, shape (1).
   * @throws {TypeError} If the batch does not say how long its texts are.
   */
  loss(batch: BatchTensors): Tensor {
    const { inputs, targets, weights, auxiliaryTargets, auxiliaryWeights } = batch;
    const states = this.gpt.states(inputs); // (B, T, C)
    const logits = this.#classify(states, boundaryIndices(inputs, lengthsOf(batch), "last")); // (B, labels)
    const loss = crossEntropy(logits, targets, { weights });
    if (auxiliaryTargets === undefined) return loss;
    return add(loss, crossEntropy(this.gpt.scores(states), auxiliaryTargets, { weights: auxiliaryWeights }));
  }
}
