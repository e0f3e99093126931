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
import { BARE_FRAME, fillFrame } from "../../tokenizers/special_tokens.ts";
import { UsageError } from "../cli/errors.ts";
import { counted } from "../cli/terminal.ts";

/** How texts are made to fit a model. */
export interface FitOptions {
  /** The most tokens, special ones included. */
  readonly contextLength: number;
  /** Whether longer texts are cut; they are refused otherwise. */
  readonly truncate: boolean;
  /** Whether the tokenizer's special tokens go around a text; true unless given. */
  readonly addSpecialTokens?: boolean;
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
export function fitText(tokenizer: BaseTokenizer, texts: OneOrTwo, options: FitOptions): Uint32Array {
  const { contextLength, truncate } = options, ids = encodeCut(tokenizer, texts, options);
  if (ids.length === 0) throw new Error("There is nothing to read: the text is empty");
  if (ids.length > contextLength && !truncate) {
    throw new RangeError(
      `The text has ${
        counted(ids.length, "token")
      } and the model reads ${contextLength}: shorten it, or give --truncate`,
    );
  }
  return fitSequences([ids], { contextLength })[0];
}

/**
 * The ids of a text, or two, with special tokens around them. Those that are too long lose their end, not the special tokens;
 * of two texts the longer one is cut first, until both are equally long, as in transformers.
 */
function encodeCut(
  tokenizer: BaseTokenizer,
  { text, pair }: OneOrTwo,
  { contextLength, truncate, addSpecialTokens = true }: FitOptions,
): Uint32Array {
  const whole = tokenizer.encode(text, { addSpecialTokens, pair });
  if (!truncate || whole.length <= contextLength) return whole;
  const first = tokenizer.encode(text), second = pair === undefined ? undefined : tokenizer.encode(pair);
  const lengths = [first.length, second?.length ?? 0];
  const room = Math.max(0, contextLength - whole.length + lengths[0] + lengths[1]);
  const shorter = Math.min(...lengths, room >> 1), longer = room - shorter;
  const [one, two] = lengths[0] > lengths[1] ? [longer, shorter] : [shorter, longer];
  const frame = addSpecialTokens ? tokenizer.frame : BARE_FRAME;
  return fillFrame(frame, first.subarray(0, one), second?.subarray(0, two));
}
