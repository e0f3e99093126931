/**
 * What the oracle says about the tokens of a text that is made of tales, where each token is one character.
 *
 * A validation text may begin in the middle of a tale and may be long, so each tale is read only when one of its tokens is
 * asked for.
 *
 * @module
 */
import { oracle, type OraclePosition } from "../../data/oracle.ts";
import { TALE_END } from "../../data/tales/tale_grammar.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";

/** What the oracle says about tokens of a text, by their index; undefined for those of no whole tale. */
export type TalePositions = (index: number) => OraclePosition | undefined;

/** A number of tokens among which there is a whole tale, or the end of one and the beginning of another. */
const BEGINNING = 10_000;

/** Finds the tales in a text, or undefined if it does not begin with one, or with the end of one. */
export function talePositions(tokenizer: Tokenizer, ids: Uint32Array): TalePositions | undefined {
  if (!(tokenizer instanceof CharTokenizer)) return;
  const read = (part: Uint32Array) => positionsIn(tokenizer.decode(part, { skipSpecialTokens: true }));
  const beginning = ids.subarray(0, BEGINNING), [, second, third] = startsOfTales(tokenizer, beginning);
  const isTale = (start: number, end?: number) => read(beginning.subarray(start, end)).length > 0;
  if (!isTale(0, second) && (second === undefined || !isTale(second, third))) return;
  const starts = startsOfTales(tokenizer, ids), known = new Map<number, readonly OraclePosition[]>();
  const positionsOf = (tale: number): readonly OraclePosition[] => {
    const positions = known.get(tale) ?? read(ids.subarray(starts[tale], starts[tale + 1]));
    known.set(tale, positions);
    return positions;
  };
  return (index) => {
    let low = 0, high = starts.length; // starts[low] <= index < starts[high]
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= index) low = middle;
      else high = middle;
    }
    return positionsOf(low)[index - starts[low]];
  };
}

/** The indices of tokens with which a tale may begin: the first one, and those after the end of another or of a document. */
function startsOfTales(tokenizer: Tokenizer, ids: Uint32Array): number[] {
  const end = Array.from(TALE_END, (character) => tokenizer.idOf(character));
  const special = new Set(tokenizer.specialTokens.map(({ id }) => id)), starts = [0];
  for (let index = 1; index < ids.length; index++) {
    const isEnd = end.every((id, at) => ids[index - end.length + at] === id);
    if (isEnd || special.has(ids[index - 1])) starts.push(index);
  }
  return starts;
}

/** The positions of a text, or none if that is no tale. */
function positionsIn(text: string): readonly OraclePosition[] {
  try {
    return oracle(text);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}
