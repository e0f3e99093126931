/**
 * What all tokenizers share: the table of tokens, special tokens, and the frame around a text.
 *
 * @module
 */

import { type BpeDropout, checkDropout } from "./bpe/bpe_dropout.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { quoted } from "./quoted.ts";
import { type Frame, partsOf, type SpecialToken, SpecialTokenFinder } from "./special_tokens.ts";
import type { DecodeOptions, EncodeOptions, Tokenizer, TokenStream } from "./tokenizer.ts";
import { grow } from "./typed_arrays.ts";

/** Number of ids that `encodePieces` passes on at once. */
const PIECE_LENGTH = 1 << 16;

/**
 * A list of ids: an array that grows, or one of fixed length that is emptied whenever it is full.
 *
 * @category Tokenizers
 */
export class IdList {
  /** The ids, and room for more. */
  ids: Uint32Array<ArrayBuffer>;
  /** How many of them are used. */
  length = 0;
  readonly #take: ((ids: Uint32Array) => void) | undefined;

  /**
   * Makes an empty list.
   *
   * @param take Called with the ids whenever the list is full, which then is emptied instead of growing. The array is only
   * valid during the call.
   */
  constructor(take?: (ids: Uint32Array) => void) {
    this.ids = new Uint32Array(take ? PIECE_LENGTH : 256);
    this.#take = take;
  }

  /**
   * Adds an id.
   *
   * @param id The id.
   */
  push(id: number): void {
    if (this.length === this.ids.length) {
      if (this.#take) this.flush();
      else this.ids = grow(this.ids, this.length + 1);
    }
    this.ids[this.length++] = id;
  }

  /** Passes the remaining ids to `take` and empties the list. */
  flush(): void {
    if (this.length > 0) this.#take?.(this.ids.subarray(0, this.length));
    this.length = 0;
  }
}

/**
 * A tokenizer, except for encoding a stretch of ordinary text and for decoding.
 *
 * @category Tokenizers
 */
export abstract class BaseTokenizer implements Tokenizer {
  /** What it does in two or three words, for people: `byte-level BPE`. */
  abstract readonly algorithm: string;
  /** Whether it encodes by merges, which `bpeDropout` skips at random. */
  readonly hasMerges: boolean = false;
  readonly vocabSize: number;
  readonly specialTokens: readonly SpecialToken[];
  /** What `encode` puts around a text with `addSpecialTokens`. */
  readonly frame: Frame;
  readonly #tokens: readonly (string | undefined)[];
  readonly #idOfToken: Map<string, number> = new Map();
  readonly #finder: SpecialTokenFinder;
  #fingerprint: string | undefined;

  /**
   * Takes the table.
   *
   * @param tokens The token of each id; undefined where an id is not used.
   * @param specialTokens The special tokens among them.
   * @param frame What goes around a text.
   * @param sought The special tokens that are looked for in a text as it is given; all unless given.
   * @throws {RangeError} If a token occurs twice.
   */
  constructor(
    tokens: readonly (string | undefined)[],
    specialTokens: readonly SpecialToken[],
    frame: Frame,
    sought: readonly SpecialToken[] = specialTokens,
  ) {
    this.vocabSize = tokens.length;
    this.specialTokens = specialTokens;
    this.frame = frame;
    this.#tokens = tokens;
    for (let id = 0; id < tokens.length; id++) {
      const token = tokens[id];
      if (token === undefined) continue;
      if (this.#idOfToken.has(token)) {
        throw new RangeError(
          `Cannot make a tokenizer: the token ${quoted(token)} occurs twice, ` +
            `as id ${this.#idOfToken.get(token)} and as id ${id}`,
        );
      }
      this.#idOfToken.set(token, id);
    }
    this.#finder = new SpecialTokenFinder(sought);
  }

  /**
   * Encodes a stretch of text without looking for special tokens.
   *
   * @param text The text.
   * @param start Index of the stretch's first UTF-16 unit.
   * @param end Index after its last one; more than `start`.
   * @param ids Where the ids go.
   * @param dropout How to leave merges out; nothing unless there are merges.
   */
  protected abstract encodeStretch(
    text: string,
    start: number,
    end: number,
    ids: IdList,
    dropout?: BpeDropout,
  ): void;

  /**
   * Starts turning ids into text as they arrive.
   *
   * @param options What to do about special tokens.
   * @returns The stream.
   */
  abstract decodeStream(options?: DecodeOptions): TokenStream;

  /**
   * Writes the tokenizer in the form that Hugging Face `tokenizers` and `transformers` read.
   *
   * @returns The text of each file, by file name.
   */
  abstract toHuggingFace(): Record<string, string>;

