/**
 * WordPiece: the tokenizer of BERT.
 *
 * A text is normalized and cut into words (`bert_normalizer.ts`). Each word is cut into pieces from its beginning: first the
 * longest that is in the vocabulary, then the longest that the rest begins with, and so on. Pieces inside a word are written
 * with `##` before them: `playing` is `play` `##ing`. Where no piece fits, the whole word is `[UNK]`.
 *
 * Such tokenizers are read here, not trained. Accents, case and white space are lost, so decoding does not give the text back.
 *
 * Reference: Devlin et al., "BERT", 2019; checked against Hugging Face `tokenizers`.
 *
 * @module
 */

import { BaseTokenizer, type IdList } from "../base_tokenizer.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { type Frame, type SpecialToken, SpecialTokenFinder } from "../special_tokens.ts";
import type { DecodeOptions, EncodeOptions, TokenStream } from "../tokenizer.ts";
import { type BertNormalization, normalizeForBert, wordsOf } from "./bert_normalizer.ts";

/**
 * What makes a WordPiece tokenizer.
 *
 * @category Tokenizers
 */
export interface WordPieceParts {
  /** The token of each id; undefined where an id is not used. */
  readonly tokens: readonly (string | undefined)[];
  /** The id of each piece that words are made of: all tokens but those that were added later. */
  readonly pieces: ReadonlyMap<string, number>;
  /** The special tokens among the tokens. */
  readonly specialTokens: readonly SpecialToken[];
  /** What goes around a text with `addSpecialTokens`. */
  readonly frame: Frame;
  /** The id of a word that cannot be made of pieces. */
  readonly unknownId: number;
  /** What stands before a piece inside a word, `##`. */
  readonly prefix: string;
  /** The longest word, in characters, that is not unknown. */
  readonly longestWord: number;
  /** How texts are normalized. */
  readonly normalization: BertNormalization;
  /** Whether decoding removes the space before a punctuation mark that is a token. */
  readonly cleanTokens: boolean;
  /** Whether decoding also removes spaces in the whole text. */
  readonly cleanText: boolean;
  /** The files that it was read from, by name. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The tokenizer of a BERT, read from its files.
 *
 * @category Tokenizers
 */
export class WordPieceTokenizer extends BaseTokenizer {
  /** The algorithm, for people. */
  override readonly algorithm = "WordPiece";
  readonly #parts: WordPieceParts;
  readonly #finder: SpecialTokenFinder;
  readonly #normalizedTokens: ReadonlyMap<number, string>;

  /**
   * Makes a tokenizer from its parts. To read one from files, see `loadTokenizer`.
   *
   * @param parts The parts.
   * @throws {RangeError} If a token occurs twice.
   */
  constructor(parts: WordPieceParts) {
    const { tokens, specialTokens, frame, normalization } = parts;
    // without a frame for pairs, which `encode` refuses, every other way to encode one is an error, too
    super(
      tokens,
      specialTokens,
      { ...frame, pair: [] },
      specialTokens.filter(({ normalized }) => !normalized),
    );
    this.#parts = parts;
    const sought = specialTokens.filter(({ normalized }) => normalized)
      .map((token) => ({ ...token, content: normalizeForBert(token.content, normalization) }));
    this.#finder = new SpecialTokenFinder(sought);
    this.#normalizedTokens = new Map(sought.map(({ id, content }) => [id, content]));
  }

  /** The id of a word that cannot be made of pieces. */
  get unknownId(): number {
    return this.#parts.unknownId;
  }

  /** 16 hexadecimal digits that change when any text could be encoded differently. */
  override get fingerprint(): string {
    return fingerprintOf(JSON.stringify(this.#parts.files));
  }

  /**
   * Turns text into ids.
   *
   * @param text The text; lone surrogates count as U+FFFD.
   * @param options What to do about special tokens.
   * @returns The ids, in the order of the text.
   * @throws {TypeError} If there is a `pair`, or a `bpeDropout`.
   */
  override encode(text: string, options: EncodeOptions = {}): Uint32Array {
    if (options.pair !== undefined) {
      throw new TypeError(
        "Cannot encode a pair of texts with WordPiece: a BERT tells the two apart by token types, which are not made " +
          "here; give each text alone",
      );
    }
    return super.encode(text, options);
  }

  /**
   * Encodes a stretch of text. Of special tokens, those that are sought in normalized text are found here.
   *
   * @param text The text.
   * @param start Index of the stretch's first UTF-16 unit.
   * @param end Index after its last one.
   * @param ids Where the ids go.
   */
  protected override encodeStretch(text: string, start: number, end: number, ids: IdList): void {
    const normalized = normalizeForBert(text.slice(start, end), this.#parts.normalization);
    for (const segment of this.#finder.segments(normalized)) {
      if (segment.id !== undefined) ids.push(segment.id);
      else {
        for (const word of wordsOf(normalized.slice(segment.start, segment.end))) {
          for (const id of this.#piecesOf(word)) ids.push(id);
        }
      }
    }
  }

  /** The ids of the longest pieces that a word is made of, from its beginning. */
  #piecesOf(word: string): number[] {
    const { pieces, unknownId, prefix, longestWord } = this.#parts, ids: number[] = [];
    if (word.length > longestWord && [...word].length > longestWord) return [unknownId];
    for (let start = 0, end; start < word.length; start = end) {
      let id: number | undefined;
      for (end = word.length; end > start; end--) {
        id = pieces.get((start > 0 ? prefix : "") + word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknownId];
      ids.push(id);
    }
    return ids;
  }

  /**
   * Turns ids into text: words with spaces between them.
   *
   * @param ids The ids.
   * @param options What to do about special tokens.
   * @returns The text.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  override decode(ids: Iterable<number>, options?: DecodeOptions): string {
    const text = super.decode(ids, options);
    return this.#parts.cleanText ? withoutSpaces(text) : text;
  }

  /**
   * Starts turning ids into text as they arrive. Spaces that are removed from whole texts only, as some files ask for, stay.
   *
   * @param options What to do about special tokens.
   * @returns The stream.
   */
  override decodeStream(options: DecodeOptions = {}): TokenStream {
    const skipped = this.skippedIds(options), { prefix, cleanTokens } = this.#parts;
    let isFirst = true;
    return {
      push: (ids) => {
        let text = "";
        for (const id of typeof ids === "number" ? [ids] : ids) {
          const token = this.#normalizedTokens.get(id) ?? this.tokenOf(id);
          if (skipped.has(id)) continue;
          const isInside = token.startsWith(prefix);
          const written = isFirst ? token : isInside ? token.slice(prefix.length) : ` ${token}`;
          text += cleanTokens ? withoutSpaces(written) : written;
          isFirst = false;
        }
        return text;
      },
      end: () => "",
    };
  }

  /**
   * Refuses to append special tokens.
   *
   * @returns Never.
   * @throws {TypeError} Always: a WordPiece tokenizer is saved as the files that it was read from.
   */
  override withSpecialTokens(): never {
    throw new TypeError(
      "Cannot add tokens to a WordPiece tokenizer: its files are written back as they were read",
    );
  }

  /**
   * The files that the tokenizer was read from.
   *
   * @returns The text of each file, by file name.
   */
  override toHuggingFace(): Record<string, string> {
    return { ...this.#parts.files };
  }
}

/** Removes spaces before punctuation and English contractions, as transformers does. */
function withoutSpaces(text: string): string {
  return text.replace(/ ([.?!,])/g, "$1").replaceAll(" ' ", "'").replace(/ (n't|'m|'s|'ve|'re)/g, "$1");
}
