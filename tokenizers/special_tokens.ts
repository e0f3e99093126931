/**
 * Tokens that stand for something other than a piece of text: the beginning of a text, its end, padding, a masked token.
 *
 * They are found in the text before it is split any further, so that `<mask>` is one id and not several characters. A
 * {@linkcode Frame} describes which of them go around a text: RoBERTa reads `<s> text </s>`, and two texts as
 * `<s> text </s></s> pair </s>`.
 *
 * @module
 */

/**
 * A token that is found in the text as a whole. Field for field an entry of `added_tokens` in tokenizer.json.
 *
 * @category Tokenizers
 */
export interface SpecialToken {
  /** The text that stands for it. */
  readonly content: string;
  /** Its id. */
  readonly id: number;
  /** Whether it includes the white space before it, as RoBERTa's `<mask>` does: a word is encoded with its space. */
  readonly leftStrip: boolean;
  /** Whether it includes the white space after it. */
  readonly rightStrip: boolean;
  /** Whether it is found only where no letter, digit or underscore is next to it. */
  readonly singleWord: boolean;
  /** Whether decoding may leave it out. False for ordinary words that were added to a finished vocabulary. */
  readonly special: boolean;
  /** Whether it is looked for in the normalized text, by a tokenizer that normalizes; false unless given. */
  readonly normalized?: boolean;
}

/**
 * The five of RoBERTa, for masked language models.
 *
 * @category Tokenizers
 */
export const MASKED_SPECIAL_TOKENS: readonly string[] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

/** The five of BERT. */
export const BERT_SPECIAL_TOKENS: readonly string[] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/**
 * The one of GPT, for causal language models: it ends a document.
 *
 * @category Tokenizers
 */
export const CAUSAL_SPECIAL_TOKENS: readonly string[] = ["<|endoftext|>"];

/**
 * What goes around one text or two: ids, with `"text"` and `"pair"` for the texts.
 *
 * @category Tokenizers
 */
export interface Frame {
  /** Around one text. */
  readonly single: readonly (number | "text" | "pair")[];
  /** Around two. */
  readonly pair: readonly (number | "text" | "pair")[];
}

/**
 * The frame of a model without special tokens around its text; it cannot hold two texts.
 *
 * @category Tokenizers
 */
export const BARE_FRAME: Frame = { single: ["text"], pair: [] };

/**
 * RoBERTa's frame: `<s> text </s>` and `<s> text </s></s> pair </s>`.
 *
 * @param begin The id of `<s>`.
 * @param end The id of `</s>`.
 * @returns The frame.
 *
 * @example
 * ```ts
 * import { fillFrame } from "./special_tokens.ts";
 * import { robertaFrame } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const ids = fillFrame(robertaFrame(0, 2), Uint32Array.of(31414, 232));
 * assertEquals(ids, Uint32Array.of(0, 31414, 232, 2));
 * ```
 *
 * @category Tokenizers
 */
export function robertaFrame(begin: number, end: number): Frame {
  return { single: [begin, "text", end], pair: [begin, "text", end, end, "pair", end] };
}

/**
 * BERT's frame: `[CLS] text [SEP]` and `[CLS] text [SEP] pair [SEP]`.
 *
 * @param begin The id of `[CLS]`.
 * @param end The id of `[SEP]`.
 * @returns The frame.
 *
 * @example
 * ```ts
 * import { bertFrame, fillFrame } from "./special_tokens.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const ids = fillFrame(bertFrame(101, 102), Uint32Array.of(7592), Uint32Array.of(2088));
 * assertEquals(ids, Uint32Array.of(101, 7592, 102, 2088, 102));
 * ```
 */
export function bertFrame(begin: number, end: number): Frame {
  return { single: [begin, "text", end], pair: [begin, "text", end, "pair", end] };
}

/**
 * GPT-1's frame for classification: `<start> text <extract>` and `<start> text <delimiter> pair <extract>`.
 *
 * @param start The id of `<start>`.
 * @param delimiter The id of `<delimiter>`.
 * @param extract The id of `<extract>`.
 * @returns The frame.
 *
 * @example
 * ```ts
 * import { extractFrame, fillFrame } from "./special_tokens.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const ids = fillFrame(extractFrame(7, 8, 9), Uint32Array.of(1, 2), Uint32Array.of(3));
 * assertEquals(ids, Uint32Array.of(7, 1, 2, 8, 3, 9));
 * ```
 */
export function extractFrame(start: number, delimiter: number, extract: number): Frame {
  return { single: [start, "text", extract], pair: [start, "text", delimiter, "pair", extract] };
}

/**
 * The frame for a set of special tokens: RoBERTa's if it has `<s>` and `</s>`, GPT's for classification if it
 * has `<start>`, `<delimiter>` and `<extract>`, else none.
 *
 * @param specialTokens The special tokens.
 * @returns The frame.
 *
 * @example
 * ```ts
 * import { frameOf } from "./special_tokens.ts";
 * import { CharTokenizer, MASKED_SPECIAL_TOKENS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("abc", { specialTokens: MASKED_SPECIAL_TOKENS });
 * assertEquals(frameOf(tokenizer.specialTokens).single, [0, "text", 2]);
 * ```
 */
