/**
 * Classifiers: a pretrained model, and a small head on the hidden state of one token.
 *
 * Which token depends on what it attends to. RoBERTa attends in both directions, so the first token, `<s>`, which has no
 * meaning of its own, comes to represent the whole text. In GPT only the last token has attended to all others; the
 * paper adds one for this purpose, `<extract>`, with `<start>` in front and `<delimiter>` between two texts.
 *
 *     RoBERTa    state of <s>        → dropout → dense → tanh → dropout → projection → logits
 *     BERT       state of [CLS]      →           pooler → tanh → dropout → projection → logits
 *     GPT        state of <extract>  → dropout → score                              → logits
 *
 * A RoBERTa may take the mean of all states in place of that of `<s>` (`pooling: "mean"`, see
 * `kernels/mean_pooling.ts`), which suits a classifier that begins with random weights. The papers and Hugging Face do not.
 *
 * This file has what both share; the classifiers are in `gpt_classifier.ts` and `roberta_classifier.ts`.
 *
 * References: Radford et al., "Improving language understanding by generative pre-training", 2018, section 3.2; Liu et
 * al., "RoBERTa", 2019; checked against `RobertaForSequenceClassification` and `OpenAIGPTForSequenceClassification` of
 * Hugging Face transformers.
 *
 * @module
 */

import { quoted } from "../../core/quoted.ts";
import type { Tensor } from "../../core/tensor.ts";
import { embedding } from "../../kernels/embedding.ts";
import { PAD_ID, type TransformerConfig } from "../config.ts";
import type { Experiment } from "../experiment.ts";
import type { BatchTensors, Learner } from "../learner.ts";

/**
 * What a text is classified by: the hidden state of its first token, or the mean of those of all its tokens.
 *
 * @category Models
 */
export type Pooling = "first" | "mean";

/**
 * All ways of pooling.
 *
 * @category Models
 */
export const POOLINGS: readonly Pooling[] = ["first", "mean"];

/**
 * What the logits of a classifier mean, in Hugging Face's words: one class is right, any number of them are, or the logits
 * are the numbers that are predicted. Only the first can be trained here.
 *
 * @category Models
 */
export const PROBLEM_TYPES = [
  "single_label_classification",
  "multi_label_classification",
  "regression",
] as const;

/**
 * One of {@linkcode PROBLEM_TYPES}.
 *
 * @category Models
 */
export type ProblemType = typeof PROBLEM_TYPES[number];

/**
 * What the logits of a classifier mean.
 *
 * @param config Its labels, and what it is said to be.
 * @returns What is said; otherwise one class of several. A single label is scored by itself, as the pipelines of
 * transformers do, unless the model is said to be a regression.
 * @category Models
 */
export function problemOf({ labels, problemType }: ClassifierOptions): ProblemType {
  return problemType ?? (labels.length === 1 ? "multi_label_classification" : "single_label_classification");
}

/**
 * What a classifier has besides the sizes of the model inside.
 *
 * @category Models
 */
export interface ClassifierOptions {
  /** Names of the classes; class k is called `labels[k]`. A single one is scored by itself. */
  readonly labels: readonly string[];
  /** What the logits mean, see {@linkcode problemOf}. */
  readonly problemType?: ProblemType;
  /**
   * The id of padding, which occurs nowhere else. It is written to the checkpoint of a GPT, because Hugging Face classifies
   * by the last token that is not padding; 1 unless given, as in every RoBERTa.
   */
  readonly padId?: number;
}

/**
 * Classifies texts.
 *
 * @category Models
 */
export abstract class Classifier<
  Config extends TransformerConfig & ClassifierOptions = TransformerConfig & ClassifierOptions,
> implements Learner {
  /** Sizes and labels. */
  readonly config: Config;

  /**
   * Checks the labels; `initialize` gives values to the parameters, which subclasses declare.
   *
   * @param config Sizes and labels.
   * @throws {RangeError} If a size makes no sense, labels are missing or not different, or padding is not a token.
   */
  constructor(config: Config) {
    const { labels, padId = PAD_ID, vocabSize } = config,
      repeated = labels.find((label, index) => labels.indexOf(label) < index);
    if (labels.length < 1) {
      throw new RangeError("Cannot classify into 0 classes: expected at least one label");
    }
    if (labels.length === 1 && config.problemType === "single_label_classification") {
      throw new RangeError(
        'Cannot choose one of a single class: expected another problem_type than "single_label_classification"',
      );
    }
    if (repeated !== undefined) {
      throw new RangeError(
        `Cannot use label ${quoted(repeated)} for two classes: expected different names`,
      );
    }
    if (!(Number.isInteger(padId) && padId >= 0 && padId < vocabSize)) {
      throw new RangeError(
        `Cannot pad texts with token ${padId}: the vocabulary has ${vocabSize} tokens, 0 to ${vocabSize - 1}`,
      );
    }
    this.config = config;
  }

  /** What the model inside was built with in place of its family's parts; nothing in a model of the papers. */
  abstract get experiment(): Experiment | undefined;

  /**
   * Refuses to train what has no loss here.
   *
   * @throws {TypeError} If the model does not choose one of several classes.
   */
  protected expectClasses(): void {
    const problem = problemOf(this.config);
    if (problem === "single_label_classification") return;
    throw new TypeError(
      `Cannot train a classifier with problem_type ${
        quoted(problem)
      }: only one of several classes is learned here`,
    );
  }

  /**
   * Computes the logits of the classes.
   *
   * @param ids u32 (B, T), as the family frames its texts, then padding.
   * @param lengths u32 (B): the length of each text without its padding.
   * @returns Logits, (B, labels).
   */
  abstract forward(ids: Tensor, lengths: Tensor): Tensor;

  /**
   * The cross-entropy of the classes.
   *
   * @param batch Inputs, lengths, and as targets the classes.
   * @returns The loss, shape (1).
   * @throws {TypeError} If the batch has no lengths, or the model does not choose one of several classes.
   */
  abstract loss(batch: BatchTensors): Tensor;
}

/**
 * The lengths of the texts of a batch.
 *
 * @param batch The batch.
 * @returns u32 (B).
 * @throws {TypeError} If the batch has none.
 */
export function lengthsOf({ lengths }: BatchTensors): Tensor {
  if (lengths === undefined) {
    throw new TypeError("Cannot classify a batch without lengths: expected one for each text");
  }
  return lengths;
}

/**
 * One hidden state of each sequence.
 *
 * @param indices u32 (B): which of the B · T positions.
 * @param states (B, T, C).
 * @returns (B, C).
 */
export function statesAt(indices: Tensor, states: Tensor): Tensor {
  const [batch, time, width] = states.shape;
  return embedding(indices, states.reshape([batch * time, width])); // (B, C)
}
