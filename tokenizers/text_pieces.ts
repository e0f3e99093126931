/**
 * A text, cut at its tokens, to be shown.
 *
 * @module
 */

import type { Tokenizer } from "./tokenizer.ts";

/**
 * A part of a text: a token, or the tokens that make a character together.
 *
 * @category Tokenizers
 */
export interface TextPiece {
  /** The text of its tokens. */
  readonly text: string;
  /** Index of its first token. */
  readonly start: number;
  /** Index after its last token. */
  readonly end: number;
}

/**
 * Cuts a text at its tokens. Tokens that hold a part of a character each, as those of byte-level BPE may, stay together.
 *
 * @example
 * ```ts
 * import { CharTokenizer, textPieces } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("ab"), pieces = textPieces(tokenizer, tokenizer.encode("ba"));
 * assertEquals(pieces, [{ text: "b", start: 0, end: 1 }, { text: "a", start: 1, end: 2 }]);
 * ```
 *
 * @param tokenizer The tokenizer of the text.
 * @param ids The text.
 * @returns The pieces; their texts together are the text.
 * @throws {RangeError} If an id is not in the vocabulary.
 * @category Tokenizers
 */
export function textPieces(tokenizer: Tokenizer, ids: Iterable<number>): TextPiece[] {
  const stream = tokenizer.decodeStream(), pieces: TextPiece[] = [];
  let start = 0, end = 0;
  const add = (text: string): void => {
    if (text === "") return;
    pieces.push({ text, start, end });
    start = end;
  };
  for (const id of ids) {
    end++;
    add(stream.push(id));
  }
  add(stream.end());
  return pieces;
}
