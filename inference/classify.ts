/**
 * Classifying texts.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { exp } from "../core/math.ts";
import { softmax } from "../kernels/softmax.ts";
import { type Classifier, problemOf } from "../models/classifiers/classifier.ts";
import { checkSizes, PAD_ID } from "../models/config.ts";
import type { Example } from "../data/labelled_batches.ts";
import { fitSequences, padSequences } from "../data/sequences.ts";
import { type ConfusionMatrix, confusionMatrix } from "../training/classification_metrics.ts";
import { yieldToEvents } from "../training/evaluate.ts";

/** Batches that are padded to the same length, between two pauses. */
const BATCHES_PER_PART = 4;

/**
 * The predicted class of a text.
 *
 * @category Inference
 */
export interface Classification {
  /** Index of the most likely class. */
  readonly label: number;
  /** Probability of each class, which sum to 1 where one of them is right. Of a regression the predicted numbers. */
  readonly probabilities: Float32Array;
}

/**
 * Predicts the classes of texts. Pending events run after every few batches, see `yieldToEvents`.
 *
 * @example
 * ```ts
 * import { classify, CpuBackend, initialize, RobertaClassifier } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = { layers: 1, heads: 2, modelDim: 8, feedForwardDim: 32, contextLength: 8, dropoutRate: 0 };
 * const labels = ["good", "bad"];
 * const model = new RobertaClassifier({ ...sizes, architecture: "roberta", vocabSize: 10, labels });
 * const backend = new CpuBackend();
 * initialize(backend, model, 1);
 * const [{ label }] = await classify(backend, model, [Uint32Array.of(0, 5, 6, 2)]);
 * assertEquals(label in labels, true);
 * ```
 *
 * @param backend The device of the model.
 * @param model The classifier.
 * @param texts Token ids of each text, special tokens included.
 * @param options Number of texts in a batch; 16 unless given.
 * @returns One entry for each text.
 * @throws {RangeError} If a text is empty or longer than the context, a token is outside the vocabulary, or the batch
 * size is not a positive integer.
 * @category Inference
 */
export async function classify(
  backend: Backend,
  model: Classifier,
  texts: readonly Uint32Array[],
  options: { batchSize?: number } = {},
): Promise<Classification[]> {
  const { batchSize = 16 } = options, { contextLength, vocabSize } = model.config;
  checkSizes("classify", { batchSize });
  fitSequences(texts, { contextLength });
  for (const [index, text] of texts.entries()) {
    const outside = text.find((id) => id >= vocabSize);
    if (outside !== undefined) {
      throw new RangeError(`Token ${outside} of text ${index + 1} is outside the vocabulary of ${vocabSize}`);
    }
  }
  const found: Classification[] = [], size = BATCHES_PER_PART * batchSize;
  for (let first = 0; first < texts.length; first += size) {
    await yieldToEvents();
    found.push(...await classifyPart(backend, model, texts.slice(first, first + size), batchSize));
  }
  return found;
}

async function classifyPart(
  backend: Backend,
  model: Classifier,
  texts: readonly Uint32Array[],
  mostTexts: number,
): Promise<Classification[]> {
  const { labels, padId = PAD_ID } = model.config, problem = problemOf(model.config);
  const found: Classification[] = [];
  const batchSize = Math.min(mostTexts, texts.length);
  const length = texts.reduce((longest, { length }) => Math.max(longest, length), 0);
  for (let first = 0; first < texts.length; first += batchSize) {
    const part = texts.slice(first, first + batchSize);
    const { inputs, lengths } = padSequences(part, { batchSize, contextLength: length, padId });
    const scores = await backend.read(
      backend.scope(() => {
        const logits = model.forward(backend.from(inputs, [batchSize, length]), backend.from(lengths)); // (B, labels)
        return problem === "single_label_classification" ? softmax(logits) : logits; // (B, labels)
      }),
    );
    // each class for itself: the logistic function
    const probabilities = problem === "multi_label_classification"
      ? Float32Array.from(scores, (logit) => 1 / (1 + exp(-logit)))
      : scores;
    for (const row of part.keys()) {
      const mine = Float32Array.from(probabilities.subarray(row * labels.length, (row + 1) * labels.length));
      found.push({ label: mine.indexOf(Math.max(...mine)), probabilities: mine });
    }
  }
  return found;
}

/**
 * Classifies texts whose classes are known.
 *
 * @example
 * ```ts
 * import { confusionOf, CpuBackend, initialize, RobertaClassifier } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = { layers: 1, heads: 2, modelDim: 8, feedForwardDim: 32, contextLength: 8, dropoutRate: 0 };
 * const labels = ["good", "bad"];
 * const model = new RobertaClassifier({ ...sizes, architecture: "roberta", vocabSize: 10, labels });
 * const backend = new CpuBackend();
 * initialize(backend, model, 1);
 * const matrix = await confusionOf(backend, model, [{ ids: Uint32Array.of(0, 5, 2), label: 1 }]);
 * assertEquals(matrix[1][0] + matrix[1][1], 1);
 * ```
 *
 * @param backend The device of the model.
 * @param model The classifier.
 * @param examples Texts with their classes.
 * @returns How often the texts of class i (row) are predicted as class j (column).
 * @throws {RangeError} If a text cannot be classified, see {@linkcode classify}.
 * @category Inference
 */
export async function confusionOf(
  backend: Backend,
  model: Classifier,
  examples: readonly Example[],
): Promise<ConfusionMatrix> {
  const found = await classify(backend, model, examples.map(({ ids }) => ids));
  const actual = examples.map(({ label }) => label), predicted = found.map(({ label }) => label);
  return confusionMatrix(actual, predicted, model.config.labels.length);
}
