/**
 * Texts that are longer than the context of a model.
 *
 * @module
 */
import { fitSequences } from "../../data/sequences.ts";

/**
 * Cuts or refuses a text that is too long.
 *
 * @param ids the text, special tokens included
 * @param contextLength the most tokens that fit
 * @param truncate whether to cut; the last token, which may be a special one, is kept
 * @returns the ids
 * @throws {RangeError} when it is too long and `truncate` is false
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
