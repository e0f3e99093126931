/**
 * Masked language modelling: which tokens are to be predicted, and what the model sees instead of them.
 *
 * About 15 % of the tokens are targets. Of these, 80 % are replaced by `<mask>`, 10 % by a random token, and 10 % are left
 * unchanged. With `<mask>` alone the model could ignore all other positions, yet the texts it is fine-tuned on contain no
 * `<mask>`. There are two rules:
 *
 *     huggingface   every token is drawn independently, special tokens never; a random token is any token
 *     fairseq       exactly ⌊0.15 n + u⌋ of n tokens, special tokens too; a random token is none of the first four
 *
 * `masked_batches.ts` makes batches of masked sequences.
 *
 * References: Devlin et al., "BERT", 2019, section 3.1; Liu et al., "RoBERTa", 2019, section 4.1;
 * `DataCollatorForLanguageModeling` of Hugging Face transformers; `mask_tokens_dataset.py` of fairseq.
 *
 * @module
 */

import type { Random } from "../core/random.ts";

/**
 * Fraction of the tokens to predict, unless another is given: that of BERT and RoBERTa.
 *
 * @category Data
 */
export const MASK_RATE = 0.15;

/**
 * How to mask tokens.
 *
 * @category Data
 */
export interface MaskOptions {
  /** V. */
  vocabSize: number;
  /** The id of `<mask>`. */
  maskId: number;
  /** Ids of all special tokens. */
  specialIds: readonly number[];
  /** Fraction of the tokens to predict; 0.15 unless given. */
  maskRate?: number;
  /** How they are chosen and replaced; `"huggingface"` unless given. */
  rule?: "huggingface" | "fairseq";
}

/**
 * A masked sequence.
 *
 * @category Data
 */
export interface MaskedSequence {
  /** The ids that the model reads. */
  readonly inputs: Uint32Array;
  /** The positions to predict, ascending. */
  readonly positions: readonly number[];
}

/** This fraction of the tokens to predict is replaced by `<mask>`, … */
const MASKED = 0.8;

/** … the rest up to this one by a random token. */
const REPLACED = 0.9;

/** The random tokens of fairseq are none of `<s>`, `<pad>`, `</s>` and `<unk>`. */
const FAIRSEQ_SPECIALS = 4;

/**
 * Checks options.
 *
 * @param options The options.
 * @throws {RangeError} If one is out of range.
 */
export function checkMaskOptions({ vocabSize, maskId, maskRate = MASK_RATE }: MaskOptions): void {
  if (!(maskRate > 0 && maskRate <= 1)) {
    throw new RangeError(`Cannot mask at rate ${maskRate}: expected 0 < maskRate <= 1`);
  }
  if (!(Number.isInteger(maskId) && maskId >= 0 && maskId < vocabSize)) {
    throw new RangeError(
      `Cannot mask with token ${maskId}: the vocabulary has ${vocabSize} tokens, 0 to ${vocabSize - 1}`,
    );
  }
  if (vocabSize <= FAIRSEQ_SPECIALS) {
    throw new RangeError(`Cannot mask with a vocabulary of ${vocabSize} tokens: nothing but special tokens`);
  }
}

/** The positions to predict. */
function choosePositions(ids: Uint32Array, random: Random, options: MaskOptions): number[] {
  const { maskRate = MASK_RATE, rule = "huggingface", specialIds } = options, positions: number[] = [];
  if (rule === "huggingface") {
    const special = new Set(specialIds);
    ids.forEach((id, position) =>
      !special.has(id) && random.uniform() < maskRate && positions.push(position)
    );
    return positions;
  }
  const count = Math.min(ids.length, Math.floor(maskRate * ids.length + random.uniform()));
  const left = Array.from(ids.keys());
  for (let drawn = 0; drawn < count; drawn++) positions.push(...left.splice(random.below(left.length), 1));
  return positions.sort((a, b) => a - b);
}

/**
 * Masks tokens of a sequence.
 *
 * @example
 * ```ts
 * import { maskSequence, Random } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const ids = Uint32Array.from({ length: 40 }, (_, index) => 4 + index);
 * const options = { vocabSize: 50, maskId: 49, specialIds: [0, 1, 2, 3, 49] };
 * const { inputs, positions } = maskSequence(ids, new Random(1, "example"), options);
 * const changed = [...inputs.keys()].filter((position) => inputs[position] !== ids[position]);
 * assertEquals(changed.every((position) => positions.includes(position)), true);
 * ```
 *
 * @param ids The sequence, without padding.
 * @param random Source of randomness.
 * @param options How to mask.
 * @returns The masked sequence and the positions to predict.
 * @category Data
 */
export function maskSequence(ids: Uint32Array, random: Random, options: MaskOptions): MaskedSequence {
  const { vocabSize, maskId, rule = "huggingface" } = options, inputs = ids.slice();
  const positions = choosePositions(ids, random, options), lowest = rule === "fairseq" ? FAIRSEQ_SPECIALS : 0;
  for (const position of positions) {
    const draw = random.uniform();
    if (draw < MASKED) inputs[position] = maskId;
    else if (draw < REPLACED) inputs[position] = lowest + random.below(vocabSize - lowest);
  }
  return { inputs, positions };
}
