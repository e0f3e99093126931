/**
 * Classifying texts.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { softmax } from "../kernels/softmax.ts";
import type { Classifier } from "../models/classifier.ts";
import { checkSizes, PAD_ID } from "../models/config.ts";
import { fitSequences, padSequences } from "../data/sequences.ts";

/** The predicted class of a text. */
export interface Classification {
  /** Index of the most likely class. */
  readonly label: number;
  /** Probability of each class. */
  readonly probabilities: Float32Array;
}

/**
 * Predicts the classes of texts.
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
 */
export async function classify(
  backend: Backend,
  model: Classifier,
  texts: readonly Uint32Array[],
  options: { batchSize?: number } = {},
): Promise<Classification[]> {
  const { labels, contextLength, vocabSize, padId = PAD_ID } = model.config;
  const { batchSize = Math.max(1, Math.min(16, texts.length)) } = options, found: Classification[] = [];
  checkSizes("classify", { batchSize });
  fitSequences(texts, { contextLength });
  for (const [index, text] of texts.entries()) {
    const outside = text.find((id) => id >= vocabSize);
    if (outside !== undefined) {
      throw new RangeError(`Token ${outside} of text ${index + 1} is outside the vocabulary of ${vocabSize}`);
    }
  }
  const time = texts.reduce((longest, { length }) => Math.max(longest, length), 0);
  for (let first = 0; first < texts.length; first += batchSize) {
    const part = texts.slice(first, first + batchSize);
    const { inputs, lengths } = padSequences(part, { batchSize, contextLength: time, padId });
    const probabilities = await backend.read(
      backend.scope(() =>
        softmax(model.forward(backend.from(inputs, [batchSize, time]), backend.from(lengths))) // (B, labels)
      ),
    );
    for (const row of part.keys()) {
      const mine = Float32Array.from(probabilities.subarray(row * labels.length, (row + 1) * labels.length));
      found.push({ label: mine.indexOf(Math.max(...mine)), probabilities: mine });
    }
  }
  return found;
}
