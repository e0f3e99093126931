/**
 * What a grammar of tales is, and how its sentences are told.
 *
 * {@linkcode tales} draws by these rules, and {@linkcode oracle} reads by them.
 *
 * @module
 */

/**
 * A grammar of tales: a tale follows one plot, a plot is a sequence of beats, and each beat is told by one of its sentences.
 *
 * In a sentence, `{thing}` stands for a word of the list `thing`, drawn at its first mention in a tale and repeated after;
 * `{thing2}` is another word of the same list; `{hero:her}` is the form of that word in the table `her`.
 *
 * @category Data
 */
export interface TaleGrammar {
  /** Lists of words by name; no two words of a list may be equal. */
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** Tables of forms by name: which text stands for each word. */
  readonly forms: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Plots; a plot is a list of beats, a beat a list of sentences that may tell it. */
  readonly plots: readonly (readonly (readonly string[])[])[];
}

/** Stands between two sentences of a tale. */
export const SENTENCE_GAP = " ";

/** Ends a tale. */
export const TALE_END = "\n\n";

/** A part of a sentence: fixed text, or a slot, told by its word or by a form of that word. */
export type SentencePart = { readonly text: string } | { readonly slot: string; readonly form?: string };

/** The parts of a sentence, in order. */
export function sentenceParts(sentence: string): SentencePart[] {
  const parts: SentencePart[] = [];
  let end = 0;
  for (const { 0: braces, 1: slot, 2: form, index } of sentence.matchAll(/\{(\w+)(?::(\w+))?\}/g)) {
    if (index > end) parts.push({ text: sentence.slice(end, index) });
    parts.push({ slot, form });
    end = index + braces.length;
  }
  if (end < sentence.length) parts.push({ text: sentence.slice(end) });
  return parts;
}

/** The name of the list that the words of a slot are from: `thing` of `thing2`. */
export function listOf(slot: string): string {
  return slot.replace(/\d+$/, "");
}

/** The words that may be drawn for a slot that has none: those of its list that no other slot of the tale has. */
export function freeWords(
  grammar: TaleGrammar,
  slot: string,
  drawn: ReadonlyMap<string, string>,
): readonly string[] {
  const list = listOf(slot);
  const used = [...drawn].filter(([other]) => listOf(other) === list).map(([, word]) => word);
  const free = grammar.words[list]?.filter((word) => !used.includes(word)) ?? [];
  if (free.length === 0) {
    throw new RangeError(`Cannot fill {${slot}}: expected a word in the list "${list}" beside [${used}]`);
  }
  return free;
}

/** How a sentence tells a word: as it is, or in a form. */
export function wordAsTold(grammar: TaleGrammar, word: string, form?: string): string {
  const told = form === undefined ? word : grammar.forms[form]?.[word];
  if (told === undefined) {
    throw new RangeError(
      `Cannot tell "${word}" in the form "${form}": expected a table of forms with this word`,
    );
  }
  return told;
}
