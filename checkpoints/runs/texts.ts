/**
 * The texts of a run: the built-in ones, the part of a text that is for validation, and the lines of texts.
 *
 * @module
 */
import { makeTales, type TaleCorpus } from "../../data/tales.ts";

/**
 * The built-in corpus: always the same, so that runs can be compared; a short run sees it once.
 *
 * @returns The tales, and what is known of them.
 */
export const builtInTales = (): TaleCorpus => makeTales({ seed: 1, characters: 1_250_000 });

/**
 * Splits texts after a fraction of their length, between characters.
 *
 * @example
 * ```ts
 * import { splitTexts } from "./texts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(splitTexts(["a cat", "a dog"], 0.6), [["a cat", "a"], [" dog"]]);
 * assertEquals(splitTexts(["🙂🙂"], 0.25), [["🙂"], ["🙂"]]);
 * ```
 *
 * @param texts The texts.
 * @param fraction The share of the first part, from 0 to 1.
 * @returns The texts before and after; one text may be in both, and none of them is empty.
 */
export function splitTexts(texts: readonly string[], fraction: number): [string[], string[]] {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  const before: string[] = [], after: string[] = [];
  let left = Math.floor(length * fraction);
  for (const text of texts) {
    const isInside = left < text.length && (text.codePointAt(left - 1) ?? 0) > 0xffff;
    const cut = Math.max(0, Math.min(left + (isInside ? 1 : 0), text.length));
    if (cut > 0) before.push(text.slice(0, cut));
    if (cut < text.length) after.push(text.slice(cut));
    left -= text.length;
  }
  return [before, after];
}

/**
 * All lines of texts that are not empty.
 *
 * @example
 * ```ts
 * import { linesOf } from "./texts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(linesOf(["a cat\n\na dog\r\n", "a hen"]), ["a cat", "a dog", "a hen"]);
 * ```
 *
 * @param texts The texts.
 * @returns The lines, without their ends.
 */
export function linesOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(/\r?\n/).filter(Boolean));
}
