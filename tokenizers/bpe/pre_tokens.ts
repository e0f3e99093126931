/**
 * How GPT-2 and RoBERTa split a text before byte-pair encoding: into pre-tokens, across whose boundaries nothing is merged.
 *
 * A pre-token is an English contraction, or a run of letters, of numbers, or of other characters, each with at most one
 * space in front of it, or else white space. That is {@linkcode PRE_TOKEN_PATTERN}, which defines the split. Regular
 * expressions are slow here, so {@linkcode nextPreToken} does the same with a table of what each code point is. The table
 * is filled from the engine's own Unicode data, 256 code points at a time, when a text contains one of them.
 *
 * The rule for white space is the subtle one. Of white space before a word, the last character belongs to the word: of
 * three spaces, two are a pre-token, and the third is part of the next. White space at the end of the text is one pre-token.
 *
 * Reference: https://github.com/openai/gpt-2/blob/master/src/encoder.py, `self.pat`
 *
 * @module
 */

/**
 * The definition of a pre-token. White space is the Unicode property, not JavaScript's `\s`, which counts U+FEFF and
 * leaves out U+0085.
 *
 * @example
 * ```ts
 * import { PRE_TOKEN_PATTERN } from "./pre_tokens.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals("I'll go  home.".match(PRE_TOKEN_PATTERN), ["I", "'ll", " go", " ", " home", "."]);
 * ```
 */
export const PRE_TOKEN_PATTERN: RegExp =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** What a code point can be. */
const LETTER = 1, NUMBER = 2, OTHER = 3, SPACE = 4;

/** What each code point is; 0 where it has not been looked up yet. */
const kinds = new Uint8Array(0x110000);

function lookUpKinds(codePoint: number): number {
  const first = codePoint & ~0xff;
  for (let c = first; c < first + 256; c++) {
    const character = String.fromCodePoint(c);
    kinds[c] = /\p{L}/u.test(character)
      ? LETTER
      : /\p{N}/u.test(character)
      ? NUMBER
      : /\p{White_Space}/u.test(character)
      ? SPACE
      : OTHER;
  }
  return kinds[codePoint];
}

function kindAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  const codePoint = unit >= 0xd800 && unit <= 0xdbff ? text.codePointAt(index)! : unit;
  return kinds[codePoint] || lookUpKinds(codePoint);
}

/**
 * Finds where a pre-token ends.
 *
 * @param text The text.
 * @param start Index of the pre-token's first UTF-16 unit.
 * @param end Index at which the text is taken to end; more than `start`.
 * @returns Index after the pre-token's last unit.
 *
 * @example
 * ```ts
 * import { nextPreToken } from "./pre_tokens.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nextPreToken("two words", 0, 9), 3); // "two"
 * assertEquals(nextPreToken("two words", 3, 9), 9); // " words"
 * ```
 */
export function nextPreToken(text: string, start: number, end: number): number {
  const unit = text.charCodeAt(start);
  if (unit === 0x27) {
    const length = contractionLength(text, start, end);
    if (length > 0) return start + length;
  }
  let position = unit === 0x20 && start + 1 < end ? start + 1 : start;
  const kind = kindAt(text, position);
  if (kind === SPACE) {
    position = runEnd(text, start, end, SPACE);
    // The last of several white-space characters belongs to what follows. Each is one unit long.
    return position < end && position - start > 1 ? position - 1 : position;
  }
  return runEnd(text, position, end, kind);
}

function runEnd(text: string, start: number, end: number, kind: number): number {
  let position = start;
  while (position < end) {
    const unit = text.charCodeAt(position);
    if (unit < 0xd800 || unit > 0xdbff) {
      if ((kinds[unit] || lookUpKinds(unit)) !== kind) break;
      position++;
    } else {
      const codePoint = text.codePointAt(position)!;
      if ((kinds[codePoint] || lookUpKinds(codePoint)) !== kind) break;
      position += codePoint > 0xffff ? 2 : 1;
    }
  }
  return Math.min(position, end);
}

/** The length of `'s 't 'm 'd 're 've 'll` at an apostrophe, or 0. Lower case only, as in GPT-2. */
function contractionLength(text: string, start: number, end: number): number {
  const first = start + 1 < end ? text[start + 1] : "";
  if (first === "s" || first === "t" || first === "m" || first === "d") return 2;
  const second = start + 2 < end ? text[start + 2] : "";
  return (first === "r" || first === "v") && second === "e" || first === "l" && second === "l" ? 3 : 0;
}
