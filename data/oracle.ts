/**
 * The answer key of the tales: what can come next at every character, and what it takes to know it.
 *
 * The grammar of the tales is known, so the distribution of the next character is, too. The oracle reads a tale from its
 * start and keeps every derivation that fits what it has read, each with its probability. A derivation is extended only
 * when all of its text has been read, so every draw falls on the first character of what is drawn:
 *
 *     read         derivations left                      next character, and its probability
 *     "Mia had a " one for each colour, 1/7 each         b 1/7, g 1/7, p 1/7, r 1/7, …
 *     "Mia had a r" the one with "red"                   e 1
 *
 * With wᵢ the probability of derivation i given the text so far, and cᵢ its next character,
 *
 *     p(c) = Σ wᵢ over the i with cᵢ = c        and after reading c:   wᵢ ← wᵢ / p(c) for these i, and no others
 *
 * The product of all p(c) is the probability of the tale, so their −ln add up to `nats` of {@linkcode tales}. Because one
 * character settles almost every draw, a few derivations are enough.
 *
 * A loss says how much a model has left to learn; the skill of each position says of what. The skill is decided by what
 * stands *before* the character, never by the character itself: so the mean of loss − entropy over the positions of a skill
 * is, in expectation, a Kullback-Leibler divergence, which is never negative and 0 only for the true distribution.
 *
 *     open      plot       which sentence follows, or how a sentence goes on: the sentences that fit so far differ in
 *                          what they expect here
 *               choice     a word is drawn here, from the same distribution in all sentences that fit
 *     certain   recall     a letter of a word mentioned earlier, where other words of its list have another letter: in
 *                          most lists, the first one
 *               agreement  the same in a form of a word: the e of "her", the i of "his", the g of "girl" after "Mia was a shy"
 *               spelling   the letters of a word once it is clear which one it is
 *               wording    the rest: fixed text, and letters that all words of a list, or all forms, begin with
 *
 * A position of the skill plot may ask for others as well. A tale begins with "Once" or with one of the names: a sentence
 * and a word are drawn at once. After "One cold day " either the hero's name follows or "the", so a model that does not
 * recall the name loses there, too. Where derivations differ in the skill of a certain character, the most probable one
 * decides.
 *
 * Reference: the forward algorithm of hidden Markov models (Rabiner, "A tutorial on hidden Markov models", 1989, section
 * III A), on a set of states that grows with the text.
 *
 * @module
 */

import { log } from "../core/math.ts";
import { quoted } from "../core/quoted.ts";
import { TALE_GRAMMAR } from "./tales.ts";
import { type Derivation, derivationsOf } from "./tales/derivations.ts";
import type { TaleGrammar } from "./tales/tale_grammar.ts";

/**
 * What a position of a tale asks for, from easy to hard; the module says what each one is.
 *
 * @category Data
 */
export const SKILLS = ["spelling", "wording", "plot", "choice", "agreement", "recall"] as const;

/**
 * One of {@linkcode SKILLS}.
 *
 * @category Data
 */
export type Skill = typeof SKILLS[number];

/**
 * What can stand at a position of a tale, given all that stands before it in the tale.
 *
 * @category Data
 */
export interface OraclePosition {
  /** Probability of the character that stands here. */
  readonly probability: number;
  /** Of the distribution, in nats: the lowest loss that can be expected here. */
  readonly entropy: number;
  /** Probabilities of the characters that can stand here; they add up to 1. */
  readonly distribution: ReadonlyMap<string, number>;
  /** What it takes to predict the character. */
  readonly skill: Skill;
  /** Of recall: the position of the same letter in the word's most recent mention. */
  readonly antecedent?: number;
  /** Of recall: the list that the word is from, such as `thing`. */
  readonly list?: string;
}

/**
 * Reads tales and says, for every character, what can stand there and with which probability.
 *
 * Characters are Unicode code points, as for `CharTokenizer`: the positions of the result are those of its ids. The text
 * begins with the first character of a tale; it may hold any number of tales, and may end anywhere.
 *
 * @param text Tales, one after another.
 * @param grammar What they were drawn from; the built-in grammar unless given.
 * @returns A position for each character.
 * @throws {RangeError} If the text is not one that the grammar can produce: where it departs from it, and what could
 * stand there. If the grammar has too few words for its slots, or no form of a word.
 *
 * @example
 * ```ts
 * import { oracle, tales } from "@miniformer/miniformer";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const { text, nats } = tales(1).next().value;
 * const positions = oracle(text);
 * assertEquals(positions.length, text.length);
 * assertAlmostEquals(positions.reduce((sum, { probability }) => sum - Math.log(probability), 0), nats, 1e-9);
 * ```
 *
 * @category Data
 */
