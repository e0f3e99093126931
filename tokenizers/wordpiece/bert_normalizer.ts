/**
 * How BERT prepares a text before WordPiece: normalized, then cut into words.
 *
 * Normalization takes four steps, each of which a file can switch off: control characters are removed, and white space becomes
 * spaces; Chinese characters, which are written without spaces, get one on either side; accents are removed; upper case becomes
 * lower case. A word is then a punctuation character, or what stands between white space and punctuation.
 *
 * What a character is follows the engine's Unicode data. Hugging Face `tokenizers` has that of Unicode 8, so combining marks,
 * punctuation and control characters that came later, some 600 in rare scripts, are treated otherwise there.
 *
 * @module
 */

/**
 * What normalization does to a text.
 *
 * @category Tokenizers
 */
export interface BertNormalization {
  /** Remove control characters, and write all white space as spaces. */
  readonly cleanText: boolean;
  /** Put spaces around Chinese characters. */
  readonly separateChinese: boolean;
  /** Remove accents; where it is not given, if letters become lower case. */
  readonly stripAccents?: boolean;
  /** Write all letters in lower case. */
  readonly lowerCase: boolean;
}

/** Control characters but for tab and line breaks, formats such as U+200D, private use, and the replacement character. */
const CONTROL = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\ufffd]/gu;

/** The blocks of Chinese characters that BERT lists. */
const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/** A punctuation character, in ASCII everything but letters, digits, space and control characters; or a run of others. */
const WORD = /[\p{P}$+<=>^`|~]|[^\p{P}$+<=>^`|~\p{White_Space}]+/gu;

/**
 * Normalizes a text.
 *
 * @example
 * ```ts
 * import { normalizeForBert } from "./bert_normalizer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const uncased = { cleanText: true, separateChinese: true, lowerCase: true };
 * assertEquals(normalizeForBert("Café\t中", uncased), "cafe  中 ");
 * ```
 *
 * @param text The text; lone surrogates count as U+FFFD.
 * @param options What is done.
 * @returns The normalized text.
 */
export function normalizeForBert(text: string, options: BertNormalization): string {
  const { cleanText, separateChinese, lowerCase, stripAccents = lowerCase } = options;
  let normalized = text.toWellFormed();
  if (cleanText) normalized = normalized.replace(CONTROL, "").replace(/\p{White_Space}/gu, " ");
  if (separateChinese) normalized = normalized.replace(CHINESE, " $& ");
  if (stripAccents) normalized = normalized.normalize("NFD").replace(/\p{Mn}/gu, "");
  // each character becomes lower case by itself: a sigma at the end of a word is no other than elsewhere
  return lowerCase ? normalized.replaceAll("Σ", "σ").toLowerCase() : normalized;
}

/**
 * Cuts a normalized text into words.
 *
 * @example
 * ```ts
 * import { wordsOf } from "./bert_normalizer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...wordsOf(" it's 5$ ")], ["it", "'", "s", "5", "$"]);
 * ```
 *
 * @param text The text.
 * @returns The words in order, without white space.
 */
export function* wordsOf(text: string): Generator<string> {
  for (const [word] of text.matchAll(WORD)) yield word;
}
