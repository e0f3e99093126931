/**
 * A classifier made from a RoBERTa or BERT: two layers on the hidden state of the first token, or on the mean of all, see
 * `classifier.ts`. In a BERT the first of the two is the pooler, which belongs to the encoder and was pretrained with it.
 *
 * @module
 */

import { quoted } from "../../core/quoted.ts";
import type { Tensor } from "../../core/tensor.ts";
import { tanh } from "../../kernels/activations.ts";
import { crossEntropy } from "../../kernels/cross_entropy.ts";
import { dropout } from "../../kernels/dropout.ts";
import { boundaryIndices } from "../../kernels/embedding.ts";
import { meanPooling } from "../../kernels/mean_pooling.ts";
import {
  Classifier,
  type ClassifierOptions,
  lengthsOf,
  type Pooling,
  POOLINGS,
  statesAt,
} from "./classifier.ts";
import { INITIAL_STD } from "../config.ts";
import type { Experiment } from "../experiment.ts";
import { Linear } from "../layers.ts";
import type { BatchTensors } from "../learner.ts";
import { Roberta, type RobertaConfig } from "../roberta.ts";

/**
 * The sizes of a classifier made from a RoBERTa or BERT.
 *
 * @category Models
 */
export interface RobertaClassifierConfig extends RobertaConfig, ClassifierOptions {
  /** What it classifies by; the first token unless given, as in the paper. */
  readonly pooling?: Pooling;
  /** Probability that an element is dropped in the classification head; `dropoutRate` unless given. */
  readonly headDropoutRate?: number;
}

/**
 * The classification head of a RoBERTa; that of a BERT is its projection alone.
 *
 * @category Models
 */
export class ClassificationHead {
  /** C → C, in a RoBERTa. */
  readonly dense?: Linear;
  /** C → labels. */
  readonly projection: Linear;
  readonly #dropoutRate: number;

  /**
   * Declares the parameters.
   *
   * @param config Sizes and labels.
   */
  constructor(config: RobertaClassifierConfig) {
    const { modelDim, labels, dropoutRate, headDropoutRate = dropoutRate, initialStd = INITIAL_STD } = config;
    if (config.architecture === "roberta") this.dense = new Linear(modelDim, modelDim, initialStd);
    this.projection = new Linear(modelDim, labels.length, initialStd);
    this.#dropoutRate = headDropoutRate;
  }

  /**
   * Returns the logits of the classes: in a RoBERTa a layer with tanh, then a projection.
   *
   * @param states What {@linkcode Roberta.pool} returns, (B, C).
   * @returns Logits, (B, labels).
   */
  forward(states: Tensor): Tensor {
    const h = this.dense ? tanh(this.dense.forward(dropout(states, this.#dropoutRate))) : states; // (B, C)
    return this.projection.forward(dropout(h, this.#dropoutRate)); // (B, labels)
  }
}

/**
 * A classifier made from a RoBERTa or BERT.
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
 *
 * @category Models
 */
export class RobertaClassifier extends Classifier<RobertaClassifierConfig> {
  /** Computes hidden states. */
  readonly encoder: Roberta;
  /** Computes the logits of the classes. */
  readonly classificationHead: ClassificationHead;

  /**
   * Declares the parameters; `initialize` gives them values.
   *
   * @param config Sizes and labels.
   * @param experiment Parts that replace RoBERTa's; none unless given.
   * @throws {RangeError} If a size or the pooling makes no sense, labels are missing or not different, or padding is not a
   * token.
   * @throws {TypeError} If the experiment is not valid.
   */
  constructor(config: RobertaClassifierConfig, experiment?: Experiment) {
    super(config);
    const { pooling = "first" } = config;
    if (!POOLINGS.includes(pooling)) {
      throw new RangeError(`Cannot pool by ${quoted(pooling)}: expected ${POOLINGS.join(" or ")}`);
    }
    this.encoder = new Roberta(config, experiment);
    this.classificationHead = new ClassificationHead(config);
  }

  /** What it was built with in place of RoBERTa's parts; nothing in a model of the paper. */
  override get experiment(): Experiment | undefined {
    return this.encoder.experiment;
  }

  /**
   * Computes the logits of the classes.
   *
   * @param ids u32 (B, T): `<s>` text `</s>`, or `<s>` text `</s></s>` text `</s>`, then padding.
   * @param lengths u32 (B): the length of each text without its padding.
   * @returns Logits, (B, labels).
   */
  forward(ids: Tensor, lengths: Tensor): Tensor {
    const states = this.encoder.states(ids, { lengths }); // (B, T, C)
    const pooled = this.config.pooling === "mean"
      ? meanPooling(states, lengths) // (B, C)
      : statesAt(boundaryIndices(ids, lengths, "first"), states); // (B, C)
    return this.classificationHead.forward(this.encoder.pool(pooled));
  }

  /**
   * The cross-entropy of the classes.
   *
   * @param batch Inputs, lengths, and as targets the classes.
   * @returns The loss, shape (1).
   * @throws {TypeError} If the batch has no lengths, or the model does not choose one of several classes.
   */
  loss(batch: BatchTensors): Tensor {
    const { inputs, targets, weights } = batch;
    this.expectClasses();
    return crossEntropy(this.forward(inputs, lengthsOf(batch)), targets, { weights });
  }
}
