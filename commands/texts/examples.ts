/**
 * Labelled texts of a classifier as ids and classes.
 *
 * @module
 */
import type { Example } from "../../data/labelled_batches.ts";
import type { LabelledFile } from "../../data/labelled_texts.ts";
import { classOf } from "../../data/labels.ts";
import { fitSequences } from "../../data/sequences.ts";
import { Random } from "../../core/random.ts";
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { UsageError } from "../cli/errors.ts";
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

/** The probability that a merge is skipped, the seed of the draws, and the most tokens that fit. */
export interface DropoutOptions {
  readonly rate?: number;
  readonly seed: number;
  readonly contextLength: number;
}

/**
 * The ids of each training text in each epoch, with merges skipped at random: a function of the seed, the text and the epoch
 * alone. A text that would then no longer fit keeps all its merges. Nothing at probability 0.
 */
export function encodeWithDropout(
  { rows }: LabelledFile,
  tokenizer: BaseTokenizer,
  examples: readonly Example[],
  { rate = 0, seed, contextLength }: DropoutOptions,
): ((index: number, epoch: number) => Uint32Array) | undefined {
  if (rate === 0) return undefined;
  if (!tokenizer.hasMerges) {
    throw new UsageError(
      `--bpe-dropout is for a BPE tokenizer: that of this model (${tokenizer.algorithm}) has no merges`,
    );
  }
  return (index, epoch) => {
    const { text, pair } = rows[index];
    const stream = new Random(seed, `BPE-dropout of text ${index} in epoch ${epoch}`);
    const bpeDropout = { rate, random: () => stream.uniform() };
    const ids = tokenizer.encode(text, { addSpecialTokens: true, pair, bpeDropout });
    return ids.length <= contextLength ? ids : examples[index].ids;
  };
}

/** The tokens of the longest text, and of the longest of the first epoch if texts are encoded anew in each. */
export function longestOf(
  examples: readonly Example[],
  encode?: (index: number, epoch: number) => Uint32Array,
): number {
  return examples.reduce(
    (most, { ids }, index) => Math.max(most, ids.length, encode?.(index, 0).length ?? 0),
    0,
  );
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
