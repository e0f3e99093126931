/**
 * Measures of generated text, which need no model: how varied it is, how much it repeats itself, and how much of it comes
 * from the training text.
 *
 *     distinct-n      different sequences of n words, divided by all sequences of n words
 *     repetition      share of the sequences of four words that occurred before in the same text
 *     known words     share of the words that occur in the training text
 *     longest copy    the longest stretch that occurs in the training text, character by character
 *
 * None of them is good or bad by itself, and the first two fall and rise with the length of a text: compare with real text
 * of the same length.
 *
 * A word is a run of letters and digits, with apostrophes and hyphens between them, in lower case. Languages that write
 * no spaces have few and long words by this definition.
 *
 * Distinct-n is that of Li et al. 2016, *A Diversity-Promoting Objective Function for Neural Conversation Models*, who
 * divide by the number of words; dividing by that of the sequences makes 1 the largest value for each n.
 *
 * @module
 */
import { longestCopy } from "./longest_copy.ts";

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’‐-][\p{L}\p{M}\p{N}]+)*/gu;

/** Words in the sequences whose repetition is measured. */
const REPETITION_LENGTH = 4;

/**
 * What was measured on a text. A share of nothing, as in a text of one word, is undefined.
 *
 * @category Inference
 */
export interface TextMeasures {
  /** Unicode characters. */
  readonly characters: number;
  /** Words. */
  readonly words: number;
  /** Different words, divided by all words. */
  readonly distinct1?: number;
  /** Different pairs of neighbouring words, divided by all such pairs. */
  readonly distinct2?: number;
  /** Different sequences of three words, divided by all of them. */
  readonly distinct3?: number;
  /** Share of the sequences of four words that occurred before in the text. */
  readonly repetition?: number;
  /** Share of the words that occur in the training text; only where that is known. */
  readonly knownWords?: number;
  /** The longest stretch that occurs in the training text; only where that is known. */
  readonly longestCopy?: {
    /** Its length in Unicode characters. */
    readonly characters: number;
    /** The stretch itself. */
    readonly text: string;
  };
}

/**
 * A training text that others are compared with.
 *
 * @category Inference
 */
export interface KnownText {
  /** Its parts. */
  readonly texts: readonly string[];
  /** Its words, see {@linkcode vocabularyOf}. */
  readonly vocabulary: ReadonlySet<string>;
}

/**
 * The words of a text: runs of letters and digits, with apostrophes and hyphens between them, in lower case.
 *
 * @example
 * ```ts
 * import { wordsOf } from "./text_measures.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...wordsOf("Don't stop -- the well-known Café, 42!")], ["don't", "stop", "the", "well-known", "café", "42"]);
 * ```
 *
 * @param text Any text.
 * @yields Each word, in the order of the text.
 */
export function* wordsOf(text: string): Generator<string> {
  for (const [word] of text.matchAll(WORD)) yield word.toLowerCase();
}

/**
 * The different words of texts.
 *
 * @example
 * ```ts
 * import { vocabularyOf } from "./text_measures.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(vocabularyOf(["The cat.", "the hat"]), new Set(["the", "cat", "hat"]));
 * ```
 *
 * @param texts The texts.
 * @returns Their words.
 */
export function vocabularyOf(texts: Iterable<string>): Set<string> {
  const vocabulary = new Set<string>();
  for (const text of texts) for (const word of wordsOf(text)) vocabulary.add(word);
  return vocabulary;
}

/** All sequences of n words of a text. */
function sequencesOf(words: readonly string[], n: number): string[] {
  return Array.from({ length: Math.max(0, words.length - n + 1) }, (_, i) => words.slice(i, i + n).join(" "));
}

/** The part of a whole; undefined where there is no whole. */
const share = (part: number, whole: number): number | undefined => whole > 0 ? part / whole : undefined;

function distinctShare(sequences: readonly string[]): number | undefined {
  return share(new Set(sequences).size, sequences.length);
}

/**
 * Measures a text: how varied it is, how much it repeats itself, and what it has in common with a training text.
 *
 * @example
 * ```ts
 * import { vocabularyOf } from "./text_measures.ts";
 * import { measureText } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const training = ["A cat sat on the mat."], known = { texts: training, vocabulary: vocabularyOf(training) };
 * const measures = measureText("the cat sat, the cat ran", known);
 * assertEquals([measures.words, measures.distinct1, measures.distinct2], [6, 4 / 6, 4 / 5]);
 * assertEquals([measures.repetition, measures.knownWords], [0, 5 / 6]);
 * assertEquals(measures.longestCopy, { characters: 8, text: " cat sat" });
 * ```
 *
 * @param text The text.
 * @param known The training text, if it is known.
 * @returns The measures.
 * @category Inference
 */
export function measureText(text: string, known?: KnownText): TextMeasures {
  const words = [...wordsOf(text)];
  const [distinct1, distinct2, distinct3, distinct] = [1, 2, 3, REPETITION_LENGTH]
    .map((n) => distinctShare(sequencesOf(words, n)));
  return {
    ...{ characters: countCharacters(text), words: words.length, distinct1, distinct2, distinct3 },
    repetition: distinct === undefined ? undefined : 1 - distinct,
    ...known && {
      knownWords: share(words.filter((word) => known.vocabulary.has(word)).length, words.length),
      longestCopy: copyOf(text, known.texts),
    },
  };
}

function copyOf(text: string, others: readonly string[]): { characters: number; text: string } {
  const stretch = longestCopy(text, others);
  return { characters: countCharacters(stretch), text: stretch };
}

/**
 * The number of Unicode characters (code points) of a text.
 *
 * @example
 * ```ts
 * import { countCharacters } from "./text_measures.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(countCharacters("a🙂"), 2);
 * ```
 *
 * @param text Any text.
 * @returns Its length in characters.
 */
export function countCharacters(text: string): number {
  let count = text.length;
  for (let index = 1; index < text.length; index++) {
    const isPair = (text.charCodeAt(index - 1) & 0xfc00) === 0xd800 &&
      (text.charCodeAt(index) & 0xfc00) === 0xdc00;
    if (isPair) count--;
  }
  return count;
}

/**
 * A piece from the middle of a text, to be measured beside a generated text of the same length.
 *
 * @example
 * ```ts
 * import { middlePiece } from "./text_measures.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(middlePiece("one two three four five six", 10), "three four");
 * ```
 *
 * @param text The text.
 * @param characters The length of the piece, in Unicode characters.
 * @returns The piece, which begins with a word; a text that is no longer than that, whole.
 */
export function middlePiece(text: string, characters: number): string {
  const excess = text.length - 2 * characters; // a character has at most two units
  if (excess < 0 && countCharacters(text) <= characters) return text;
  const middle = Math.max(0, text.length - characters) >> 1;
  const spaces = text.slice(0, middle).search(/\s\S*$/);
  return Array.from(text.slice(spaces + 1, spaces + 1 + 2 * characters)).slice(0, characters).join("");
}
