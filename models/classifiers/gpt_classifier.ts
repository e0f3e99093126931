/**
 * A classifier made from a GPT: one product with the hidden state of the last token, see `classifier.ts`.
 *
 * While GPT is fine-tuned it also predicts the next token, and the two losses are added: this keeps what pretraining has
 * learned, and converges faster (section 3.2 of the paper).
 *
 * @module
 */

import { normal, Parameter } from "../../core/module.ts";
import type { Tensor } from "../../core/tensor.ts";
import { crossEntropy } from "../../kernels/cross_entropy.ts";
import { dropout } from "../../kernels/dropout.ts";
import { add } from "../../kernels/elementwise.ts";
import { boundaryIndices } from "../../kernels/embedding.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { Classifier, type ClassifierOptions, lengthsOf, statesAt } from "./classifier.ts";
import { INITIAL_STD } from "../config.ts";
import type { Experiment } from "../experiment.ts";
import { Gpt, type GptConfig } from "../gpt.ts";
import type { BatchTensors } from "../learner.ts";

/**
 * The sizes of a classifier made from a GPT.
 *
 * @category Models
 */
export type GptClassifierConfig = GptConfig & ClassifierOptions;

/**
 * A classifier made from a GPT.
 *
 * @category Models
 */
export class GptClassifier extends Classifier<GptClassifierConfig> {
  /** Computes hidden states. */
  readonly gpt: Gpt;
  /** (C, labels). */
  readonly score: Parameter;

  /**
   * Declares the parameters; `initialize` gives them values.
   *
   * @param config Sizes and labels.
   * @param experiment Parts that replace those of the architecture; none unless given.
   * @throws {RangeError} If a size makes no sense, labels are missing or not different, or padding is not a token.
   * @throws {TypeError} If the experiment is not valid.
   */
  constructor(config: GptClassifierConfig, experiment?: Experiment) {
    super(config);
    const { modelDim, labels, initialStd = INITIAL_STD } = config;
    this.gpt = new Gpt(config, experiment);
    this.score = new Parameter([modelDim, labels.length], normal(initialStd));
  }

  /** What it was built with in place of the architecture's parts; nothing in a model of the papers. */
  override get experiment(): Experiment | undefined {
    return this.gpt.experiment;
  }

  /**
   * Computes the logits of the classes.
   *
   * @param ids u32 (B, T): `<start>` text `<extract>`, or `<start>` text `<delimiter>` text `<extract>`, then padding.
   * @param lengths u32 (B): the length of each text without its padding.
   * @returns Logits, (B, labels).
   */
  forward(ids: Tensor, lengths: Tensor): Tensor {
    // padding follows the last token, where causal attention does not reach, so it needs no mask
    return this.#classify(this.gpt.states(ids), boundaryIndices(ids, lengths, "last"));
  }

  #classify(states: Tensor, indices: Tensor): Tensor {
    const last = dropout(statesAt(indices, states), this.config.dropoutRate); // (B, C)
    return matmul(last, this.score); // (B, labels)
  }

  /**
   * The cross-entropy of the classes and, if there are auxiliary targets, that of the next tokens.
   *
   * @param batch Inputs, lengths, as targets the classes, and as auxiliary targets the tokens that follow.
   * @returns The loss, shape (1).
   * @throws {TypeError} If the batch has no lengths, or the model does not choose one of several classes.
   */
  loss(batch: BatchTensors): Tensor {
    const { inputs, targets, weights, auxiliaryTargets, auxiliaryWeights } = batch;
    this.expectClasses();
    const states = this.gpt.states(inputs); // (B, T, C)
    const logits = this.#classify(states, boundaryIndices(inputs, lengthsOf(batch), "last")); // (B, labels)
    const loss = crossEntropy(logits, targets, { weights });
    if (auxiliaryTargets === undefined) return loss;
    return add(loss, crossEntropy(this.gpt.logits(states), auxiliaryTargets, { weights: auxiliaryWeights }));
  }
}
