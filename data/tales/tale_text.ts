/**
 * Texts that hold tales.
 *
 * @module
 */

import { oracle, type OraclePosition } from "../oracle.ts";
import { TALE_GRAMMAR } from "../tales.ts";
import { TALE_END, type TaleGrammar } from "./tale_grammar.ts";

/**
 * Tales, and what the oracle says about them.
 *
 * @category Data
 */
export interface TaleText {
  /** What stands before the first whole tale: the end of one that is cut. */
  readonly before: string;
  /** The tales. */
  readonly text: string;
  /** One for each character of the tales. */
  readonly positions: readonly OraclePosition[];
}

/**
 * Reads a text as tales. It may begin inside of one, as the last tenth of a corpus does: what stands before the first whole
 * tale is left out.
 *
 * @example
 * ```ts
 * import { readTales } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readTales("friends.\n\nOnce there was")?.text, "Once there was");
 * assertEquals(readTales("Call me Ishmael."), undefined);
 * ```
 *
 * @param text Any text.
 * @param grammar What the tales were drawn from; the built-in grammar unless given.
 * @returns The tales, or undefined where the text has none, or holds something else.
 * @category Data
 */
export function readTales(text: string, grammar: TaleGrammar = TALE_GRAMMAR): TaleText | undefined {
  const end = text.indexOf(TALE_END);
  for (const start of end < 0 ? [0] : [0, end + TALE_END.length]) {
    const tales = text.slice(start);
    if (tales === "") continue;
    try {
      return { before: text.slice(0, start), text: tales, positions: oracle(tales, grammar) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
}
