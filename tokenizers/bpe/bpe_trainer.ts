/**
 * Training a byte-level BPE vocabulary, as Hugging Face `tokenizers` does, merge for merge.
 *
 * The corpus becomes a list of different pre-tokens with counts (pre_token_counts.ts), written as bytes. The vocabulary
 * starts with the special tokens and the 256 bytes; then the most frequent pair of neighbouring symbols becomes a token
 * of its own, again and again (bpe_merges.ts), until the vocabulary is full or nothing is frequent enough.
 *
 * @module
 */

import { learnMerges, type Merge, type SymbolWords } from "./bpe_merges.ts";
import { BpeTokenizer } from "./bpe_tokenizer.ts";
import { BYTE_SYMBOLS } from "./byte_symbols.ts";
import { countPreTokens, type PreTokenCounts } from "./pre_token_counts.ts";
import { frameOf, type SpecialToken } from "../special_tokens.ts";

/**
 * How to train.
 *
 * @category Tokenizers
 */
export interface BpeTrainingOptions {
  /** The number of tokens to make, special ones and bytes included. */
  vocabSize: number;
  /** Pairs that occur less often are not merged. 2 if absent. */
  minFrequency?: number;
  /** Special tokens, which get the first ids in this order. None if absent. */
  specialTokens?: readonly string[];
  /** Start from all 256 bytes (`"bytes"`, the default), or only from those that occur (`"seen"`). */
  alphabet?: "bytes" | "seen";
  /** Keep at most so many of the bytes that occur, the most frequent ones. No limit if absent. */
  limitAlphabet?: number;
  /**
   * Make no token of this many bytes or more, except pairs of single bytes: `max_token_length` of Hugging Face
   * `tokenizers`. No limit if absent.
   */
  maxTokenLength?: number;
  /** Put a space in front of each text, in training as in encoding. Off by default. */
  addPrefixSpace?: boolean;
  /** Treat each line of the texts, with its line feed, as a text of its own, as Hugging Face does with files. */
  lines?: boolean;
  /** Called with the progress of the training. */
  onProgress?: (progress: BpeTrainingProgress) => void;
}

/**
 * The progress of a training.
 *
 * @category Tokenizers
 */
export interface BpeTrainingProgress {
  /** What is being done; `"done"` comes once, at the end. */
  readonly stage: "counting" | "merging" | "done";
  /** UTF-16 units of text counted so far. */
  readonly textLength: number;
  /** Tokens made so far, special ones and bytes included. */
  readonly vocabSize: number;
  /** True if the training ended because no pair was left that occurs `minFrequency` times. */
  readonly exhausted: boolean;
}

/** A vocabulary and the merges that make its longer tokens. */
export interface BpeVocabulary {
  /** The token of each id. */
  readonly tokens: string[];
  /** The merges in order, as ids. */
  readonly merges: Merge[];
}

/**
 * Trains a byte-level BPE tokenizer on a corpus, which may be longer than memory: it is read once, text by text.
 *
 * @param texts The texts of the corpus.
 * @param options How to train; at least the size of the vocabulary.
 * @returns The tokenizer. If special tokens include `<s>` and `</s>`, they go around a text on request, as in RoBERTa.
 * @throws {RangeError} If the corpus is empty, or the vocabulary smaller than special tokens and bytes together.
 *
 * @example
 * ```ts
 * import { trainBpe } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = await trainBpe(["the cat, the hat, the bat"], { vocabSize: 259 });
 * const tokens = [...tokenizer.encode("the rat")].map((id) => tokenizer.tokenOf(id));
 * assertEquals(tokens, ["the", "Ġ", "r", "at"]);
 * ```
 *
 * @category Tokenizers
 */
