/**
 * Labelled texts of a classifier as ids and classes.
 *
 * @module
 */
import type { Example } from "../../data/labelled_batches.ts";
import type { LabelledFile } from "../../data/labelled_texts.ts";
import { classOf } from "../../data/labels.ts";
import { fitSequences } from "../../data/sequences.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";

/** The most tokens that fit, special ones included, and whether longer texts are cut or refused. */
export interface FitOptions {
  readonly contextLength: number;
  readonly truncate: boolean;
}

/** Ids and class of each text. */
export function encodeExamples(
  file: LabelledFile,
  labels: readonly string[],
  tokenizer: Tokenizer,
  options: FitOptions,
): Example[] {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  const classes = file.rows.map((row) => indexOf.get(row.label!) ?? classOf(row, file.path, labels));
  return encodeTexts(file, tokenizer, options).map((ids, index) => ({ ids, label: classes[index] }));
}

/** Ids of each text, with special tokens around it. Errors give the line. */
export function encodeTexts(
  { path, rows }: LabelledFile,
  tokenizer: Tokenizer,
  options: FitOptions,
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

/** Cuts or refuses the text of a command line. The last token, which may be a special one, is kept. */
export function fitText(ids: Uint32Array, { contextLength, truncate }: FitOptions): Uint32Array {
  if (ids.length > contextLength && !truncate) {
    throw new RangeError(
      `The text has ${ids.length} tokens and the model reads ${contextLength}: shorten it, or give --truncate`,
    );
  }
  return fitSequences([ids], { contextLength, truncate })[0];
}
