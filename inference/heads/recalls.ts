/**
 * The positions of tales where a word is recalled, and its earlier mentions.
 *
 * The oracle says which letters are recalled, and where the most recent mention is. A model may look at any earlier mention
 * just as well, so all of them in the same tale count.
 *
 * @module
 */

import type { OraclePosition } from "../../data/oracle.ts";

/**
 * A letter of a word that was mentioned earlier.
 *
 * @category Inference
 */
export interface Recall {
  /** Its index in the text, in characters. */
  readonly index: number;
  /** The word. */
  readonly word: string;
  /** The list of the grammar that it is from, such as `thing`. */
  readonly list: string;
  /** Which of its letters this is, the first is 0. */
  readonly letter: number;
  /** Where earlier mentions of the word in the same tale begin, in order. */
  readonly mentions: readonly number[];
}

/**
 * A number for each of the two kinds of hits.
 *
 * @category Inference
 */
export interface ByTarget {
  /** The same letter of an earlier mention. */
  readonly letter: number;
  /** Any letter of an earlier mention. */
  readonly word: number;
}

const LETTER = /\p{L}/u;

/**
 * The positions of tales where a word is recalled.
 *
 * @example
 * ```ts
 * import { oracle, recallsOf, tales } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { text } = tales(1).next().value;
 * for (const { index, word, mentions } of recallsOf(text, oracle(text))) {
 *   for (const at of [index, ...mentions]) assertEquals(text.slice(at, at + word.length), word);
 * }
 * ```
 *
 * @param text Tales.
 * @param positions What the oracle says about each character.
 * @returns The recalled letters, in order.
 * @category Inference
 */
export function recallsOf(text: string, positions: readonly OraclePosition[]): Recall[] {
  const characters = [...text], recalls: Recall[] = [];
  let mentionsOf = new Map<string, number[]>(); // of each word of this tale: where it begins
  for (let start = 0, end = 0; start < characters.length; start = Math.max(end, start + 1)) {
    for (end = start; end < characters.length && LETTER.test(characters[end]); end++);
    if (characters[start] === "\n") mentionsOf = new Map(); // the end of a tale
    if (end === start) continue;
    const word = characters.slice(start, end).join(""), mentions = mentionsOf.get(word) ?? [];
    for (let index = start; index < end; index++) {
      const { skill, list = "" } = positions[index];
      if (skill === "recall") recalls.push({ index, word, list, letter: index - start, mentions });
    }
    mentionsOf.set(word, [...mentions, start]);
  }
  return recalls;
}

/**
 * The keys that count as hits for a recalled letter.
 *
 * @example
 * ```ts
 * import { keysOf } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const recall = { index: 100, word: "kite", list: "thing", letter: 0, mentions: [41] };
 * assertEquals(keysOf(recall), { letter: [41], word: [41, 42, 43, 44] });
 * ```
 *
 * @param recall The recalled letter.
 * @returns Indices of the text, for each kind of hit.
 * @category Inference
 */
export function keysOf({ word, letter, mentions }: Recall): Record<keyof ByTarget, number[]> {
  const letters = Array.from([...word].keys());
  return {
    letter: mentions.map((mention) => mention + letter),
    word: mentions.flatMap((mention) => letters.map((offset) => mention + offset)),
  };
}
