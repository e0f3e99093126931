/**
 * Byte-level byte-pair encoding: the tokenizer of GPT-2 and RoBERTa.
 *
 * A text is cut into pre-tokens (pre_tokens.ts), each pre-token is written as UTF-8, and its bytes are merged into longer
 * and longer tokens by the merges that training has found (bpe_encoder.ts). Frequent words become one token, rare ones
 * several, and since all 256 bytes are tokens themselves, every text can be encoded.
 *
 * Pre-tokens repeat, so their ids are cached, up to a bound (pre_token_cache.ts).
 *
 * @module
 */

import { BaseTokenizer, type IdList } from "../base_tokenizer.ts";
import type { BpeDropout } from "./bpe_dropout.ts";
import { BpeEncoder } from "./bpe_encoder.ts";
import type { Merge } from "./bpe_merges.ts";
import { BYTE_SYMBOLS, writeUtf8 } from "./byte_symbols.ts";
import { PreTokenCache } from "./pre_token_cache.ts";
import { nextPreToken } from "./pre_tokens.ts";
import { quoted } from "../quoted.ts";
import { BARE_FRAME, type Frame, frameOf, type SpecialToken } from "../special_tokens.ts";
import type { DecodeOptions, TokenStream } from "../tokenizer.ts";
import { writeTokenizerFiles } from "../hugging_face/tokenizer_files.ts";
import { readTokenizerJson } from "../hugging_face/tokenizer_json.ts";
import { TokenBytes } from "./token_bytes.ts";
import { grow } from "../typed_arrays.ts";

/** Longer pre-tokens, in UTF-16 units, are not cached: they rarely occur again. */
const MAX_CACHED_LENGTH = 64;

/**
 * Longest pre-token that is encoded, in UTF-16 units. Merging one takes about 30 bytes of memory per unit and, at this
 * length, up to 15 seconds. Text with spaces and line breaks has no pre-token of a thousandth of this length.
 */
const MAX_PRE_TOKEN_LENGTH = 2 ** 24;

/**
 * What makes a byte-level tokenizer.
 *
 * @category Tokenizers
 */
export interface BpeParts {
  /** The token of each id, in printable characters (see byte_symbols.ts); undefined where an id is not used. */
  readonly tokens: readonly (string | undefined)[];
  /** The merges in order, as ids. */
  readonly merges: readonly Merge[];
  /** The special tokens among the tokens. */
  readonly specialTokens?: readonly SpecialToken[];
  /** What goes around a text with `addSpecialTokens`; nothing if absent. */
  readonly frame?: Frame;
  /** Put a space in front of a text, so that its first word is encoded like any other. */
  readonly addPrefixSpace?: boolean;
  /** The id of bytes that the vocabulary lacks. If absent they are left out. */
  readonly unknownId?: number;
  /** Make one of several unknown bytes in a row. */
  readonly fuseUnknown?: boolean;
}

/**
 * A byte-level byte-pair encoding tokenizer.
 *
 * @category Tokenizers
 */
export class BpeTokenizer extends BaseTokenizer {
  /** The algorithm, for people. */
  override readonly algorithm = "byte-level BPE";
  /** Merges can be skipped. */
  override readonly hasMerges = true;
  readonly #parts: BpeParts;
  readonly #idOfByte = new Int32Array(256);
  readonly #encoder: BpeEncoder;
  #symbols = new Int32Array(256);
  #bytes = new Uint8Array(256);

  readonly #cache = new PreTokenCache();
  #tokenBytes: TokenBytes | undefined;

