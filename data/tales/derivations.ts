/**
 * The ways in which a tale can have been drawn, part by part: each says which characters come next, and which skill each of
 * them asks for where it is certain. {@linkcode oracle} keeps those that fit what it has read.
 *
 * @module
 */

import type { Skill } from "../oracle.ts";
import {
  freeWords,
  listOf,
  SENTENCE_GAP,
  sentenceParts,
  TALE_END,
  type TaleGrammar,
  wordAsTold,
} from "./tale_grammar.ts";

/** A part of a sentence, spelled out: its characters, and the skill that each asks for where it is certain. */
export interface SpelledPart {
  readonly characters: readonly string[];
  readonly skills: readonly Skill[];
  /** Of a word mentioned earlier: the position of its first letter there. */
  readonly antecedent?: number;
  /** Of a word: its list. */
  readonly list?: string;
}

/** Where a derivation stands in the grammar, and what it has drawn. */
export interface GrammarState {
  /** The probability of the derivation given the text so far. */
  readonly weight: number;
  /** Which plot; then, as indices, which beat of the plot, which sentence of the beat, and which part of the sentence. */
  readonly plot: number;
  readonly beat: number;
  readonly sentence: number;
  readonly part: number;
  /** The word of each slot that has one. */
  readonly drawn: ReadonlyMap<string, string>;
  /** Where the word of each slot was last written out, and not as a form: the position of its first letter. */
  readonly mentions: ReadonlyMap<string, number>;
}

/** One way in which the text so far can have been drawn. */
export interface Derivation extends GrammarState {
  /** The part that is being read. */
  readonly spelled: SpelledPart;
  /** How many of its characters have been read. */
  readonly read: number;
}

/** How derivations go on at a position: one for each way to draw what is needed to know the next character. */
export interface Derivations {
  /** With a tale, of which all derivations together have a weight. */
  tale(weight: number, position: number): Derivation[];
  /** With the part at which a derivation stands, or with what follows the last part of a sentence. */
  part(at: GrammarState, position: number): Derivation[];
}

/** The derivations of a grammar. */
export function derivationsOf(grammar: TaleGrammar): Derivations {
  const plots = grammar.plots.map((beats) =>
    beats.map((sentences, beat) => {
      const gap = beat === 0 ? "" : SENTENCE_GAP, end = beat === beats.length - 1 ? TALE_END : "";
      return sentences.map((sentence) => sentenceParts(gap + sentence + end));
    })
  );
  const fixedParts = new Map<string, SpelledPart>();
  const fixedPart = (text: string): SpelledPart => {
    let spelled = fixedParts.get(text);
    if (spelled === undefined) {
      const characters = [...text];
      fixedParts.set(text, spelled = { characters, skills: characters.map(() => "wording") });
    }
    return spelled;
  };

  const tale = (weight: number, position: number): Derivation[] => {
    const drawn = new Map<string, string>(), mentions = new Map<string, number>();
    return plots.flatMap((_, plot, { length }) =>
      beat({ weight: weight / length, plot, beat: 0, sentence: 0, part: 0, drawn, mentions }, position)
    );
  };
  const beat = (at: GrammarState, position: number): Derivation[] => {
    const sentences = plots[at.plot][at.beat];
    if (sentences === undefined) return tale(at.weight, position);
    const weight = at.weight / sentences.length;
    return sentences.flatMap((_, sentence) => part({ ...at, weight, sentence, part: 0 }, position));
  };
  const part = (at: GrammarState, position: number): Derivation[] => {
    const next = plots[at.plot][at.beat][at.sentence][at.part];
    if (next === undefined) return beat({ ...at, beat: at.beat + 1 }, position);
    if ("text" in next) return [{ ...at, spelled: fixedPart(next.text), read: 0 }];
    const { slot, form } = next, known = at.drawn.get(slot);
    const words = known === undefined ? freeWords(grammar, slot, at.drawn) : [known];
    const antecedent = form === undefined ? at.mentions.get(slot) : undefined;
    const asked = known === undefined ? "choice" : antecedent === undefined ? "agreement" : "recall";
    const list = listOf(slot), others = grammar.words[list].map((word) => wordAsTold(grammar, word, form));
    return words.flatMap((word) => {
      const text = wordAsTold(grammar, word, form), characters = [...text];
      const spelled: SpelledPart = {
        characters,
        skills: skillsOf(characters, others, asked),
        antecedent,
        list,
      };
      const after: GrammarState = {
        ...at,
        weight: at.weight / words.length,
        drawn: known === undefined ? new Map([...at.drawn, [slot, word]]) : at.drawn,
        mentions: form === undefined ? new Map([...at.mentions, [slot, position]]) : at.mentions,
      };
      return text === "" ? part({ ...after, part: at.part + 1 }, position) : [{ ...after, spelled, read: 0 }];
    });
  };
  return { tale, part };
}

/**
 * The skill of each character of a word, where it is certain: `asked` where other words that begin alike have another
 * character, wording before the first such place, spelling after it.
 */
export function skillsOf(characters: readonly string[], others: readonly string[], asked: Skill): Skill[] {
  let candidates = others.map((other) => [...other]), hasDiffered = false;
  return characters.map((character, index) => {
    const differs = candidates.some((other) => other[index] !== character);
    candidates = candidates.filter((other) => other[index] === character);
    hasDiffered ||= differs;
    return differs ? asked : hasDiffered ? "spelling" : "wording";
  });
}
