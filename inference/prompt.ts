/**
 * The default prompt.
 *
 * @module
 */
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/**
 * The prompt where none is given: a line break, after which texts start, or else the first token that is not special.
 *
 * @param tokenizer the tokenizer
 * @returns a text that has at least one token
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
 *
 * @category Inference
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
