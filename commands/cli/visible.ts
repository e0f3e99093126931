/**
 * Makes untrusted text safe to show: characters that control a terminal, reverse the direction of text or break a picture
 * are written as escapes.
 *
 * @module
 */

/**
 * Control characters, line and paragraph separators, lone surrogates, bidirectional controls, noncharacters, and
 * zero-width characters other than the joiners that emoji and some scripts need.
 */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}\u200b\u2060\ufeff]/gu;

const SHORT: ReadonlyMap<string, string> = new Map([["\t", "\\t"], ["\n", "\\n"], ["\r", "\\r"]]);

/**
 * Replaces invisible characters that may do harm by escapes.
 *
 * @param text the text
 * @returns the text on one line, well-formed, with escapes as in JavaScript
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { visible } from "./visible.ts";
 *
 * assertEquals(visible("a\tb \x1b[2J \u2028 \ud800 \u202e"), String.raw`a\tb \x1b[2J \u2028 \ud800 \u202e`);
 * assertEquals(visible("naïve 文字 👩‍🚀"), "naïve 文字 👩‍🚀");
 * ```
 */
export function visible(text: string): string {
  return text.replace(HARMFUL, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return SHORT.get(character) ??
      (code.length > 4
        ? `\\u{${code}}`
        : code.length > 2
        ? `\\u${code.padStart(4, "0")}`
        : `\\x${code.padStart(2, "0")}`);
  });
}

/**
 * The same for a text of several lines, whose line ends and tabs stay.
 *
 * @param text the text
 * @returns the text with escapes
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { visibleLines } from "./visible.ts";
 *
 * assertEquals(visibleLines("a\n\tb\x1b"), "a\n\tb\\x1b");
 * ```
 */
export function visibleLines(text: string): string {
  return text.replace(/[^\n\t]+/g, visible);
}