export function oracle(text: string, grammar: TaleGrammar = TALE_GRAMMAR): OraclePosition[] {
  const extend = derivationsOf(grammar), certain = new Map<string, ReadonlyMap<string, number>>();
  const positions: OraclePosition[] = [];
  let alive = extend.tale(1, 0);
  for (const character of text) {
    const distribution = distributionOf(alive);
    const isCertain = distribution.size === 1 && distribution.has(character);
    const probability = isCertain ? 1 : distribution.get(character); // sums of weights are not exact
    if (probability === undefined) throw departure(text, positions.length, distribution);
    if (isCertain) {
      // most positions are certain: one map serves all of a character
      if (!certain.has(character)) certain.set(character, new Map([[character, 1]]));
      const distribution = certain.get(character)!;
      positions.push({ probability, entropy: 0, distribution, ...certainSkill(alive) });
    } else {
      const skill = dependsOnSentence(alive, distribution) ? "plot" : "choice";
      positions.push({ probability, entropy: entropyOf(distribution), distribution, skill });
    }
    alive = alive.filter(({ spelled, read }) => spelled.characters[read] === character).flatMap(
      (derivation) => {
        const weight = derivation.weight / probability, read = derivation.read + 1;
        return read < derivation.spelled.characters.length
          ? [{ ...derivation, weight, read }]
          : extend.part({ ...derivation, weight, part: derivation.part + 1 }, positions.length);
      },
    );
  }
  return positions;
}

/** The probability of each next character. */
function distributionOf(alive: readonly Derivation[]): Map<string, number> {
  const distribution = new Map<string, number>();
  for (const { weight, spelled, read } of alive) {
    const character = spelled.characters[read];
    distribution.set(character, (distribution.get(character) ?? 0) + weight);
  }
  return distribution;
}

function entropyOf(distribution: ReadonlyMap<string, number>): number {
  let entropy = 0;
  for (const probability of distribution.values()) entropy -= probability * log(probability);
  return entropy;
}

/** Whether derivations in different sentences expect different characters, beyond rounding. */
function dependsOnSentence(alive: readonly Derivation[], distribution: ReadonlyMap<string, number>): boolean {
  const sentenceOf = ({ plot, beat, sentence }: Derivation) => `${plot} ${beat} ${sentence}`;
  const sentences = new Set(alive.map(sentenceOf));
  return sentences.size > 1 && [...sentences].some((sentence) => {
    const derivations = alive.filter((derivation) => sentenceOf(derivation) === sentence);
    const here = distributionOf(derivations);
    const total = derivations.reduce((sum, { weight }) => sum + weight, 0);
    return [...distribution].some(([character, probability]) =>
      Math.abs((here.get(character) ?? 0) / total - probability) > 1e-9
    );
  });
}

/** The skill of a certain character in the most probable derivation, and which word is recalled from where. */
function certainSkill(alive: readonly Derivation[]): Pick<OraclePosition, "skill" | "antecedent" | "list"> {
  const { spelled, read } = alive.reduce((a, b) => b.weight > a.weight ? b : a);
  const skill = spelled.skills[read], { antecedent, list } = spelled;
  return skill === "recall" ? { skill, antecedent: antecedent! + read, list } : { skill };
}

/** The error about a character that cannot stand where it does. */
function departure(text: string, position: number, expected: ReadonlyMap<string, number>): RangeError {
  let line = 1, column = 0, character = "", left = position;
  for (character of text) {
    column++;
    if (left-- === 0) break; // the rest may be long
    if (character === "\n") [line, column] = [line + 1, 0];
  }
  const known = [...expected.keys()].sort().map(quoted);
  return new RangeError(
    `Cannot read the text as tales: line ${line}, column ${column} holds ${quoted(character)}, ` +
      `expected ${known.length > 1 ? "one of " : ""}${known.join(", ")}`,
  );
}
