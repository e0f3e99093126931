/**
 * Masked language models: RoBERTa and BERT with their language head.
 *
 * A model that attends to the next token cannot learn by predicting it. Instead some tokens of the text are replaced by
 * `<mask>`, and the model predicts the original ones. Such a model cannot generate text, but its encoder is a good starting
 * point for classifying texts (`roberta_classifier.ts`).
 *
 * About one position in seven is masked, so logits are computed there and nowhere else: with a large vocabulary that saves
 * most of the work.
 *
 * Checked against `RobertaForMaskedLM` and `BertForMaskedLM` of Hugging Face transformers.
 *
 * @module
 */

import type { Tensor } from "../core/tensor.ts";
import { activations, geluErf } from "../kernels/activations.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { embedding } from "../kernels/embedding.ts";
import type { Experiment } from "./experiment.ts";
import { LanguageHead } from "./language_head.ts";
import type { BatchTensors, Learner } from "./learner.ts";
import { Roberta, type RobertaConfig, type RobertaContext } from "./roberta.ts";

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
 *
 * @category Models
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
