/**
 * Text from elsewhere made safe to show: characters that would control a terminal, turn text around or break a picture
 * are written as escapes.
 *
 * @module
 */

/**
 * Controls, line and paragraph separators, lone surrogates, controls of the direction of writing, noncharacters, and
 * those that join or separate without being seen.
 */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}\u200b\u2060\ufeff]/gu;

const short: ReadonlyMap<string, string> = new Map([["\t", "\\t"], ["\n", "\\n"], ["\r", "\\r"]]);

/**
 * Shows as escapes what cannot be seen and may do harm.
 *
 * @param text the text
 * @returns the same with escapes as JavaScript writes them; all of it is on one line, and well-formed
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
  return text.replace(unseen, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return short.get(character) ??
      (code.length > 4
        ? `\\u{${code}}`
        : code.length > 2
        ? `\\u${code.padStart(4, "0")}`
        : `\\x${code.padStart(2, "0")}`);
  });
}
