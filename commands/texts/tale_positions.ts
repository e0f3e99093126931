/**
 * What the oracle says about the tokens of a text that is made of tales, where each token is one character.
 *
 * A validation text may begin in the middle of a tale and may be long, so tales are read one by one, when one of their tokens
 * is asked for.
 *
 * @module
 */
import { oracle, type OraclePosition } from "../../data/oracle.ts";
import { TALE_END } from "../../data/tales/tale_grammar.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";

/** What the oracle says about tokens of a text, by their index; undefined for those of no whole tale. */
export type TalePositions = (index: number) => OraclePosition | undefined;

/** Finds the tales in a text, or undefined if it does not begin with one, or with a part of one. */
export function talePositions(tokenizer: Tokenizer, ids: Uint32Array): TalePositions | undefined {
  if (!(tokenizer instanceof CharTokenizer)) return;
  const starts = startsOfTales(tokenizer, ids), read = new Map<number, readonly OraclePosition[]>();
  const positionsOf = (tale: number): readonly OraclePosition[] => {
    let positions = read.get(tale);
    if (positions === undefined) {
      positions = positionsIn(
        tokenizer.decode(ids.subarray(starts[tale], starts[tale + 1]), { skipSpecialTokens: true }),
      );
      read.set(tale, positions);
    }
    return positions;
  };
  // the first may be the end of a tale; the last is one even if the text ends in it
  if (![0, 1].some((tale) => tale < starts.length && positionsOf(tale).length > 0)) return;
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
