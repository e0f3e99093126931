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
 * Writes a text on one line, with escapes as in JavaScript for invisible characters that may do harm.
 *
 * @example
 * ```ts
 * import { visible } from "./visible.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(visible("naïve\ttext\x1b[31m"), "naïve\\ttext\\x1b[31m");
 * ```
 *
 * @param text Any text.
 * @returns The text on one line, well-formed and in one direction.
 */
export function visible(text: string): string {
  return text.replace(HARMFUL, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    if (code.length > 4) return `\\u{${code}}`;
    return SHORT.get(character) ??
      (code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`);
  });
}

/**
 * Does the same for a text of several lines, whose line ends and tabs stay.
 *
 * @example
 * ```ts
 * import { visibleLines } from "./visible.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(visibleLines("one\ntwo\r"), "one\ntwo\\r");
 * ```
 *
 * @param text Any text.
 * @returns The text, well-formed, each line in one direction.
 */
export function visibleLines(text: string): string {
  return text.replace(/[^\n\t]+/g, visible);
}
