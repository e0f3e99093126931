/**
 * Judging a classifier on texts whose labels are known.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import type { Classifier } from "../../models/classifier.ts";
import {
  accuracyOf,
  type ConfusionMatrix,
  confusionMatrix,
  macroF1,
} from "../../training/classification_metrics.ts";
import { type Classification, classify } from "../../inference/classify.ts";
import type { Example } from "../../data/labelled_batches.ts";
import type { LabelledText } from "../texts/labelled_text.ts";
import { giveWay } from "../runs/measure.ts";

/** Texts between two pauses. */
const portion = 64;

/**
 * Classifies texts, with pauses in which the rest of the program has its turn.
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
  for (let first = 0; first < texts.length; first += portion) {
    await giveWay();
    const part = texts.slice(first, first + portion);
    found.push(...await classify(backend, model, part, { batchSize: Math.min(16, part.length) }));
  }
  return found;
}

/** Texts in a sample. */
const sampleSize = 4;

/** Judges a classifier, again and again on the same texts. */
export class Judge {
  readonly #backend: Backend;
  readonly #model: Classifier;
  readonly #rows: readonly LabelledText[];
  readonly #examples: readonly Example[];

  /**
   * Knows the texts.
   *
   * @param backend where the model lives
   * @param model the classifier
   * @param rows the texts
   * @param examples the same as ids and classes
   */
  constructor(
    backend: Backend,
    model: Classifier,
    rows: readonly LabelledText[],
    examples: readonly Example[],
  ) {
    this.#backend = backend;
    this.#model = model;
    this.#rows = rows;
    this.#examples = examples;
  }

  /** Which classes the model, as it is now, takes for which. */
  async confusion(): Promise<ConfusionMatrix> {
    const found = await classifyAll(this.#backend, this.#model, this.#examples.map(({ ids }) => ids));
    return confusionMatrix(
      this.#examples.map(({ label }) => label),
      found.map(({ label }) => label),
      this.#model.config.labels.length,
    );
  }

  /** How good the model is now. */
  async scores(): Promise<{ accuracy: number; macroF1: number }> {
    const matrix = await this.confusion();
    return { accuracy: accuracyOf(matrix), macroF1: macroF1(matrix) };
  }

  /** A few texts, what the model calls them now, and what they are where that is something else. */
  async sample(): Promise<string> {
    const count = Math.min(sampleSize, this.#rows.length), { labels } = this.#model.config;
    const places = Array.from({ length: count }, (_, i) => Math.floor(i * this.#rows.length / count));
    const ids = places.map((place) => this.#examples[place].ids);
    const found = await classifyAll(this.#backend, this.#model, ids);
    return found.map(({ label, probabilities }, index) => {
      const { text, pair, label: actual } = this.#rows[places[index]];
      const percent = (100 * probabilities[label]).toFixed(0);
      const verdict = labels[label] === actual ? "" : ` (it is ${actual})`;
      return `${labels[label]} ${percent} %${verdict}: ${text}${pair === undefined ? "" : ` | ${pair}`}`;
    }).join("\n");
  }
}
