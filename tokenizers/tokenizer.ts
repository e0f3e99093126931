/**
 * The interface of all tokenizers: text to ids, and ids to text.
 *
 * The input of a model is not text but ids: integers from 0 to `vocabSize` − 1, each the index of a row of the embedding
 * table. A tokenizer defines which piece of text has which id. Weights are useless with any other tokenizer than the one
 * they were trained with, so it is saved in the folder of the model, and has a {@linkcode Tokenizer.fingerprint} that is
 * stored with encoded text.
 *
 * @module
 */

import type { BpeDropout } from "./bpe/bpe_dropout.ts";
import type { SpecialToken } from "./special_tokens.ts";

/**
 * How {@linkcode Tokenizer.encode} treats special tokens, and whether it leaves merges out.
 *
 * @category Tokenizers
 */
export interface EncodeOptions {
  /**
   * `"find"` (the default, as in Hugging Face `tokenizers`): the text of a special token, such as `<mask>`, becomes its
   * one id. `"text"`: it is encoded like any other text; for text from untrusted sources.
   */
  specialTokens?: "find" | "text";
  /** Add what the model expects around a text, such as `<s>` … `</s>`. Off by default. */
  addSpecialTokens?: boolean;
  /** A second text, for models that read two; needs `addSpecialTokens`, because something must separate the texts. */
  pair?: string;
  /**
   * Skip merges at random, so that a text to train on is encoded differently each time: BPE-dropout. For a BPE tokenizer
   * only; off by default.
   *
   * @example A text to train on, encoded differently in each epoch
   * ```ts
   * import { Random, trainBpe } from "@miniformer/miniformer";
   * import { assert, assertEquals } from "@std/assert";
   *
   * const tokenizer = await trainBpe(["low lower lowest low low"], { vocabSize: 260 }), text = "lower";
   * const encode = (rate: number) => {
   *   const stream = new Random(1, "first epoch");
   *   return tokenizer.encode(text, { bpeDropout: { rate, random: () => stream.uniform() } });
   * };
   * assertEquals(encode(0), tokenizer.encode(text));
   * assertEquals(encode(0.5), encode(0.5));
   * assertEquals(encode(1).length, text.length);
   * assert(tokenizer.decode(encode(0.5)) === text);
   * ```
   */
  bpeDropout?: BpeDropout;
}

/**
 * How {@linkcode Tokenizer.decode} and {@linkcode Tokenizer.decodeStream} treat special tokens.
 *
 * @category Tokenizers
 */
export interface DecodeOptions {
  /** Leave special tokens out of the text. Off by default: decoding gives back all that was encoded. */
  skipSpecialTokens?: boolean;
}

/**
 * Text made from ids as they arrive; a character whose bytes are split over several ids appears with its last one.
 *
 * @category Tokenizers
 */
export interface TokenStream {
  /**
   * Takes the next ids.
   *
   * @param ids One id, or several.
   * @returns The text that is now certain, possibly empty.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  push(ids: number | Iterable<number>): string;
  /**
   * Ends the stream.
   *
   * @returns What was held back: U+FFFD for an incomplete character, else nothing.
   */
  end(): string;
}

/**
 * A mapping from text to ids and back.
 *
 * @category Tokenizers
 */
export interface Tokenizer {
  /** Number of rows an embedding table needs: the highest id plus one. */
  readonly vocabSize: number;

  /** The tokens that stand for something other than a piece of text, by id. */
  readonly specialTokens: readonly SpecialToken[];

  /** 16 hexadecimal digits that change when any text could be encoded differently. */
  readonly fingerprint: string;

  /**
   * Turns text into ids.
   *
   * @param text The text; lone surrogates count as U+FFFD.
   * @param options What to do about special tokens.
   * @returns The ids, in the order of the text.
   * @throws {RangeError} If the vocabulary cannot represent some part of the text, or the rate of `bpeDropout` is not from 0
   * to 1.
   * @throws {TypeError} If there is a `pair` that cannot be separated from the text, or a `bpeDropout` and no merges.
   */
  encode(text: string, options?: EncodeOptions): Uint32Array;

  /**
   * Turns ids into text.
   *
   * @param ids The ids.
   * @param options What to do about special tokens.
   * @returns The text; bytes that are not UTF-8 become U+FFFD.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;

  /**
   * Starts turning ids into text as they arrive.
   *
   * @param options What to do about special tokens.
   * @returns The stream.
   */
  decodeStream(options?: DecodeOptions): TokenStream;

  /**
   * Looks a token up.
   *
   * @param token A token as the vocabulary writes it, such as `<mask>`.
   * @returns Its id, or undefined if the vocabulary does not hold it.
   */
  idOf(token: string): number | undefined;

  /**
   * Looks an id up.
   *
   * @param id An id.
   * @returns The token as the vocabulary writes it; in a byte-level vocabulary a leading space is written Ġ.
   * @throws {RangeError} If the id is not in the vocabulary.
   */
  tokenOf(id: number): string;

  /**
   * Writes the tokenizer in the form that Hugging Face `tokenizers` and `transformers` read.
   *
   * @returns The text of each file, by file name.
   */
  toHuggingFace(): Record<string, string>;
}