  /**
   * Appends special tokens to the vocabulary; all other ids keep their meaning.
   *
   * @param added The tokens, with the ids that follow the last one.
   * @returns A tokenizer of the same class, framed as its special tokens say (see {@linkcode frameOf}).
   */
  abstract withSpecialTokens(added: readonly SpecialToken[]): BaseTokenizer;

  /** 16 hexadecimal digits that change when any text could be encoded differently. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprintOf(this.toHuggingFace()["tokenizer.json"]);
    return this.#fingerprint;
  }

  /**
   * Turns text into ids.
   *
   * @param text The text; lone surrogates count as U+FFFD.
   * @param options What to do about special tokens, and whether to leave merges out.
   * @returns The ids, in the order of the text.
   * @throws {RangeError} If the vocabulary cannot represent some part of the text, or the rate of `bpeDropout` is not from 0
   * to 1.
   * @throws {TypeError} If there is a `pair` that the tokenizer cannot separate from the text, or a `bpeDropout` and the
   * tokenizer has no merges.
   */
  encode(text: string, options: EncodeOptions = {}): Uint32Array {
    const ids = new IdList();
    this.#encodeInto(ids, text, options);
    return ids.ids.slice(0, ids.length);
  }

  /**
   * Encodes text and passes the ids on piece by piece, so that the ids of a long text are never in memory all at once.
   *
   * @param text The text; lone surrogates count as U+FFFD.
   * @param take Called with the next ids, in the order of the text; the array is only valid during the call.
   * @param options What to do about special tokens.
   * @throws {RangeError} If the vocabulary cannot represent some part of the text.
   * @throws {TypeError} If there is a `pair` that the tokenizer cannot separate from the text.
   *
   * @example
   * ```ts
   * import { CharTokenizer } from "@miniformer/miniformer";
   * import { assertEquals } from "@std/assert";
   *
   * let count = 0;
   * CharTokenizer.fromText("ab").encodePieces("ab".repeat(100_000), (ids) => count += ids.length);
   * assertEquals(count, 200_000);
   * ```
   */
  encodePieces(text: string, take: (ids: Uint32Array) => void, options: EncodeOptions = {}): void {
    const ids = new IdList(take);
    this.#encodeInto(ids, text, options);
    ids.flush();
  }

  #encodeInto(ids: IdList, text: string, options: EncodeOptions): void {
    const { specialTokens = "find", addSpecialTokens = false, pair, bpeDropout } = options;
    if (bpeDropout) checkDropout(bpeDropout, this);
    const encodeOne = (one: string): void => {
      if (specialTokens === "text") {
        if (one !== "") this.encodeStretch(one, 0, one.length, ids, bpeDropout);
        return;
      }
      for (const segment of this.#finder.segments(one)) {
        if (segment.id === undefined) {
          this.encodeStretch(one, segment.start, segment.end, ids, bpeDropout);
        } else ids.push(segment.id);
      }
    };
    if (!addSpecialTokens) {
      if (pair === undefined) return encodeOne(text);
      throw new TypeError("Cannot encode a pair of texts without special tokens: set addSpecialTokens");
    }
    for (const part of partsOf(this.frame, pair !== undefined)) {
      if (typeof part === "number") ids.push(part);
      else encodeOne(part === "text" ? text : pair!);
    }
  }

  /**
   * Turns ids into text.
   *
   * @param ids The ids.
   * @param options What to do about special tokens.
   * @returns The text; bytes that are not UTF-8 become U+FFFD.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  decode(ids: Iterable<number>, options?: DecodeOptions): string {
    const stream = this.decodeStream(options);
    return stream.push(ids) + stream.end();
  }

  /**
   * Looks a token up.
   *
   * @param token A token as the vocabulary writes it, such as `<mask>`.
   * @returns Its id, or undefined if the vocabulary does not hold it.
   */
  idOf(token: string): number | undefined {
    return this.#idOfToken.get(token);
  }

  /**
   * Looks an id up.
   *
   * @param id An id.
   * @returns The token as the vocabulary writes it.
   * @throws {RangeError} If the id is not in the vocabulary.
   */
  tokenOf(id: number): string {
    const token = this.#tokens[id];
    if (token === undefined) {
      throw new RangeError(`Cannot decode id ${id}: the vocabulary has ids 0 to ${this.vocabSize - 1}`);
    }
    return token;
  }

  /**
   * The ids that decoding leaves out.
   *
   * @param options The options of decoding.
   * @returns The ids.
   */
  protected skippedIds(options: DecodeOptions): ReadonlySet<number> {
    const special = this.specialTokens.filter((token) => token.special && options.skipSpecialTokens);
    return new Set(special.map((token) => token.id));
  }

  /**
   * Lists the vocabulary.
   *
   * @returns The id of each token, by ascending id.
   */
  vocabulary(): ReadonlyMap<string, number> {
    return this.#idOfToken;
  }
}
