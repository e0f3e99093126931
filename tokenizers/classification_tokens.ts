/**
 * The tokens that GPT-1 needs to tell texts apart: where a text starts, what stands between two, where the answer is
 * read off, and what fills up short ones. RoBERTa has its own from the beginning.
 *
 * Reference: Radford et al., "Improving language understanding by generative pre-training", 2018, section 3.3.
 *
 * @module
 */

import { BpeTokenizer } from "./bpe_tokenizer.ts";
import { CharTokenizer } from "./char_tokenizer.ts";
import { frameOf, type SpecialToken } from "./special_tokens.ts";
import { readTokenizerJson } from "./tokenizer_json.ts";

/** Start, between, end, and padding of a text that GPT classifies. */
export const CLASSIFICATION_SPECIAL_TOKENS: readonly string[] = [
  "<start>",
  "<delimiter>",
  "<extract>",
  "<pad>",
];

/**
 * Adds the tokens for classification behind a vocabulary. All ids that were there keep their meaning, so a model that
 * was trained with them only needs more rows.
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
 * @returns A tokenizer that frames its texts for classification; the same one if it does already.
 */
export function withClassificationTokens(
  tokenizer: BpeTokenizer | CharTokenizer,
): BpeTokenizer | CharTokenizer {
  const missing = CLASSIFICATION_SPECIAL_TOKENS.filter((content) => tokenizer.idOf(content) === undefined);
  if (missing.length === 0) return tokenizer;
  const description = readTokenizerJson(tokenizer.toHuggingFace()["tokenizer.json"]);
  const added = missing.map((content, index): SpecialToken => ({
    content,
    id: tokenizer.vocabSize + index,
    leftStrip: false,
    rightStrip: false,
    singleWord: false,
    special: true,
  }));
  const tokens = [...description.tokens, ...missing],
    specialTokens = [...description.specialTokens, ...added];
  return description.kind === "bpe"
    ? new BpeTokenizer({ ...description, tokens, specialTokens, frame: frameOf(specialTokens) })
    : new CharTokenizer(tokens as string[], specialTokens);
}
