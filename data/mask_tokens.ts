/**
 * The special tokens that masked language modelling needs.
 *
 * @module
 */
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** Ids of special tokens. */
export interface MaskTokens {
  /** Of `<s>`. */
  readonly beginId: number;
  /** Of `</s>`. */
  readonly endId: number;
  /** Of `<pad>`. */
  readonly padId: number;
  /** Of `<mask>`. */
  readonly maskId: number;
  /** Of all special tokens. */
  readonly specialIds: readonly number[];
}

/**
 * The special tokens of a tokenizer that a masked language model needs.
 *
 * @param tokenizer the tokenizer
 * @returns their ids
 * @throws {Error} when one is missing, or the id of `<pad>` is not 1, as in RoBERTa
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
 * import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
 * import { maskTokens } from "./mask_tokens.ts";
 *
 * const tokenizer = CharTokenizer.fromText("ab", { specialTokens: MASKED_SPECIAL_TOKENS });
 * assertEquals(maskTokens(tokenizer).maskId, 6);
 * assertThrows(() => maskTokens(CharTokenizer.fromText("ab")), Error, "has no <s>");
 * ```
 */
export function maskTokens(tokenizer: Tokenizer): MaskTokens {
  const advice = "train one with --special-tokens masked, or with MASKED_SPECIAL_TOKENS in the library";
  const idOf = (token: string): number => {
    const id = tokenizer.idOf(token);
    if (id === undefined) {
      throw new Error(`The tokenizer has no ${token}, which a masked language model needs: ${advice}`);
    }
    return id;
  };
  const beginId = idOf("<s>"), endId = idOf("</s>"), padId = idOf("<pad>"), maskId = idOf("<mask>");
  if (padId !== 1) {
    throw new Error(`The tokenizer's <pad> has id ${padId}, expected 1 as in RoBERTa: ${advice}`);
  }
  return { beginId, endId, padId, maskId, specialIds: tokenizer.specialTokens.map(({ id }) => id) };
}
