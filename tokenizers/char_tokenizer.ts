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

import { BaseTokenizer, type IdList } from "./base_tokenizer.ts";
import { quoted } from "./quoted.ts";
import { frameOf, type SpecialToken } from "./special_tokens.ts";
import type { DecodeOptions, TokenStream } from "./tokenizer.ts";
import { CHARACTER_PATTERN, writeTokenizerFiles } from "./hugging_face/tokenizer_files.ts";

/**
 * A tokenizer whose tokens are single characters.
 *
 * @category Tokenizers
 */
export class CharTokenizer extends BaseTokenizer {
  /** The algorithm, for people. */
  override readonly algorithm = "characters";
  readonly #idOfCodePoint: Map<number, number> = new Map();
  readonly #unknownId: number | undefined;

  /**
   * Makes a tokenizer from its vocabulary; to make one from a text, see {@linkcode CharTokenizer.fromText}.
   *
   * @param tokens The token of each id: characters, and the special tokens at their ids.
   * @param specialTokens Those of the tokens that are special. If `<unk>` is among them, it stands for every character
   * outside the vocabulary.
   * @throws {RangeError} If a token occurs twice, or is neither special nor one character.
   */
  constructor(tokens: readonly string[], specialTokens: readonly SpecialToken[] = []) {
    super(tokens, specialTokens, frameOf(specialTokens));
    this.#unknownId = specialTokens.find((token) => token.content === "<unk>")?.id;
    const specialIds = new Set(specialTokens.map((token) => token.id));
    tokens.forEach((token, id) => {
      if (specialIds.has(id)) return;
      if (token === "" || token.length !== String.fromCodePoint(token.codePointAt(0)!).length) {
        throw new RangeError(
          `Cannot make a character tokenizer: token ${quoted(token)} (id ${id}) is not one character`,
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
   * @param options The special tokens.
   * @param options.specialTokens Special tokens, such as `MASKED_SPECIAL_TOKENS` or `CAUSAL_SPECIAL_TOKENS`.
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

  /**
   * Encodes a stretch of text, one id per character.
   *
   * @param text The text.
   * @param start Index of the stretch's first UTF-16 unit.
   * @param end Index after its last one.
   * @param ids Where the ids go.
   * @throws {RangeError} If a character is not in the vocabulary, and neither is `<unk>`.
   */
  protected override encodeStretch(text: string, start: number, end: number, ids: IdList): void {
    for (let i = start; i < end; i++) {
      const codePoint = text.codePointAt(i)!;
      const wellFormed = codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
      const id = this.#idOfCodePoint.get(wellFormed) ?? this.#unknownId;
      if (id === undefined) throw unknownCharacter(text, i, wellFormed);
      ids.push(id);
      if (codePoint > 0xffff) i++;
    }
  }

  /**
   * Starts turning ids into text as they arrive. Nothing is held back: a character is one id.
   *
   * @param options What to do about special tokens.
   * @returns The stream.
   */
  override decodeStream(options: DecodeOptions = {}): TokenStream {
    const skipped = this.skippedIds(options);
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
   * Appends special tokens to the vocabulary; all other ids keep their meaning.
   *
   * @param added The tokens, with the ids that follow the last one.
   * @returns A tokenizer with the same characters.
   */
  override withSpecialTokens(added: readonly SpecialToken[]): CharTokenizer {
    const tokens = Array.from({ length: this.vocabSize }, (_, id) => this.tokenOf(id));
    tokens.push(...added.map(({ content }) => content));
    return new CharTokenizer(tokens, [...this.specialTokens, ...added]);
  }

  /**
   * Writes the tokenizer in the form that Hugging Face `tokenizers` and `transformers` read.
   *
   * @returns The text of each file, by file name.
   */
  override toHuggingFace(): Record<string, string> {
    return writeTokenizerFiles({
      specialTokens: this.specialTokens,
      frame: this.frame,
      tokenOf: (id) => this.tokenOf(id),
      preTokenizer: {
        type: "Split",
        pattern: { Regex: CHARACTER_PATTERN },
        behavior: "Isolated",
        invert: false,
      },
      decoder: { type: "Fuse" },
      model: {
        type: "WordLevel",
        vocab: Object.fromEntries(this.vocabulary()),
        // Hugging Face requires a name even where the vocabulary has no such token; encoding then fails, as it should.
        unk_token: "<unk>",
      },
    });
  }
}

function unknownCharacter(text: string, index: number, codePoint: number): RangeError {
  let position = 1;
  for (let i = 0; i < index; i += text.codePointAt(i)! > 0xffff ? 2 : 1) position++;
  const hexadecimal = codePoint.toString(16).toUpperCase().padStart(4, "0");
  return new RangeError(
    `Cannot encode ${
      quoted(String.fromCodePoint(codePoint))
    } (U+${hexadecimal}), character ${position} of the ` +
      "text: it is not in the vocabulary, which holds the characters of the training text; byte-level BPE encodes " +
      "any text",
  );
}
