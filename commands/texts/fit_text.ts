/**
 * Texts that are longer than what a model reads at once.
 *
 * @module
 */
import { fitSequences } from "../../data/sequences.ts";

/**
 * Lets a text through that fits, and cuts or refuses one that does not.
 *
 * @param ids the text, special tokens included
 * @param contextLength the most tokens that fit
 * @param truncate whether to cut; the last token, which ends the frame, stays
 * @returns the ids
 * @throws {RangeError} when it does not fit and is not to be cut
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { fitText } from "./fit_text.ts";
 *
 * const ids = Uint32Array.of(0, 5, 6, 2);
 * assertEquals([...fitText(ids, 3, true)], [0, 5, 2]);
 * assertThrows(() => fitText(ids, 3, false), RangeError, "has 4 tokens");
 * ```
 */
export function fitText(ids: Uint32Array, contextLength: number, truncate: boolean): Uint32Array {
  if (ids.length > contextLength && !truncate) {
    throw new RangeError(
      `The text has ${ids.length} tokens and the model reads ${contextLength}: shorten it, or give --truncate`,
    );
  }
  return fitSequences([ids], { contextLength, truncate })[0];
}
