/**
 * The special tokens with which GPT-1 classifies texts: the start of a text, the delimiter between two, the token at whose
 * hidden state the class is predicted, and padding. RoBERTa's vocabulary has such tokens from the beginning.
 *
 * Reference: Radford et al., "Improving language understanding by generative pre-training", 2018, section 3.3.
 *
 * @module
 */

import type { BaseTokenizer } from "./base_tokenizer.ts";
import type { SpecialToken } from "./special_tokens.ts";

/**
 * Start, delimiter, end, and padding of a text that GPT classifies.
 *
 * @category Tokenizers
 */
export const CLASSIFICATION_SPECIAL_TOKENS: readonly string[] = [
  "<start>",
  "<delimiter>",
  "<extract>",
  "<pad>",
];

/**
 * Appends the tokens for classification to a vocabulary. All other ids keep their meaning, so a model that was trained with
 * them only needs more rows in its embedding table.
 *
 * @example
 * ```ts
 * import { CharTokenizer, withClassificationTokens } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = withClassificationTokens(CharTokenizer.fromText("ab"));
 * assertEquals(tokenizer.vocabSize, 2 + 4);
 * assertEquals(tokenizer.encode("ba", { addSpecialTokens: true }), Uint32Array.of(2, 1, 0, 4));
 * assertEquals(tokenizer.encode("a", { addSpecialTokens: true, pair: "b" }), Uint32Array.of(2, 0, 3, 1, 4));
 * ```
 *
 * @param tokenizer The tokenizer of a causal model.
 * @returns A tokenizer that frames texts for classification; the same one if it does already.
 * @category Tokenizers
 */
export function withClassificationTokens(tokenizer: BaseTokenizer): BaseTokenizer {
  const missing = CLASSIFICATION_SPECIAL_TOKENS.filter((content) => tokenizer.idOf(content) === undefined);
  if (missing.length === 0) return tokenizer;
  const added = missing.map((content, index): SpecialToken => ({
    content,
    id: tokenizer.vocabSize + index,
    leftStrip: false,
    rightStrip: false,
    singleWord: false,
    special: true,
  }));
  return tokenizer.withSpecialTokens(added);
}
