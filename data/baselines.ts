/**
 * Baseline losses to compare a model with: those of the uniform and the unigram distribution, and the optimal loss where it
 * is known.
 *
 * @module
 */
import { log } from "../core/math.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import type { Batch } from "./batches.ts";

/**
 * The loss of a simple predictor.
 *
 * @category Data
 */
export interface Baseline {
  /** `uniform`: all tokens are equally likely; `unigram`: by their frequency; `optimal`: the lowest possible loss. */
  readonly name: "uniform" | "unigram" | "optimal";
  /** Nats per token. */
  readonly loss: number;
}

/**
 * The baselines of a text, from the highest loss to the lowest. The unigram frequencies are those of the text itself, so
 * the unigram loss is the entropy of order zero of the text.
 *
 * @param ids the text to predict
 * @param options `vocabSize`: size of the vocabulary; `optimal`: the lowest possible loss in nats per token, if known
 * @returns the baselines
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { baselines } from "./baselines.ts";
 *
 * const losses = baselines(Uint32Array.of(0, 1), { vocabSize: 2, optimal: 0.1 }).map(({ loss }) => loss);
 * assertEquals(losses, [Math.LN2, Math.LN2, 0.1]);
 * ```
 *
 * @category Data
 */
export function baselines(
  ids: Uint32Array,
  { vocabSize, optimal }: { vocabSize: number; optimal?: number },
): Baseline[] {
  const counts = new Float64Array(vocabSize);
  for (const id of ids) counts[id]++;
  const frequencies = counts.filter((count) => count > 0).map((count) => count / ids.length);
  const entropy = -frequencies.reduce((sum, frequency) => sum + frequency * log(frequency), 0);
  return [
    { name: "uniform", loss: log(vocabSize) },
    { name: "unigram", loss: entropy },
    ...optimal === undefined ? [] : [{ name: "optimal", loss: optimal } as const],
  ];
}

/**
 * The loss of the unigram model, which predicts each token with its frequency in the training text, whatever the context.
 * One is added to every count (Laplace smoothing), so that a token that did not occur has a probability. A model with a
 * higher loss has learned nothing from context.
 *
 * @param batches the batches to predict
 * @param training the training texts
 * @param tokens `vocabSize`: size of the vocabulary; `specialIds`: ids of special tokens, which have a probability only if
 * they are targets
 * @returns nats per target that is not ignored
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { unigramLoss } from "./baselines.ts";
 *
 * const batch = { targets: Uint32Array.of(0, 0xffffffff), inputs: new Uint32Array(2), batchSize: 1, contextLength: 2 };
 * const loss = unigramLoss([batch], [Uint32Array.of(0, 0, 0), Uint32Array.of(1, 2)], { vocabSize: 3, specialIds: [2] });
 * assertAlmostEquals(loss, -Math.log((3 + 1) / (4 + 2)));
 * ```
 *
 * @category Data
 */
export function unigramLoss(
  batches: readonly Batch[],
  training: readonly Uint32Array[],
  { vocabSize, specialIds }: { vocabSize: number; specialIds: readonly number[] },
): number {
  const counts = new Float64Array(vocabSize).fill(1);
  for (const text of training) for (const id of text) counts[id]++;
  for (const id of specialIds) if (!batches.some(({ targets }) => targets.includes(id))) counts[id] = 0;
  const total = counts.reduce((sum, count) => sum + count, 0);
  let sum = 0, targets = 0;
  for (const batch of batches) {
    for (const id of batch.targets) {
      if (id === IGNORE_INDEX) continue;
      sum -= log(counts[id] / total);
      targets++;
    }
  }
  return sum / targets;
}
