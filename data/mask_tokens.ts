/**
 * The special tokens that masked language modelling needs.
 *
 * @module
 */
import { PAD_ID } from "../models/config.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/**
 * Ids of special tokens.
 *
 * @category Data
 */
export interface MaskTokens {
  /** Of `<s>`, or `[CLS]` in a BERT. */
  readonly beginId: number;
  /** Of `</s>`, or `[SEP]`. */
  readonly endId: number;
  /** Of `<pad>`, or `[PAD]`. */
  readonly padId: number;
  /** Of `<mask>`, or `[MASK]`. */
  readonly maskId: number;
  /** Of all special tokens. */
  readonly specialIds: readonly number[];
}

/** The names of begin, end, padding and mask: RoBERTa's and BERT's. */
const NAMES = [["<s>", "</s>", "<pad>", "<mask>"], ["[CLS]", "[SEP]", "[PAD]", "[MASK]"]] as const;

/**
 * The special tokens of a tokenizer that a masked language model needs.
 *
 * @param tokenizer the tokenizer
 * @param modelPadId the id of padding in the model; 1 unless given
 * @returns their ids
 * @throws {Error} when one is missing, or padding has another id than in the model
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
 *
 * @category Data
 */
export function maskTokens(tokenizer: Tokenizer, modelPadId: number = PAD_ID): MaskTokens {
  const [begin, end, pad, mask] = NAMES.find(([begin]) => tokenizer.idOf(begin) !== undefined) ?? NAMES[0];
  const advice = "train one with --special-tokens masked, or with MASKED_SPECIAL_TOKENS in the library";
  const idOf = (token: string): number => {
    const id = tokenizer.idOf(token);
    if (id === undefined) {
      throw new Error(`The tokenizer has no ${token}, which a masked language model needs: ${advice}`);
    }
    return id;
  };
  const beginId = idOf(begin), endId = idOf(end), padId = idOf(pad), maskId = idOf(mask);
  if (padId !== modelPadId) {
    throw new Error(
      `The tokenizer's ${pad} has id ${padId}, expected ${modelPadId} as in the model: ${advice}`,
    );
  }
  return { beginId, endId, padId, maskId, specialIds: tokenizer.specialTokens.map(({ id }) => id) };
}
