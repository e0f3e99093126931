/**
 * The longest stretch that a text has in common with other texts, character by character: how much of it was copied.
 *
 * The *suffix automaton* of a text of n characters is the smallest automaton that accepts exactly its substrings. It has
 * fewer than 2n states and 3n transitions, and is built in one pass. A state stands for substrings that end at the same
 * places; `length` is that of the longest of them, and `link` leads to the state of its longest suffix that also ends
 * elsewhere. The other texts are then read once: after each character, state and length say which suffix of what was read
 * so far is a substring of the text. Where no transition fits, links lead to shorter suffixes, as in the search of Knuth,
 * Morris and Pratt. Memory depends on the text alone, 60 bytes a character, however long the others are.
 *
 * Blumer et al. 1985, *The smallest automaton recognizing the subwords of a text*.
 *
 * @module
 */

/** Finds substrings of one text in others. */
class SuffixAutomaton {
  /** For each state: the longest of its substrings, its suffix link, and its first transition; -1 where there is none. */
  readonly length: Int32Array;
  readonly link: Int32Array;
  readonly #first: Int32Array;
  /** For each transition: its character, where it leads, and the next transition of the same state. */
  readonly #character: Int32Array;
  readonly #target: Int32Array;
  readonly #next: Int32Array;
  #states = 1;
  #transitions = 0;

  constructor(characters: readonly number[]) {
    const states = 2 * characters.length + 1, transitions = 3 * characters.length + 3;
    this.length = new Int32Array(states);
    this.link = new Int32Array(states).fill(-1);
    this.#first = new Int32Array(states).fill(-1);
    this.#character = new Int32Array(transitions);
    this.#target = new Int32Array(transitions);
    this.#next = new Int32Array(transitions);
    let last = 0;
    for (const character of characters) last = this.#extend(last, character);
  }

  /** The transition of a state with a character, or -1. */
  find(state: number, character: number): number {
    let transition = this.#first[state];
    while (transition >= 0 && this.#character[transition] !== character) transition = this.#next[transition];
    return transition;
  }

  /** The state that a transition leads to. */
  target(transition: number): number {
    return this.#target[transition];
  }

  /** Adds a character to the text whose state is `last`; gives the state of the longer text. */
  #extend(last: number, character: number): number {
    const { length, link } = this, state = this.#states++;
    length[state] = length[last] + 1;
    let from = last;
    for (; from >= 0 && this.find(from, character) < 0; from = link[from]) this.#add(from, character, state);
    if (from < 0) {
      link[state] = 0;
      return state;
    }
    const known = this.#target[this.find(from, character)];
    if (length[known] === length[from] + 1) {
      link[state] = known;
      return state;
    }
    // Shorter substrings of `known` now end at one place more than its longest: they get a state of their own.
    const clone = this.#states++;
    length[clone] = length[from] + 1;
    link[clone] = link[known];
    for (let transition = this.#first[known]; transition >= 0; transition = this.#next[transition]) {
      this.#add(clone, this.#character[transition], this.#target[transition]);
    }
    for (; from >= 0; from = link[from]) {
      const transition = this.find(from, character);
      if (this.#target[transition] !== known) break;
      this.#target[transition] = clone;
    }
    link[known] = link[state] = clone;
    return state;
  }

  #add(state: number, character: number, target: number): void {
    const transition = this.#transitions++;
    this.#character[transition] = character;
    this.#target[transition] = target;
    this.#next[transition] = this.#first[state];
    this.#first[state] = transition;
  }
}

/**
 * The longest stretch of a text that also occurs in one of other texts, exactly as it is written, with spaces and line
 * breaks.
 *
 * @example
 * ```ts
 * import { longestCopy } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(longestCopy("the cat sat on a hat", ["A cat sat on the mat.", "a hat"]), " cat sat on ");
 * assertEquals(longestCopy("abc", ["xyz"]), "");
 * ```
 *
 * @param text The text; the automaton takes 60 bytes for each of its characters.
 * @param others The other texts. Time grows with their lengths and that of the text, memory does not.
 * @returns The stretch, of several that are equally long the one that is found first; empty where no character is common.
 * @category Inference
 */
export function longestCopy(text: string, others: Iterable<string>): string {
  const automaton = new SuffixAutomaton(Array.from(text, (character) => character.codePointAt(0)!));
  const { length, link } = automaton;
  let longest = 0, stretch = "";
  for (const other of others) {
    let state = 0, common = 0, end: number | undefined;
    for (let index = 0; index < other.length; index++) {
      const character = other.codePointAt(index)!;
      if (character > 0xffff) index++; // it takes two units
      let transition = automaton.find(state, character);
      while (transition < 0 && state > 0) {
        state = link[state];
        common = length[state];
        transition = automaton.find(state, character);
      }
      if (transition < 0) continue;
      state = automaton.target(transition);
      common++;
      if (common > longest) [longest, end] = [common, index + 1];
    }
    if (end !== undefined) stretch = lastCharacters(other.slice(0, end), longest);
  }
  return stretch;
}

function lastCharacters(text: string, count: number): string {
  return Array.from(text.slice(-2 * count)).slice(-count).join("");
}
