/**
 * Evaluating a classifier on labelled texts.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import type { Example } from "../../data/labelled_batches.ts";
import type { LabelledText } from "../../data/labelled_texts.ts";
import type { Classifier } from "../../models/classifier.ts";
import { type Classification, classify } from "../../inference/classify.ts";
import { type ConfusionMatrix, confusionMatrix } from "../../training/classification_metrics.ts";
import { yieldToEvents } from "./measure.ts";

/** Texts classified between two pauses. */
const TEXTS_PER_PAUSE = 64;

/**
 * Classifies texts, with pauses in which signals are handled.
 *
 * @param backend where the model lives
 * @param model the classifier
 * @param texts their ids
 * @returns the class of each text
 */
export async function classifyAll(
  backend: Backend,
  model: Classifier,
  texts: readonly Uint32Array[],
): Promise<Classification[]> {
  const found: Classification[] = [];
  for (let first = 0; first < texts.length; first += TEXTS_PER_PAUSE) {
    await yieldToEvents();
    const part = texts.slice(first, first + TEXTS_PER_PAUSE);
    found.push(...await classify(backend, model, part, { batchSize: Math.min(16, part.length) }));
  }
  return found;
}

/**
 * The confusion matrix of a classifier.
 *
 * @param backend where the model lives
 * @param model the classifier, as it is now
 * @param examples texts with their classes
 * @returns for each class, how often its texts are predicted to be of each class
 */
export async function confusionOf(
  backend: Backend,
  model: Classifier,
  examples: readonly Example[],
): Promise<ConfusionMatrix> {
  const found = await classifyAll(backend, model, examples.map(({ ids }) => ids));
  const actual = examples.map(({ label }) => label), predicted = found.map(({ label }) => label);
  return confusionMatrix(actual, predicted, model.config.labels.length);
}

/** Texts in a sample. */
const SAMPLE_SIZE = 4;

/**
 * A few texts with their predicted classes, and the actual ones where they differ.
 *
 * @param backend where the model lives
 * @param model the classifier, as it is now
 * @param rows the texts
 * @param examples the same texts as ids
 * @returns lines of text
 */
export async function classifiedSample(
  backend: Backend,
  model: Classifier,
  rows: readonly LabelledText[],
  examples: readonly Example[],
): Promise<string> {
  const count = Math.min(SAMPLE_SIZE, rows.length), { labels } = model.config;
  const chosen = Array.from({ length: count }, (_, i) => Math.floor(i * rows.length / count));
  const found = await classifyAll(backend, model, chosen.map((index) => examples[index].ids));
  return found.map(({ label, probabilities }, i) => {
    const { text, pair, label: actual } = rows[chosen[i]];
    const percent = (100 * probabilities[label]).toFixed(0);
    const verdict = labels[label] === actual ? "" : ` (actually ${actual})`;
    return `${labels[label]} ${percent} %${verdict}: ${text}${pair === undefined ? "" : ` | ${pair}`}`;
  }).join("\n");
}
