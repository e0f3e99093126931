/**
 * The examples of a classifier: labelled texts as ids and class indices.
 *
 * @module
 */
import { permutation } from "../../core/random.ts";
import { quoted, shortened } from "../../core/quoted.ts";
import { fingerprintOfDocuments } from "../../tokenizers/token_file.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import type { Example } from "../../data/labelled_batches.ts";
import { fitSequences } from "../../data/sequences.ts";
import { type LabelledFile, type LabelledText, readLabelled } from "./labelled_text.ts";

/** Labelled texts, split into training and validation. */
export interface LabelledCorpus {
  /** For training. */
  readonly training: LabelledFile;
  /** For validation. */
  readonly validation: LabelledFile;
  /** Changes when any of them does. */
  readonly fingerprint: string;
}

/**
 * Reads the texts of a run.
 *
 * @param data the training file
 * @param options the validation file, or the fraction of the data that is held back instead, drawn by the seed
 * @returns the texts
 * @throws {Error} when a file cannot be read, or only one label is left for training
 */
export async function readLabelledCorpus(
  data: string,
  options: { validation?: string; validationFraction: number; seed: number },
): Promise<LabelledCorpus> {
  const file = await readLabelled(data), { rows } = file;
  let training = file, validation: LabelledFile;
  if (options.validation !== undefined) validation = await readLabelled(options.validation);
  else {
    const order = permutation(rows.length, options.seed, 0),
      held = Math.min(Math.ceil(rows.length * options.validationFraction), rows.length - 1);
    const part = (indices: Uint32Array) => Array.from(indices.slice().sort(), (index) => rows[index]);
    training = { ...file, rows: part(order.subarray(held)) };
    validation = { path: data, rows: part(order.subarray(0, held)), emptyLines: 0 };
    const isMixed = ({ rows }: LabelledFile) => rows.some(({ label }) => label !== rows[0].label);
    if (isMixed(file) && !isMixed(training)) {
      throw new Error(
        `Cannot train on ${data}: all texts that are not held back for validation (${held}) have the same label; give --validation`,
      );
    }
  }
  const flat = ({ rows }: LabelledFile) => rows.map((row) => JSON.stringify([row.text, row.pair, row.label]));
  const fingerprint = fingerprintOfDocuments([...flat(training), "", ...flat(validation)]);
  return { training, validation, fingerprint };
}

/** The most classes of a classifier. The confusion matrix grows with their square. */
const MOST_CLASSES = 1000;

/**
 * The labels of texts, each once: numbers in their order, others in alphabetical order.
 *
 * @param file the texts
 * @returns the labels
 * @throws {Error} when there is only one, or more than 1,000
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { labelsOf } from "./examples.ts";
 *
 * const file = (labels: string[]) => ({
 *   path: "train.tsv",
 *   rows: labels.map((label, line) => ({ text: "…", label, line })),
 *   emptyLines: 0,
 * });
 * assertEquals(labelsOf(file(["10", "9", "10"])), ["9", "10"]);
 * assertThrows(() => labelsOf(file(["1", "1"])), Error, 'every text of train.tsv has label "1"');
 * ```
 */
export function labelsOf({ path, rows }: LabelledFile): string[] {
  const labels = [...new Set(rows.map(({ label }) => label!))];
  if (labels.length > MOST_CLASSES) {
    throw new Error(
      `Cannot train a classifier: ${path} has ${labels.length} different labels, expected at most ` +
        `${MOST_CLASSES}; are the columns of texts and labels swapped?`,
    );
  }
  if (labels.length < 2) {
    throw new Error(
      `Cannot train a classifier: every text of ${path} has label ${quoted(labels[0])}`,
    );
  }
  return labels.every((label) => label !== "" && Number.isFinite(Number(label)))
    ? labels.sort((a, b) => Number(a) - Number(b))
    : labels.sort();
}

/**
 * The class index of a label.
 *
 * @param row a text
 * @param path its file
 * @param labels the labels of the classifier
 * @returns the index
 * @throws {Error} when the label is not among them
 */
export function classOf({ label, line }: LabelledText, path: string, labels: readonly string[]): number {
  const index = labels.indexOf(label!);
  if (index >= 0) return index;
  throw new Error(
    `${path}, line ${line}: label ${quoted(label)} was not in the training data: expected one of ${
      labels.slice(0, 10).map(shortened).join(", ")
    }${labels.length > 10 ? ", …" : ""}`,
  );
}

/**
 * Encodes labelled texts.
 *
 * @param file the texts
 * @param labels the labels of the classifier
 * @param tokenizer the tokenizer, which puts special tokens around a text
 * @param options the most tokens that fit, and whether to cut longer texts
 * @returns ids and class of each text
 * @throws {Error} when a label is unknown, or a text too long
 */
export function encodeExamples(
  file: LabelledFile,
  labels: readonly string[],
  tokenizer: Tokenizer,
  options: { contextLength: number; truncate: boolean },
): Example[] {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  const classes = file.rows.map((row) => indexOf.get(row.label!) ?? classOf(row, file.path, labels));
  return encodeTexts(file, tokenizer, options).map((ids, index) => ({ ids, label: classes[index] }));
}

/**
 * Encodes texts.
 *
 * @param file the texts
 * @param tokenizer the tokenizer, which puts special tokens around a text
 * @param options the most tokens that fit, and whether to cut longer texts
 * @returns the ids of each text
 * @throws {Error} when a text is too long, or has characters that are not in the vocabulary
 */
export function encodeTexts(
  { path, rows }: LabelledFile,
  tokenizer: Tokenizer,
  options: { contextLength: number; truncate: boolean },
): Uint32Array[] {
  const encoded = rows.map(({ text, pair, line }) => {
    try {
      return tokenizer.encode(text, { addSpecialTokens: true, pair });
    } catch (error) {
      throw new Error(`${path}, line ${line}: ${(error as Error).message}`, { cause: error });
    }
  });
  try {
    return fitSequences(encoded, options);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}; --truncate cuts them`, { cause: error });
  }
}
