/**
 * The first half of training: which pre-tokens a corpus contains, and how often.
 *
 * Byte-pair encoding never merges across the boundary of a pre-token, so to the trainer a corpus is a list of different
 * pre-tokens with counts. The list is short: 24 million characters of documentation hold 5.6 million pre-tokens, but
 * only 146,000 different ones. The corpus itself can be a stream; memory grows with the list only.
 *
 * @module
 */

import { writeUtf8 } from "./byte_symbols.ts";
import { PreTokenTable } from "./pre_token_table.ts";
import { nextPreToken } from "./pre_tokens.ts";
import { grow } from "../typed_arrays.ts";

/** The different pre-tokens of a corpus as bytes, one after the other. */
export interface PreTokenCounts {
  /** The bytes of all. */
  readonly bytes: Uint8Array;
  /** The index in `bytes` at which each begins, and finally that at which the last one ends. */
  readonly starts: Int32Array;
  /** How often each occurs. */
  readonly counts: Float64Array;
  /** The length of the corpus in UTF-16 units. */
  readonly textLength: number;
}

/**
 * Counts the pre-tokens of a corpus.
 *
 * @param texts The texts, in any order; no pre-token reaches from one into the next.
 * @param options How to read them.
 * @param options.lines Treat each line, with its line feed, as a text of its own.
 * @param options.addPrefixSpace Put a space in front of each text that does not begin with one.
 * @param options.onProgress Called after each text with the number of UTF-16 units counted so far.
 * @returns The counts.
 *
 * @example
 * ```ts
 * import { countPreTokens } from "./pre_token_counts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { counts, bytes } = await countPreTokens(["to be or not to be"]);
 * assertEquals(counts, Float64Array.of(1, 2, 1, 1, 1)); // to, be, or, not, to with its space
 * assertEquals(new TextDecoder().decode(bytes), "to be or not to");
 * ```
 */
export async function countPreTokens(
  texts: Iterable<string> | AsyncIterable<string>,
  { lines = false, addPrefixSpace = false, onProgress }: {
    lines?: boolean;
    addPrefixSpace?: boolean;
    onProgress?: (textLength: number) => void;
  } = {},
): Promise<PreTokenCounts> {
  const table = new PreTokenTable();
  let counts = new Float64Array(1 << 10);
  let textLength = 0;

  const count = (text: string, start: number, end: number): void => {
    for (let position = start; position < end;) {
      const next = nextPreToken(text, position, end);
      const entry = table.find(text, position, next);
      if (entry >= counts.length) counts = grow(counts, entry + 1);
      counts[entry]++;
      position = next;
    }
  };
  const countText = (text: string, start: number, end: number): void => {
    if (!addPrefixSpace || text[start] === " ") count(text, start, end);
    else count(" " + text.slice(start, end), 0, end - start + 1);
  };
  const add = (text: string): void => {
    for (let start = 0; start < text.length;) {
      const lineFeed = lines ? text.indexOf("\n", start) : -1;
      const end = lineFeed < 0 ? text.length : lineFeed + 1;
      countText(text, start, end);
      start = end;
    }
    textLength += text.length;
    onProgress?.(textLength);
  };

  if (Symbol.iterator in texts) { for (const text of texts) add(text); }
  else for await (const text of texts) add(text);
  return { ...bytesOfEntries(table), counts: counts.slice(0, table.size), textLength };
}

function bytesOfEntries(table: PreTokenTable): { bytes: Uint8Array; starts: Int32Array } {
  let bytes = new Uint8Array(table.unitCount);
  const starts = new Int32Array(table.size + 1);
  for (let entry = 0; entry < table.size; entry++) {
    const text = table.textOf(entry);
    bytes = grow(bytes, starts[entry] + 3 * text.length);
    starts[entry + 1] = starts[entry] + writeUtf8(text, 0, text.length, bytes.subarray(starts[entry]));
  }
  return { bytes: bytes.subarray(0, starts[table.size]), starts };
}
