/**
 * What a model is given to begin with.
 *
 * @module
 */
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/**
 * The prompt where none is given: an empty line, after which texts begin, or else the first character there is.
 *
 * @param tokenizer the tokenizer
 * @returns a text that the tokenizer can say in at least one token
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
 * import { defaultPrompt } from "./prompt.ts";
 *
 * assertEquals(defaultPrompt(CharTokenizer.fromText("a\nb")), "\n");
 * assertEquals(defaultPrompt(CharTokenizer.fromText("ab")), "a");
 * ```
 */
export function defaultPrompt(tokenizer: Tokenizer): string {
  try {
    tokenizer.encode("\n");
    return "\n";
  } catch {
    const special = new Set(tokenizer.specialTokens.map(({ id }) => id));
    for (let id = 0;; id++) if (!special.has(id)) return tokenizer.decode([id]);
  }
}
