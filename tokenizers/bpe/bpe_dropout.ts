/**
 * BPE-dropout: the same text as other tokens each time, to train on.
 *
 * Byte-pair encoding gives a word always the same tokens, so a model learns little of the parts of a frequent word, which
 * it needs when they make up a rare one. Here merges are left out at random. At each step of encoding a word, every merge
 * that could be done is skipped with probability p; of the others the one that was learned first is done, and where none is
 * left, the word is finished:
 *
 *     p = 0      u n + related        as without dropout
 *     p = 0.1    un + re + lated, u + n + related, …
 *     p = 1      u n r e l a t e d    bytes
 *
 * It is for texts to train on; what is evaluated or classified is encoded without it. The random numbers are the caller's,
 * so that a run can be repeated: with a generator for each text and epoch, the ids do not depend on what was encoded before.
 *
 * Reference: Provilkov, Emelianenko, Voita, "BPE-dropout: simple and effective subword regularization", ACL 2020,
 * algorithm 1.
 *
 * @module
 */

/**
 * How to leave merges out at random.
 *
 * @category Tokenizers
 */
export interface BpeDropout {
  /** p, the probability that a merge is skipped at a step, from 0 to 1; 0.1 in the paper. */
  readonly rate: number;
  /** Draws a number from 0 to below 1, all equally likely. The same numbers give the same ids. */
  readonly random: () => number;
}

/**
 * Refuses a rate that is no probability, and a tokenizer without merges.
 *
 * @example
 * ```ts
 * import { checkDropout } from "./bpe_dropout.ts";
 * import { assertThrows } from "@std/assert";
 *
 * const characters = { algorithm: "characters", hasMerges: false };
 * assertThrows(() => checkDropout({ rate: 0.1, random: () => 0.5 }, characters), TypeError, "has no merges");
 * ```
 *
 * @param dropout How to leave merges out.
 * @param tokenizer What encodes.
 * @throws {RangeError} If the rate is not from 0 to 1.
 * @throws {TypeError} If the tokenizer has no merges.
 */
export function checkDropout(
  { rate }: BpeDropout,
  { algorithm, hasMerges }: { readonly algorithm: string; readonly hasMerges: boolean },
): void {
  if (!hasMerges) {
    throw new TypeError(
      `Cannot skip merges: the tokenizer (${algorithm}) has no merges, leave bpeDropout out`,
    );
  }
  if (!(rate >= 0 && rate <= 1)) {
    throw new RangeError(`Cannot skip merges with probability ${rate}: expected a number from 0 to 1`);
  }
}
