/** All tales of a grammar: a second reading of it, for tests of the one in `data/`. */
import type { Tale } from "../data/tales.ts";
import type { TaleGrammar } from "../data/tales/tale_grammar.ts";

interface Bound {
  slot: string;
  kind: string;
  word: string;
}

/**
 * Every derivation of a grammar, or of one text: a second reading of the grammar, independent of the one under test.
 * It grows a text from the left and, where a text is asked for, gives up as soon as the two differ.
 */
export function derivations(grammar: TaleGrammar, wanted?: string): Tale[] {
  const found: Tale[] = [];

  function grow(
    text: string,
    nats: number,
    rest: string,
    beats: readonly (readonly string[])[],
    bound: Bound[],
  ) {
    if (wanted !== undefined && !wanted.startsWith(text)) return;
    if (rest === "" && beats.length === 0) {
      found.push({ text, nats });
    } else if (rest === "") {
      const end = beats.length > 1 ? " " : "\n\n";
      for (const line of beats[0]) {
        grow(text, nats + Math.log(beats[0].length), line + end, beats.slice(1), bound);
      }
    } else if (rest[0] !== "{") {
      const [literal] = rest.match(/^[^{]+/)!;
      grow(text + literal, nats, rest.slice(literal.length), beats, bound);
    } else {
      const [braces, slot, form] = rest.match(/^\{(\w+):?(\w*)\}/)!;
      const kind = slot.match(/^[a-z]+/)![0];
      const spell = (word: string) => text + (form ? grammar.forms[form][word] : word);
      const after = rest.slice(braces.length);
      const known = bound.find((other) => other.slot === slot);
      const taken = bound.filter((other) => other.kind === kind).map((other) => other.word);
      const free = grammar.words[kind].filter((word) => !taken.includes(word));
      if (known) grow(spell(known.word), nats, after, beats, bound);
      else {
        for (const word of free) {
          grow(spell(word), nats + Math.log(free.length), after, beats, [...bound, { slot, kind, word }]);
        }
      }
    }
  }
  for (const plot of grammar.plots) grow("", Math.log(grammar.plots.length), "", plot, []);
  return found;
}