export async function trainBpe(
  texts: Iterable<string> | AsyncIterable<string>,
  options: BpeTrainingOptions,
): Promise<BpeTokenizer> {
  const { vocabSize, minFrequency = 2, onProgress } = options;
  checkWhole("vocabSize", vocabSize, 1);
  checkWhole("minFrequency", minFrequency, 0);
  if (options.maxTokenLength !== undefined) checkWhole("maxTokenLength", options.maxTokenLength, 1);
  if (options.limitAlphabet !== undefined) checkWhole("limitAlphabet", options.limitAlphabet, 1);

  const counts = await countPreTokens(texts, {
    lines: options.lines,
    addPrefixSpace: options.addPrefixSpace,
    onProgress: (textLength) =>
      onProgress?.({ stage: "counting", textLength, vocabSize: 0, exhausted: false }),
  });
  const { textLength } = counts;
  if (textLength === 0) throw new RangeError("Cannot train a tokenizer: the corpus is empty");

  const { tokens, merges } = learnBpe(counts, options, (tokens) => {
    onProgress?.({ stage: "merging", textLength, vocabSize: tokens.length, exhausted: false });
  });
  if (tokens.length > vocabSize) {
    const special = new Set(options.specialTokens).size;
    throw new RangeError(
      `Cannot train a vocabulary of size ${vocabSize}: ${special} special token${
        special === 1 ? "" : "s"
      } and ` +
        `${tokens.length - special} bytes come first; the least is ${tokens.length}`,
    );
  }
  onProgress?.({ stage: "done", textLength, vocabSize: tokens.length, exhausted: tokens.length < vocabSize });
  const specialTokens = [...new Set(options.specialTokens)].map((content, id): SpecialToken => ({
    content,
    id,
    leftStrip: content === "<mask>",
    rightStrip: false,
    singleWord: false,
    special: true,
  }));
  return new BpeTokenizer({
    tokens,
    merges,
    specialTokens,
    frame: frameOf(specialTokens),
    addPrefixSpace: options.addPrefixSpace,
  });
}

/**
 * Trains a vocabulary from counted pre-tokens. Where {@linkcode trainBpe} throws, because the vocabulary is smaller than
 * special tokens and bytes together, this returns those and no merges.
 *
 * @param preTokens The pre-tokens of the corpus.
 * @param options How to train.
 * @param onMerge Called with the tokens so far after each merge.
 * @returns The vocabulary and its merges.
 *
 * @example
 * ```ts
 * import { learnBpe } from "./bpe_trainer.ts";
 * import { countPreTokens } from "./pre_token_counts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const preTokens = await countPreTokens(["low low low"]);
 * const { tokens } = learnBpe(preTokens, { vocabSize: 6, alphabet: "seen" });
 * assertEquals(tokens, ["l", "o", "w", "Ġ", "lo", "low"]);
 * ```
 */
export function learnBpe(
  preTokens: PreTokenCounts,
  options: BpeTrainingOptions,
  onMerge?: (tokens: readonly string[]) => void,
): BpeVocabulary {
  const tokens = [...new Set([...options.specialTokens ?? [], ...chooseAlphabet(preTokens, options)])];
  const words = symbolsOf(preTokens, tokens);
  const merges = learnMerges(
    tokens,
    words,
    {
      vocabSize: options.vocabSize,
      minFrequency: options.minFrequency ?? 2,
      maxTokenLength: options.maxTokenLength,
    },
    () => onMerge?.(tokens),
  );
  return { tokens, merges };
}

/** The bytes to start from, as printable characters in the order of their code points. */
function chooseAlphabet(
  preTokens: PreTokenCounts,
  { alphabet = "bytes", limitAlphabet }: BpeTrainingOptions,
): string[] {
  const counts = new Float64Array(256).fill(alphabet === "bytes" ? Infinity : 0);
  for (let entry = 0; entry < preTokens.counts.length; entry++) {
    for (let i = preTokens.starts[entry]; i < preTokens.starts[entry + 1]; i++) {
      counts[preTokens.bytes[i]] += preTokens.counts[entry];
    }
  }
  const bytes = BYTE_SYMBOLS.map((_, byte) => byte).filter((byte) => counts[byte] > 0);
  if (limitAlphabet !== undefined) bytes.sort((a, b) => counts[b] - counts[a] || a - b).splice(limitAlphabet);
  return bytes.map((byte) => BYTE_SYMBOLS[byte]).sort();
}

/** Writes pre-tokens as ids; bytes outside the alphabet are left out. */
function symbolsOf({ bytes, starts, counts }: PreTokenCounts, tokens: readonly string[]): SymbolWords {
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const idOfByte = Int32Array.from(BYTE_SYMBOLS, (symbol) => idOf.get(symbol) ?? -1);
  const words = { symbols: new Int32Array(bytes.length), starts: new Int32Array(starts.length), counts };
  let length = 0;
  for (let word = 0; word < counts.length; word++) {
    for (let i = starts[word]; i < starts[word + 1]; i++) {
      const id = idOfByte[bytes[i]];
      if (id >= 0) words.symbols[length++] = id;
    }
    words.starts[word + 1] = length;
  }
  return words;
}

function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(
      `Cannot train a tokenizer: ${name} is ${value}, expected a whole number of at least ${least}`,
    );
  }
}