  /**
   * Makes a tokenizer from its parts. To train one, see `trainBpe`; to read one from files, see `loadTokenizer`.
   *
   * @param parts The parts.
   * @throws {RangeError} If a token occurs twice, or a merge makes a string that is not a token.
   */
  constructor(parts: BpeParts) {
    super(parts.tokens, parts.specialTokens ?? [], parts.frame ?? BARE_FRAME);
    this.#parts = parts;
    const unknown = parts.unknownId ?? -1;
    BYTE_SYMBOLS.forEach((symbol, byte) => this.#idOfByte[byte] = this.idOf(symbol) ?? unknown);
    this.#encoder = new BpeEncoder(parts.merges.map(([left, right], rank) => {
      const token = this.tokenOf(left) + this.tokenOf(right);
      const id = this.idOf(token);
      if (id === undefined) {
        throw new RangeError(
          `Cannot make a tokenizer: merge ${rank} makes ${quoted(token)}, which is not in the vocabulary`,
        );
      }
      return [left, right, id];
    }));
  }

  /**
   * Reads a tokenizer.json file of Hugging Face `tokenizers`.
   *
   * @param json The text of the file.
   * @returns The tokenizer.
   * @throws {TypeError} If the file is damaged, or describes something that is not supported.
   *
   * @example
   * ```ts
   * import { BpeTokenizer, trainBpe } from "@miniformer/miniformer";
   * import { assertEquals } from "@std/assert";
   *
   * const trained = await trainBpe(["low lower lowest low low"], { vocabSize: 260 });
   * const files = trained.toHuggingFace();
   * const read = BpeTokenizer.fromHuggingFace(files["tokenizer.json"]);
   * assertEquals(read.encode("slowest"), trained.encode("slowest"));
   * ```
   */
  static fromHuggingFace(json: string): BpeTokenizer {
    const description = readTokenizerJson(json);
    if (description.kind !== "bpe") {
      throw new TypeError(
        "tokenizer.json holds a character tokenizer, not a byte-level BPE: use loadTokenizer",
      );
    }
    return new BpeTokenizer(description);
  }

  /** The merges in order, as ids. */
  get merges(): readonly Merge[] {
    return this.#parts.merges;
  }

  /** The number of different pre-tokens in the cache, which is bounded whatever is encoded. */
  get cachedPreTokens(): number {
    return this.#cache.size;
  }

  /**
   * Encodes a stretch of text without looking for special tokens.
   *
   * @param text The text.
   * @param start Index of the stretch's first UTF-16 unit.
   * @param end Index after its last one.
   * @param ids Where the ids go.
   * @param dropout How to leave merges out; not at all unless given.
   * @throws {RangeError} If there is a pre-token of more than 2²⁴ UTF-16 units.
   */
  protected override encodeStretch(
    text: string,
    start: number,
    end: number,
    ids: IdList,
    dropout?: BpeDropout,
  ): void {
    if (this.#parts.addPrefixSpace && text[start] !== " ") {
      text = " " + text.slice(start, end);
      end += 1 - start;
      start = 0;
    }
    const isSkipped = dropout && (() => dropout.random() < dropout.rate);
    for (let position = start, next; position < end; position = next) {
      next = nextPreToken(text, position, end);
      if (isSkipped || next - position > MAX_CACHED_LENGTH) {
        const length = this.#encodePreToken(text, position, next, isSkipped);
        for (let i = 0; i < length; i++) ids.push(this.#symbols[i]);
        continue;
      }
      const entry = this.#cache.find(text, position, next);
      if (!this.#cache.has(entry)) {
        const length = this.#encodePreToken(text, position, next);
        this.#cache.set(entry, this.#symbols, length);
      }
      this.#cache.copy(entry, ids);
    }
  }

  /** Encodes one pre-token into `#symbols` and returns the number of its tokens. */
  #encodePreToken(text: string, start: number, end: number, isSkipped?: () => boolean): number {
    if (end - start > MAX_PRE_TOKEN_LENGTH) {
      throw new RangeError(
        `Cannot encode a run of ${end - start} characters without a break: expected at most ` +
          `${MAX_PRE_TOKEN_LENGTH}; insert spaces or line breaks`,
      );
    }
    this.#bytes = grow(this.#bytes, 3 * (end - start));
    const byteCount = writeUtf8(text, start, end, this.#bytes);
    this.#symbols = grow(this.#symbols, byteCount);
    let length = 0;
    for (let i = 0; i < byteCount; i++) {
      const id = this.#idOfByte[this.#bytes[i]];
      const repeated = id === this.#parts.unknownId && length > 0 && this.#symbols[length - 1] === id;
      if (id >= 0 && !(repeated && this.#parts.fuseUnknown)) this.#symbols[length++] = id;
    }
    return this.#encoder.encode(this.#symbols, length, isSkipped);
  }

  /**
   * Reads the bytes that an id stands for.
   *
   * @param id The id.
   * @returns The bytes; of a special token, those of its text.
   * @throws {RangeError} If the id is not in the vocabulary.
   */
  bytesOf(id: number): Uint8Array {
    this.tokenOf(id);
    return this.#layOutBytes().of(id);
  }

  /** Made when first needed: many programs only encode. */
  #layOutBytes(): TokenBytes {
    if (this.#tokenBytes) return this.#tokenBytes;
    // A special token stands for its own text, unless merges make it too: then it is one of the byte-level tokens.
    const literal = new Set(this.specialTokens.map((token) => token.content));
    for (const symbol of BYTE_SYMBOLS) literal.delete(symbol);
    for (const [left, right] of this.merges) literal.delete(this.tokenOf(left) + this.tokenOf(right));
    return this.#tokenBytes = new TokenBytes(this.#parts.tokens, literal);
  }

  /**
   * Starts turning ids into text as they arrive.
   *
   * @param options What to do about special tokens.
   * @returns The stream.
   */
  override decodeStream(options: DecodeOptions = {}): TokenStream {
    const skipped = this.skippedIds(options);
    const tokenBytes = this.#layOutBytes();
    // Holds back the bytes of a character until it is whole. A byte order mark is text like any other.
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let buffer = new Uint8Array(256);
    return {
      push: (ids) => {
        let length = 0;
        for (const id of typeof ids === "number" ? [ids] : ids) {
          if (this.#parts.tokens[id] === undefined) this.tokenOf(id);
          if (skipped.has(id)) continue;
          buffer = grow(buffer, length + tokenBytes.lengthOf(id));
          length += tokenBytes.copy(id, buffer, length);
        }
        return decoder.decode(buffer.subarray(0, length), { stream: true });
      },
      end: () => decoder.decode(),
    };
  }

  /**
   * Appends special tokens to the vocabulary; all other ids keep their meaning.
   *
   * @param added The tokens, with the ids that follow the last one.
   * @returns A tokenizer with the same merges.
   */
  override withSpecialTokens(added: readonly SpecialToken[]): BpeTokenizer {
    const tokens = [...this.#parts.tokens, ...added.map(({ content }) => content)];
    const specialTokens = [...this.specialTokens, ...added];
    return new BpeTokenizer({ ...this.#parts, tokens, specialTokens, frame: frameOf(specialTokens) });
  }

  /**
   * Writes the tokenizer in the form that Hugging Face `tokenizers` and `transformers` read.
   *
   * @returns The text of each file, by file name.
   */
  override toHuggingFace(): Record<string, string> {
    const { addPrefixSpace = false, unknownId, fuseUnknown = false } = this.#parts;
    const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
    const vocab = Object.fromEntries(this.vocabulary());
    const merges = this.merges.map(([left, right]) => [this.tokenOf(left), this.tokenOf(right)]);
    const files = writeTokenizerFiles({
      specialTokens: this.specialTokens,
      frame: this.frame,
      tokenOf: (id) => this.tokenOf(id),
      preTokenizer: { ...byteLevel, add_prefix_space: addPrefixSpace },
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: unknownId === undefined ? null : this.tokenOf(unknownId),
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: fuseUnknown,
        byte_fallback: false,
        ignore_merges: false,
        vocab,
        merges,
      },
      config: { add_prefix_space: addPrefixSpace },
    });
    files["vocab.json"] = JSON.stringify(vocab) + "\n";
    files["merges.txt"] = ["#version: 0.2", ...merges.map((merge) => merge.join(" "))].join("\n") + "\n";
    return files;
  }
}
