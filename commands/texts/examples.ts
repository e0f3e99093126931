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
import { fillFrame, type Frame } from "../../tokenizers/special_tokens.ts";
import { UsageError } from "../cli/errors.ts";

/** The most tokens that fit, special ones included, and whether longer texts are cut or refused. */
export interface FitOptions {
  readonly contextLength: number;
  readonly truncate: boolean;
}

/** Ids and class of each text. */
export function encodeExamples(
  file: LabelledFile,
  labels: readonly string[],
  tokenizer: BaseTokenizer,
  options: FitOptions,
): Example[] {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  const classes = file.rows.map((row) => indexOf.get(row.label!) ?? classOf(row, file.path, labels));
  return encodeTexts(file, tokenizer, options).map((ids, index) => ({ ids, label: classes[index] }));
}

/** Ids of each text, with special tokens around it. Errors give the line. */
export function encodeTexts(
  { path, rows }: LabelledFile,
  tokenizer: BaseTokenizer,
  options: FitOptions,
): Uint32Array[] {
  const encoded = rows.map(({ text, pair, line }) => {
    try {
      return encodeCut(tokenizer, { text, pair }, options);
    } catch (error) {
      throw new Error(`${path}, line ${line}: ${(error as Error).message}`, { cause: error });
    }
  });
  try {
    return fitSequences(encoded, { contextLength: options.contextLength });
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

/** A text, and the second one of a pair. */
interface OneOrTwo {
  readonly text: string;
  readonly pair?: string;
}

/** The ids of the text of a command line, with special tokens around it; a text that is too long is cut or refused. */
export function fitText(
  tokenizer: BaseTokenizer,
  texts: OneOrTwo,
  options: FitOptions,
  frame?: Frame,
): Uint32Array {
  const { contextLength, truncate } = options, ids = encodeCut(tokenizer, texts, options, frame);
  if (ids.length > contextLength && !truncate) {
    throw new RangeError(
      `The text has ${ids.length} tokens and the model reads ${contextLength}: shorten it, or give --truncate`,
    );
  }
  return fitSequences([ids], { contextLength })[0];
}

/**
 * The ids of a text, or two, with special tokens around them. Where they may be cut and are too long, they end early, as for
 * transformers: of two the longer one, until both are equally long.
 */
function encodeCut(
  tokenizer: BaseTokenizer,
  { text, pair }: OneOrTwo,
  { contextLength, truncate }: FitOptions,
  frame: Frame = tokenizer.frame,
): Uint32Array {
  const first = tokenizer.encode(text), second = pair === undefined ? undefined : tokenizer.encode(pair);
  const whole = fillFrame(frame, first, second), lengths = [first.length, second?.length ?? 0];
  if (!truncate || whole.length <= contextLength) return whole;
  const room = Math.max(0, contextLength - whole.length + lengths[0] + lengths[1]);
  const shorter = Math.min(...lengths, room >> 1), longer = room - shorter;
  const [one, two] = lengths[0] > lengths[1] ? [longer, shorter] : [shorter, longer];
  return pair === undefined
    ? fillFrame(frame, first.subarray(0, room))
    : fillFrame(frame, first.subarray(0, one), second!.subarray(0, two));
}