export function frameOf(specialTokens: readonly SpecialToken[]): Frame {
  const idOf = (content: string) => specialTokens.find((token) => token.content === content)?.id;
  const [begin, end] = ["<s>", "</s>"].map(idOf);
  if (begin !== undefined && end !== undefined) return robertaFrame(begin, end);
  const [start, delimiter, extract] = ["<start>", "<delimiter>", "<extract>"].map(idOf);
  if (start === undefined || delimiter === undefined || extract === undefined) return BARE_FRAME;
  return extractFrame(start, delimiter, extract);
}

/**
 * The parts of a frame for one text or for two.
 *
 * @param frame The frame.
 * @param paired Whether there are two texts.
 * @returns The parts, in order.
 * @throws {TypeError} If there are two and the frame is for one only.
 *
 * @example
 * ```ts
 * import { partsOf } from "./special_tokens.ts";
 * import { robertaFrame } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(partsOf(robertaFrame(0, 2), false), [0, "text", 2]);
 * ```
 */
export function partsOf(frame: Frame, paired: boolean): Frame["single"] {
  const parts = paired ? frame.pair : frame.single;
  if (!paired || parts.includes("pair")) return parts;
  throw new TypeError("Cannot encode a pair of texts: this tokenizer has no special tokens to separate them");
}

/**
 * Puts a frame around one encoded text, or two.
 *
 * @param frame The frame.
 * @param text The ids of the text.
 * @param pair The ids of the second text, if there is one.
 * @returns The ids of all.
 * @throws {TypeError} If there is a second text and the frame is for one only.
 *
 * @example
 * ```ts
 * import { fillFrame } from "./special_tokens.ts";
 * import { BARE_FRAME } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fillFrame(BARE_FRAME, Uint32Array.of(5, 7)), Uint32Array.of(5, 7));
 * ```
 */
export function fillFrame(frame: Frame, text: Uint32Array, pair?: Uint32Array): Uint32Array {
  const parts = partsOf(frame, pair !== undefined);
  const filled = parts.map((part) => part === "text" ? text : part === "pair" ? pair! : Uint32Array.of(part));
  const ids = new Uint32Array(filled.reduce((length, part) => length + part.length, 0));
  let length = 0;
  for (const part of filled) {
    ids.set(part, length);
    length += part.length;
  }
  return ids;
}

/**
 * A stretch of text between special tokens, from `start` up to `end`, or a special token (then `id` is its id).
 *
 * @category Tokenizers
 */
export interface Segment {
  /** Index of the first UTF-16 unit. */
  readonly start: number;
  /** Index after the last UTF-16 unit. */
  readonly end: number;
  /** The id of the special token, or undefined for a stretch of text. */
  readonly id: number | undefined;
}

/**
 * Splits texts at their special tokens.
 *
 * Where several match, the leftmost is taken, and of those that begin at the same index the longest.
 *
 * @example
 * ```ts
 * import { SpecialTokenFinder } from "./special_tokens.ts";
 * import { CharTokenizer } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { specialTokens } = CharTokenizer.fromText("abc", { specialTokens: ["<s>"] });
 * const segments = [...new SpecialTokenFinder(specialTokens).segments("a<s>bc")];
 * assertEquals(segments.map(({ start, end, id }) => [start, end, id]), [[0, 1, undefined], [1, 4, 0], [4, 6, undefined]]);
 * ```
 */
export class SpecialTokenFinder {
  readonly #tokens: ReadonlyMap<string, SpecialToken>;
  readonly #pattern: RegExp | undefined;

  /**
   * Prepares the search.
   *
   * @param tokens The tokens to find.
   */
  constructor(tokens: readonly SpecialToken[]) {
    this.#tokens = new Map(tokens.map((token) => [token.content, token]));
    const contents = [...this.#tokens.keys()].filter((content) => content !== "");
    contents.sort((a, b) => b.length - a.length);
    const escaped = contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    if (contents.length > 0) this.#pattern = new RegExp(escaped.join("|"), "gu");
  }

  /**
   * Splits a text at its special tokens.
   *
   * @param text The text.
   * @returns The stretches and the tokens in order, one at a time, without empty stretches.
   */
  *segments(text: string): Generator<Segment> {
    let position = 0;
    for (const match of this.#pattern ? text.matchAll(this.#pattern) : []) {
      const token = this.#tokens.get(match[0])!;
      let start = match.index;
      let end = start + match[0].length;
      // The token before may have stripped the white space in which this one begins.
      if (start < position || token.singleWord && touchesWord(text, start, end)) continue;
      if (token.leftStrip) { while (start > position && isWhiteSpace(text[start - 1])) start--; }
      if (token.rightStrip) { while (end < text.length && isWhiteSpace(text[end])) end++; }
      if (start > position) yield { start: position, end: start, id: undefined };
      yield { start, end, id: token.id };
      position = end;
    }
    if (text.length > position) yield { start: position, end: text.length, id: undefined };
  }
}

/** All white space is one UTF-16 unit long. */
function isWhiteSpace(unit: string): boolean {
  return /^\p{White_Space}$/u.test(unit);
}

function touchesWord(text: string, start: number, end: number): boolean {
  const wordAtEnd = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
  const wordAtStart = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
  return wordAtEnd.test(text.slice(Math.max(0, start - 2), start)) ||
    wordAtStart.test(text.slice(end, end + 2));
}
