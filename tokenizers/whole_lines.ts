/**
 * Pieces of a stream, split again at line ends.
 *
 * @module
 */

/**
 * Splits the pieces of a text again, so that each ends with a line feed, except the last. A file is read in pieces that end
 * anywhere; used as they are, they would give a trainer words that are cut in half.
 *
 * @param pieces The text, split anywhere.
 * @returns The same text in about as many pieces, each of whole lines.
 *
 * @example
 * ```ts
 * import { wholeLines } from "./whole_lines.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const pieces = await Array.fromAsync(wholeLines(["one\ntw", "o\nthr", "ee"]));
 * assertEquals(pieces, ["one\n", "two\n", "three"]);
 * ```
 */
export async function* wholeLines(pieces: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  let unfinished: string[] = [];
  for await (const piece of pieces) {
    const end = piece.lastIndexOf("\n") + 1;
    if (end > 0) {
      yield unfinished.join("") + piece.slice(0, end);
      unfinished = [];
    }
    if (end < piece.length) unfinished.push(piece.slice(end));
  }
  if (unfinished.length > 0) yield unfinished.join("");
}
