/**
 * The answer key of the tales: what can come next at every character, and what it takes to know it.
 *
 * The grammar of the tales is known, so the distribution of the next character is, too. The oracle reads a tale from its
 * start and keeps every derivation that fits what it has read, each with its probability. A derivation is extended only
 * when its text runs out, so a draw happens where the first character of what is drawn appears:
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
 * A loss says how bad a model is; the skill of each position says at what. The skill is decided by what stands *before*
 * the character, never by the character itself: so the mean of loss − entropy over the positions of a skill is, in
 * expectation, a Kullback-Leibler divergence, which is never negative and 0 only for the true distribution.
 *
 *     open      plot       which sentence follows, or how a sentence goes on: the derivations of different sentences
 *                          differ in what they expect here
 *               choice     a word that is drawn here: whatever the sentence, the same distribution
 *     certain   recall     a letter of a word that was told before, while its list has words that would go on otherwise:
 *                          in most lists, the first letter
 *               agreement  the same of a form: the e of "her", the i of "his", the g of "girl" after "Mia was a shy"
 *               spelling   the letters of a word once it is clear which one it is
 *               wording    the rest: fixed text, and letters that all words of a list, or all forms, begin with
 *
 * Where sentences differ in what they expect, words may be drawn as well: a tale begins with "Once" or with one of the
 * names, which is one distribution, of the skill plot. Where derivations differ in the skill of a certain character, the
 * most probable one decides.
 *
 * Reference: the forward algorithm of hidden Markov models (Rabiner, "A tutorial on hidden Markov models", 1989, section
 * III A), on a set of states that grows with the text.
 *
 * @module
 */

import { log } from "../core/math.ts";
import { quoted } from "../core/quoted.ts";
import { TALE_GRAMMAR } from "./tales.ts";
import {
  freeWords,
  listOf,
  SENTENCE_GAP,
  sentenceParts,
  TALE_END,
  type TaleGrammar,
  wordAsTold,
} from "./tales/tale_grammar.ts";

/** What a position of a tale asks for, from easy to hard; the module says what each one is. */
export const SKILLS = ["spelling", "wording", "plot", "choice", "agreement", "recall"] as const;

/** One of {@linkcode SKILLS}. */
export type Skill = typeof SKILLS[number];

/** What can stand at a position of a tale, given all that stands before it in the tale. */
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

/** A part of a sentence as characters, each with the skill that it asks for where it is certain. */
interface ToldPart {
  readonly characters: readonly string[];
  readonly skills: readonly Skill[];
  /** Of a word that was told before: the position of its first letter there. */
  readonly antecedent?: number;
  /** Of a word: its list. */
  readonly list?: string;
}

/** One way in which the text so far can have been drawn. */
interface Derivation {
  /** Its probability given the text so far. */
  readonly weight: number;
  readonly plot: number;
  readonly beat: number;
  /** Of the beat. */
  readonly sentence: number;
  /** Of the sentence: the part that is being told. */
  readonly part: number;
  readonly told: ToldPart;
  /** How many characters of the part have been read. */
  readonly read: number;
  /** The word of each slot that has one. */
  readonly drawn: ReadonlyMap<string, string>;
  /** Where each slot was last told by its word itself: the position of the first letter. */
  readonly mentions: ReadonlyMap<string, number>;
}

/** A derivation up to the end of a part. */
type Told = Omit<Derivation, "told" | "read">;

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
 */
export function oracle(text: string, grammar: TaleGrammar = TALE_GRAMMAR): OraclePosition[] {
  const extend = derivationsOf(grammar), certain = new Map<string, ReadonlyMap<string, number>>();
  const positions: OraclePosition[] = [];
  let alive = extend.tale(1, 0);
  for (const character of text) {
    const counted = distributionOf(alive);
    const probability = counted.size === 1 && counted.has(character) ? 1 : counted.get(character);
    if (probability === undefined) throw departure(text, positions.length, counted);
    if (probability === 1) {
      let distribution = certain.get(character);
      if (distribution === undefined) certain.set(character, distribution = new Map([[character, 1]]));
      positions.push({ probability, entropy: 0, distribution, ...certainSkill(alive) });
    } else {
      const skill = dependsOnSentence(alive, counted) ? "plot" : "choice";
      positions.push({ probability, entropy: entropyOf(counted), distribution: counted, skill });
    }
    alive = alive.filter(({ told, read }) => told.characters[read] === character).flatMap((derivation) => {
      const weight = derivation.weight / probability, read = derivation.read + 1;
      return read < derivation.told.characters.length
        ? [{ ...derivation, weight, read }]
        : extend.part({ ...derivation, weight, part: derivation.part + 1 }, positions.length);
    });
  }
  return positions;
}

