/**
 * The special tokens that masked language modelling needs.
 *
 * @module
 */
import { PAD_ID } from "../models/config.ts";
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
 * @param modelPadId the id of padding in the model; 1 unless given
 * @returns their ids
 * @throws {Error} when one is missing, or `<pad>` has another id than in the model
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
export function maskTokens(tokenizer: Tokenizer, modelPadId: number = PAD_ID): MaskTokens {
  const advice = "train one with --special-tokens masked, or with MASKED_SPECIAL_TOKENS in the library";
  const idOf = (token: string): number => {
    const id = tokenizer.idOf(token);
    if (id === undefined) {
      throw new Error(`The tokenizer has no ${token}, which a masked language model needs: ${advice}`);
    }
    return id;
  };
  const beginId = idOf("<s>"), endId = idOf("</s>"), padId = idOf("<pad>"), maskId = idOf("<mask>");
  if (padId !== modelPadId) {
    throw new Error(
      `The tokenizer's <pad> has id ${padId}, expected ${modelPadId} as in the model: ${advice}`,
    );
  }
  return { beginId, endId, padId, maskId, specialIds: tokenizer.specialTokens.map(({ id }) => id) };
}
