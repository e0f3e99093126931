/**
 * Texts with characters that a character tokenizer has never seen: what is said of them, and what is left without them.
 *
 * @module
 */
import { quoted } from "../../core/quoted.ts";
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { measureFit } from "../../tokenizers/tokenizer_fit.ts";

/** What to do about characters that are not in the vocabulary. */
export const UNKNOWN = ["refuse", "skip"] as const;

/** Characters that were left out of texts. */
export interface SkippedCharacters {
  /** How many of them there were. */
  readonly characters: number;
  /** How many characters the texts had with them. */
  readonly of: number;
  /** The most frequent ones, and how often each occurred. */
  readonly most: readonly { readonly character: string; readonly count: number }[];
}

/** How many different characters are named. */
const MOST_NAMED = 5;

/** The characters of texts that a tokenizer has no token for. */
export function unknownCharacters(tokenizer: BaseTokenizer, texts: readonly string[]): SkippedCharacters {
  const { missing, characters: of } = measureFit(tokenizer, texts);
  const most = Array.from(missing, ([character, count]) => ({ character, count }))
    .sort((a, b) => b.count - a.count);
  const characters = most.reduce((sum, { count }) => sum + count, 0);
  return { characters, of, most: most.slice(0, MOST_NAMED) };
}

/**
 * Texts as they are, or with `skip` without the characters that the tokenizer has no token for. Of a vocabulary of byte pairs
 * nothing is ever left out.
 */
export function knownTexts(
  tokenizer: BaseTokenizer,
  texts: readonly string[],
  unknown: typeof UNKNOWN[number],
): { texts: readonly string[]; skipped?: SkippedCharacters } {
  if (unknown === "refuse") return { texts };
  const skipped = unknownCharacters(tokenizer, texts);
  if (skipped.characters === skipped.of && skipped.of > 0) {
    throw new RangeError(
      `Nothing is left of the text: none of its ${skipped.of} characters is in the vocabulary`,
    );
  }
  if (skipped.characters === 0 || !(tokenizer instanceof CharTokenizer)) return { texts, skipped };
  const isKnown = (character: string) => tokenizer.idOf(character.toWellFormed()) !== undefined;
  return { texts: texts.map((text) => Array.from(text).filter(isKnown).join("")), skipped };
}

/** Encodes texts. The error of one that has unknown characters also says how many there are, and how to leave them out. */
export function explainUnknown<Ids>(
  tokenizer: BaseTokenizer,
  texts: readonly string[],
  encode: () => Ids,
): Ids {
  try {
    return encode();
  } catch (error) {
    const unknown = unknownCharacters(tokenizer, texts);
    if (unknown.characters === 0) throw error;
    const { message } = error as Error, counts = describeSkipped(unknown);
    throw new RangeError(`${message}; --unknown skip leaves out what it lacks, ${counts}`, { cause: error });
  }
}

/** The number of characters that were left out, and the most frequent ones. */
export function describeSkipped({ characters, of, most }: SkippedCharacters): string {
  const named = most.map(({ character, count }) => `${quoted(character)} ${count}`).join(", ");
  return `${characters} of ${of} characters${named === "" ? "" : ` (${named})`}`;
}
