import { assertAlmostEquals } from "@std/assert";
import { unigramLoss } from "../data/baselines.ts";
import { maskedValidationBatches, oneByOneBatches } from "../data/masked_batches.ts";

Deno.test("the unigram model counts special tokens only where the rule masks them", () => {
  const sequences = [Uint32Array.of(0, 5, 6, 5, 2), Uint32Array.of(0, 5, 7, 2)];
  const specialIds = [0, 1, 2, 3, 4], tokens = { vocabSize: 8, maskId: 4, specialIds };
  const options = { ...tokens, contextLength: 5, batchSize: 2, seed: 1, maskRate: 1 };
  const loss = (counts: Record<number, number>, asked: readonly number[]) => {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return asked.reduce((sum, id) => sum - Math.log(counts[id] / total), 0) / asked.length;
  };
  // each counts once more than it was seen
  const words = { 5: 4, 6: 2, 7: 2 }, all = { ...words, 0: 3, 2: 3 };
  const fairseq = maskedValidationBatches(sequences, { ...options, rule: "fairseq" });
  const expected = loss(all, sequences.flatMap((ids) => [...ids]));
  assertAlmostEquals(unigramLoss(fairseq, sequences, tokens), expected, 1e-12);
  for (const batches of [maskedValidationBatches(sequences, options), oneByOneBatches(sequences, options)]) {
    assertAlmostEquals(unigramLoss(batches, sequences, tokens), loss(words, [5, 6, 5, 5, 7]), 1e-12);
  }
});