/** How derivations go on: with the tale, the beat or the part that begins at a position, each draw of a first word made. */
function derivationsOf(grammar: TaleGrammar) {
  const plots = grammar.plots.map((beats) =>
    beats.map((sentences, beat) => {
      const gap = beat === 0 ? "" : SENTENCE_GAP, end = beat === beats.length - 1 ? TALE_END : "";
      return sentences.map((sentence) => sentenceParts(gap + sentence + end));
    })
  );
  const fixedParts = new Map<string, ToldPart>();
  const fixedPart = (text: string): ToldPart => {
    let told = fixedParts.get(text);
    if (told === undefined) {
      const characters = [...text];
      fixedParts.set(text, told = { characters, skills: characters.map(() => "wording") });
    }
    return told;
  };

  const tale = (weight: number, position: number): Derivation[] => {
    const drawn = new Map<string, string>(), mentions = new Map<string, number>();
    return plots.flatMap((_, plot, { length }) =>
      beat({ weight: weight / length, plot, beat: 0, sentence: 0, part: 0, drawn, mentions }, position)
    );
  };
  const beat = (at: Told, position: number): Derivation[] => {
    const sentences = plots[at.plot][at.beat];
    if (sentences === undefined) return tale(at.weight, position);
    const weight = at.weight / sentences.length;
    return sentences.flatMap((_, sentence) => part({ ...at, weight, sentence, part: 0 }, position));
  };
  const part = (at: Told, position: number): Derivation[] => {
    const next = plots[at.plot][at.beat][at.sentence][at.part];
    if (next === undefined) return beat({ ...at, beat: at.beat + 1 }, position);
    if ("text" in next) return [{ ...at, told: fixedPart(next.text), read: 0 }];
    const { slot, form } = next, known = at.drawn.get(slot);
    const words = known === undefined ? freeWords(grammar, slot, at.drawn) : [known];
    const antecedent = form === undefined ? at.mentions.get(slot) : undefined;
    const asked = known === undefined ? "choice" : antecedent === undefined ? "agreement" : "recall";
    const list = listOf(slot), others = grammar.words[list].map((word) => wordAsTold(grammar, word, form));
    return words.flatMap((word) => {
      const text = wordAsTold(grammar, word, form), characters = [...text];
      const told: ToldPart = { characters, skills: skillsOf(characters, others, asked), antecedent, list };
      const after: Told = {
        ...at,
        weight: at.weight / words.length,
        drawn: known === undefined ? new Map([...at.drawn, [slot, word]]) : at.drawn,
        mentions: form === undefined ? new Map([...at.mentions, [slot, position]]) : at.mentions,
      };
      return text === "" ? part({ ...after, part: at.part + 1 }, position) : [{ ...after, told, read: 0 }];
    });
  };
  return { tale, part };
}

/**
 * The skill of each character of a word, where it is certain: `asked` where another word goes on in another way, wording
 * before the first such place, spelling after it.
 */
function skillsOf(characters: readonly string[], others: readonly string[], asked: Skill): Skill[] {
  let isSettling = false, candidates = others.map((other) => [...other]);
  return characters.map((character, index) => {
    const isOpen = candidates.some((other) => other[index] !== character);
    candidates = candidates.filter((other) => other[index] === character);
    isSettling ||= isOpen;
    return isOpen ? asked : isSettling ? "spelling" : "wording";
  });
}

/** The probability of each next character. */
function distributionOf(alive: readonly Derivation[]): Map<string, number> {
  const distribution = new Map<string, number>();
  for (const { weight, told, read } of alive) {
    const character = told.characters[read];
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
  const sentences = Map.groupBy(alive, ({ plot, beat, sentence }) => `${plot} ${beat} ${sentence}`);
  return sentences.size > 1 && [...sentences.values()].some((derivations) => {
    const here = distributionOf(derivations);
    const total = derivations.reduce((sum, { weight }) => sum + weight, 0);
    return [...distribution].some(([character, probability]) =>
      Math.abs((here.get(character) ?? 0) / total - probability) > 1e-9
    );
  });
}

/** The skill of a certain character in the most probable derivation, and which word is recalled from where. */
function certainSkill(alive: readonly Derivation[]): Pick<OraclePosition, "skill" | "antecedent" | "list"> {
  const { told, read } = alive.reduce((a, b) => b.weight > a.weight ? b : a);
  const skill = told.skills[read], { antecedent, list } = told;
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
