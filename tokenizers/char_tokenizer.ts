/**
 * One character, one id.
 *
 * The simplest tokenizer there is: the vocabulary is the set of characters of the training text, in the order of their
 * Unicode code points. A character is a whole code point, so an emoji is one id, not two halves; an accent written as a
 * combining mark is a character of its own.
 *
 * Hugging Face `tokenizers` has no such model, but reads one made of three of its parts: a pattern that cuts the text
 * into code points, a table of whole words, each of them one character long, and a decoder that joins without spaces.
 *
 * @module
 */

import { fingerprintOf } from "./fingerprint.ts";
import { bareFrame, fillFrame, type Frame, robertaFrame } from "./special_tokens.ts";
import { type SpecialToken, SpecialTokenFinder } from "./special_tokens.ts";
import type { DecodeOptions, EncodeOptions, Tokenizer, TokenStream } from "./tokenizer.ts";
import { writeTokenizerFiles } from "./tokenizer_files.ts";

/** The pattern by which Hugging Face `tokenizers` cuts a text into code points. */
export const characterPattern = "[\\s\\S]";

/** A tokenizer whose tokens are single characters. */
export class CharTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly specialTokens: readonly SpecialToken[];
  /** What `encode` puts around a text when asked to add special tokens. */
  readonly frame: Frame;
  readonly #tokens: readonly string[];
  readonly #idOfToken: ReadonlyMap<string, number>;
  readonly #idOfCodePoint: Map<number, number> = new Map();
  readonly #unknownId: number | undefined;
  readonly #finder: SpecialTokenFinder;
  #fingerprint: string | undefined;

  /**
   * Makes a tokenizer from its vocabulary; to make one from a text, see {@linkcode CharTokenizer.fromText}.
   *
   * @param tokens The token of each id: characters, and the special tokens at their places.
   * @param specialTokens Those of the tokens that are special. If `<unk>` is among them, it stands for every character
   * outside the vocabulary.
   * @throws {RangeError} If a token is there twice, or is neither special nor one character.
   */
  constructor(tokens: readonly string[], specialTokens: readonly SpecialToken[] = []) {
    this.vocabSize = tokens.length;
    this.specialTokens = specialTokens;
    this.#tokens = tokens;
    this.#idOfToken = new Map(tokens.map((token, id) => [token, id]));
    this.#unknownId = specialTokens.find((token) => token.content === "<unk>")?.id;
    this.#finder = new SpecialTokenFinder(specialTokens);
    const [begin, end] = ["<s>", "</s>"].map((content) =>
      specialTokens.find((token) => token.content === content)?.id
    );
    this.frame = begin === undefined || end === undefined ? bareFrame : robertaFrame(begin, end);
    const specialIds = new Set(specialTokens.map((token) => token.id));
    tokens.forEach((token, id) => {
      if (this.#idOfToken.get(token) !== id) {
        throw new RangeError(
          `Cannot make a character tokenizer: ${
            JSON.stringify(token)
          } is there twice, as id ${id} and as id ${this.#idOfToken.get(token)}`,
        );
      }
      if (specialIds.has(id)) return;
      if ([...token].length !== 1) {
        throw new RangeError(
          `Cannot make a character tokenizer: token ${JSON.stringify(token)} (id ${id}) is not one character`,
        );
      }
      this.#idOfCodePoint.set(token.codePointAt(0)!, id);
    });
  }

  /**
   * Makes the tokenizer of a text: an id for each character that occurs in it, by code point order. Special tokens come
   * before the characters in the order given, `<mask>` alone comes last, as in RoBERTa's vocabulary.
   *
   * @param text The training text.
   * @param options Further wishes.
   * @param options.specialTokens Special tokens, such as `maskedSpecialTokens` or `causalSpecialTokens`.
   * @returns The tokenizer.
   * @throws {RangeError} If the text is empty.
   *
   * @example
   * ```ts
   * import { CharTokenizer } from "@miniformer/miniformer";
   * import { assertEquals } from "@std/assert";
   *
   * const tokenizer = CharTokenizer.fromText("hello");
   * assertEquals(tokenizer.vocabSize, 4); // e h l o
   * assertEquals(tokenizer.encode("hole"), Uint32Array.of(1, 3, 2, 0));
   * assertEquals(tokenizer.decode([1, 3, 2, 0]), "hole");
   * ```
   */
  static fromText(text: string, options: { specialTokens?: readonly string[] } = {}): CharTokenizer {
    if (text === "") {
      throw new RangeError("Cannot make a character tokenizer: the training text is empty");
    }
    const codePoints = new Set<number>();
    for (const character of text.toWellFormed()) codePoints.add(character.codePointAt(0)!);
    const characters = [...codePoints].sort((a, b) => a - b).map((codePoint) =>
      String.fromCodePoint(codePoint)
    );
    const special = [...new Set(options.specialTokens)];
    const tokens = [
      ...special.filter((content) => content !== "<mask>"),
      ...characters.filter((character) => !special.includes(character)),
      ...special.filter((content) => content === "<mask>"),
    ];
    const specialTokens = tokens.flatMap((content, id) =>
      special.includes(content)
        ? [{ content, id, leftStrip: false, rightStrip: false, singleWord: false, special: true }]
        : []
    );
    return new CharTokenizer(tokens, specialTokens);
  }

  /** 16 hexadecimal digits that change when any text could be encoded differently. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprintOf(this.toHuggingFace()["tokenizer.json"]);
    return this.#fingerprint;
  }

  /**
   * Turns text into ids, one a character.
   *
   * @param text The text; lone surrogates count as U+FFFD.
   * @param options What to do about special tokens.
   * @returns The ids.
   * @throws {RangeError} If a character is not in the vocabulary, and neither is `<unk>`.
   */
  encode(text: string, options: EncodeOptions = {}): Uint32Array {
    const segments = options.specialTokens === "text"
      ? [{ start: 0, end: text.length, id: undefined }]
      : this.#finder.segments(text);
    const ids = new Uint32Array(text.length);
    let length = 0;
    for (const segment of segments) {
      if (segment.id !== undefined) {
        ids[length++] = segment.id;
        continue;
      }
      for (let i = segment.start; i < segment.end; i++) {
        const codePoint = text.codePointAt(i)!;
        const wellFormed = codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
        const id = this.#idOfCodePoint.get(wellFormed) ?? this.#unknownId;
        if (id === undefined) throw unknownCharacter(text, i, wellFormed);
        ids[length++] = id;
        if (codePoint > 0xffff) i++;
      }
    }
    if (!options.addSpecialTokens) return ids.slice(0, length);
    const pair = options.pair === undefined
      ? undefined
      : this.encode(options.pair, { specialTokens: options.specialTokens });
    return fillFrame(this.frame, ids.subarray(0, length), pair);
  }

  /**
   * Turns ids into text.
   *
   * @param ids The ids.
   * @param options What to do about special tokens.
   * @returns The text.
   * @throws {RangeError} If an id is not in the vocabulary.
   */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    return this.decodeStream(options).push(ids);
  }

  /**
   * Starts turning ids into text as they arrive. Nothing is ever held back: a character is one id.
   *
   * @param options What to do about special tokens.
   * @returns The stream.
   */
  decodeStream(options: DecodeOptions = {}): TokenStream {
    const skipped = new Set(
      options.skipSpecialTokens
        ? this.specialTokens.filter((token) => token.special).map((token) => token.id)
        : [],
    );
    return {
      push: (ids) => {
        let text = "";
        for (const id of typeof ids === "number" ? [ids] : ids) {
          const token = this.tokenOf(id);
          if (!skipped.has(id)) text += token;
        }
        return text;
      },
      end: () => "",
    };
  }

  /**
   * Looks a token up.
   *
   * @param token A character or a special token.
   * @returns Its id, or undefined.
   */
  idOf(token: string): number | undefined {
    return this.#idOfToken.get(token);
  }

  /**
   * Looks an id up.
   *
   * @param id An id.
   * @returns The character or special token.
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
   * Writes the tokenizer in the form that Hugging Face `tokenizers` and `transformers` read.
   *
   * @returns The text of each file, by file name.
   */
  toHuggingFace(): Record<string, string> {
    return writeTokenizerFiles({
      specialTokens: this.specialTokens,
      frame: this.frame,
      tokenOf: (id) => this.tokenOf(id),
      preTokenizer: {
        type: "Split",
        pattern: { Regex: characterPattern },
        behavior: "Isolated",
        invert: false,
      },
      decoder: { type: "Fuse" },
      model: {
        type: "WordLevel",
        vocab: Object.fromEntries(this.#idOfToken),
        // Hugging Face asks for a name even where the vocabulary has no such token; encoding then fails, as it should.
        unk_token: "<unk>",
      },
    });
  }
}

function unknownCharacter(text: string, index: number, codePoint: number): RangeError {
  const position = [...text.slice(0, index)].length + 1;
  const hexadecimal = codePoint.toString(16).toUpperCase().padStart(4, "0");
  return new RangeError(
    `Cannot encode ${
      JSON.stringify(String.fromCodePoint(codePoint))
    } (U+${hexadecimal}), character ${position} of the ` +
      "text: it is not in the vocabulary, which holds the characters of the training text",
  );
}
