/**
 * Masked language modelling: which tokens are hidden, and behind what.
 *
 * About 15 % of the tokens are asked for. Of these, 80 % are hidden behind `<mask>`, 10 % are replaced by a token
 * drawn at random, and 10 % stay as they are: otherwise a model would learn to pay attention only where it sees
 * `<mask>`, which no text it is used on later contains. Two rules are known by name:
 *
 *     huggingface   every token is drawn independently, special ones never; a replacement is any token
 *     fairseq       exactly ⌊0.15 n + u⌋ of n tokens, special ones too; a replacement is none of the first four tokens
 *
 * Here is the rule; `masked_batches.ts` makes batches by it.
 *
 * References: Devlin et al., "BERT", 2019, section 3.1; Liu et al., "RoBERTa", 2019, section 4.1;
 * `DataCollatorForLanguageModeling` of Hugging Face transformers; `mask_tokens_dataset.py` of fairseq.
 *
 * @module
 */

import type { Random } from "../core/random.ts";

/** How to hide tokens. */
export interface MaskOptions {
  /** V. */
  vocabSize: number;
  /** The id of `<mask>`. */
  maskId: number;
  /** Ids of all special tokens. */
  specialIds: readonly number[];
  /** Share of the tokens that are asked for; 0.15 unless given. */
  maskRate?: number;
  /** Which tokens, and what replaces them; `"huggingface"` unless given. */
  rule?: "huggingface" | "fairseq";
}

/** A sequence with hidden tokens. */
export interface MaskedSequence {
  /** What the model sees. */
  readonly inputs: Uint32Array;
  /** The positions it is asked about, ascending. */
  readonly positions: readonly number[];
}

/** Of the tokens that are asked for, this share is hidden, … */
const HIDDEN = 0.8;

/** … and up to this one replaced. */
const REPLACED = 0.9;

/** fairseq never puts `<s>`, `<pad>`, `</s>` or `<unk>` instead of a token. */
const FAIRSEQ_SPECIALS = 4;

/**
 * Checks that tokens can be hidden in this way.
 *
 * @param options How.
 * @throws {RangeError} If an option makes no sense.
 */
export function checkMaskOptions({ vocabSize, maskId, maskRate = 0.15 }: MaskOptions): void {
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

/** The positions to ask about. */
function choosePositions(ids: Uint32Array, random: Random, options: MaskOptions): number[] {
  const { maskRate = 0.15, rule = "huggingface", specialIds } = options, positions: number[] = [];
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
 * Hides tokens of a sequence.
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
 * @param random Decides everything.
 * @param options How.
 * @returns What the model sees, and where it is asked.
 */
export function maskSequence(ids: Uint32Array, random: Random, options: MaskOptions): MaskedSequence {
  const { vocabSize, maskId, rule = "huggingface" } = options, inputs = ids.slice();
  const positions = choosePositions(ids, random, options), lowest = rule === "fairseq" ? FAIRSEQ_SPECIALS : 0;
  for (const position of positions) {
    const fate = random.uniform();
    if (fate < HIDDEN) inputs[position] = maskId;
    else if (fate < REPLACED) inputs[position] = lowest + random.below(vocabSize - lowest);
  }
  return { inputs, positions };
}
