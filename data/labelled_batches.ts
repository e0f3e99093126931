/**
 * Batches of texts with labels, for fine-tuning a classifier.
 *
 * @module
 */

import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { checkSizes } from "../models/config.ts";
import type { Batch, BatchSource } from "./batches.ts";
import { sampleOrder } from "./epochs.ts";
import { padSequences } from "./sequences.ts";

/**
 * A labelled text.
 *
 * @category Data
 */
export interface Example {
  /** Token ids of the text, special tokens included. */
  readonly ids: Uint32Array;
  /** Index of its class. */
  readonly label: number;
}

/**
 * Sizes of {@linkcode labelledValidationBatches}.
 *
 * @category Data
 */
export interface LabelledSizes {
  /** T, at least as long as the longest text. */
  contextLength: number;
  /** B. */
  batchSize: number;
  /** Id of the padding token. */
  padId: number;
}

/**
 * Sizes, seed and weights of {@linkcode labelledBatches}.
 *
 * @category Data
 */
export interface LabelledBatchOptions extends LabelledSizes {
  /** Seed of the order. */
  seed: number;
  /** Weight of the examples of each class; 1 unless given. */
  classWeights?: readonly number[];
  /**
   * Weight of the auxiliary loss: predicting the next token, as a mean over the tokens of each text; 0 unless given. For
   * classifiers made from a GPT; 0.5 in the paper.
   */
  auxiliaryWeight?: number;
  /**
   * Gives the token ids of an example anew in each epoch, 1 to T of them: with BPE-dropout, for instance. It must return the
   * same for the same index and epoch, both from 0, so that a resumed run gets the same batches. The ids of the example
   * unless given.
   */
  encode?: (index: number, epoch: number) => Uint32Array;
}

function checkExamples(
  examples: readonly Example[],
  { contextLength, batchSize }: LabelledSizes,
): void {
  checkSizes("make batches", { contextLength, batchSize });
  if (examples.length === 0) throw new RangeError("Cannot make batches of no examples");
  for (const [index, { ids, label }] of examples.entries()) {
    if (!Number.isInteger(label) || label < 0) {
      throw new RangeError(`Example ${index + 1} has class ${label}: expected an integer of 0 or more`);
    }
    if (ids.length === 0 || ids.length > contextLength) {
      throw new RangeError(`Example ${index + 1} has ${ids.length} tokens: expected 1 to ${contextLength}`);
    }
  }
}

function toBatch(examples: readonly Example[], sizes: LabelledSizes): Batch & { lengths: Uint32Array } {
  const { batchSize, contextLength } = sizes, targets = new Uint32Array(batchSize).fill(IGNORE_INDEX);
  for (const [row, { label }] of examples.entries()) targets[row] = label;
  return { ...padSequences(examples.map(({ ids }) => ids), sizes), targets, batchSize, contextLength };
}

/** The token after each token; their weights in a text add up to the weight of the text. */
function nextTokens(
  { inputs, lengths }: { inputs: Uint32Array; lengths: Uint32Array },
  weights: Float32Array,
) {
  const auxiliaryTargets = new Uint32Array(inputs.length).fill(IGNORE_INDEX);
  const auxiliaryWeights = new Float32Array(inputs.length), time = inputs.length / lengths.length;
  for (const [row, length] of lengths.entries()) {
    const start = row * time, end = start + length - 1;
    auxiliaryTargets.set(inputs.subarray(start + 1, end + 1), start);
    auxiliaryWeights.fill(weights[row] / (length - 1), start, end);
  }
  return { auxiliaryTargets, auxiliaryWeights };
}

/**
 * Batches for fine-tuning.
 *
 * @example
 * ```ts
 * import { labelledBatches } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const examples = [{ ids: Uint32Array.of(0, 5, 2), label: 1 }, { ids: Uint32Array.of(0, 2), label: 0 }];
 * const batch = labelledBatches(examples, { contextLength: 4, batchSize: 2, padId: 1, seed: 1 }).at(0);
 * assertEquals([...batch.targets].sort(), [0, 1]);
 * ```
 *
 * @param examples Texts with their classes, of at least two classes.
 * @param options Sizes, seed and weights.
 * @returns The source.
 * @throws {RangeError} If there are no examples, all are of one class, one is empty or too long, a class has no weight,
 * every example has weight 0, or a size is not a positive integer.
 * @category Data
 */
export function labelledBatches(examples: readonly Example[], options: LabelledBatchOptions): BatchSource {
  const { batchSize, seed, classWeights, auxiliaryWeight = 0, encode } = options;
  checkExamples(examples, options);
  const highest = examples.reduce((highest, { label }) => Math.max(highest, label), 0);
  if (examples.every(({ label }) => label === highest)) {
    throw new RangeError(
      `Cannot train a classifier: all ${examples.length} examples are of class ${highest}, expected at least two classes`,
    );
  }
  if (classWeights && !(classWeights.length > highest && classWeights.every((weight) => weight >= 0))) {
    throw new RangeError(
      `Cannot weigh classes with ${classWeights.join(", ")}: expected ${highest + 1} numbers of 0 or more`,
    );
  }
  if (classWeights && examples.every(({ label }) => classWeights[label] === 0)) {
    throw new RangeError(`Cannot weigh classes with ${classWeights.join(", ")}: every example has weight 0`);
  }
  const sampleAt = sampleOrder(examples.length, seed);
  return {
    batchesPerEpoch: examples.length / batchSize,
    at(number) {
      const rows = Array.from(
        { length: batchSize },
        (_, row) => {
          const { index, epoch } = sampleAt(number * batchSize + row), example = examples[index];
          return encode ? { ...example, ids: encode(index, epoch) } : example;
        },
      );
      if (encode) checkExamples(rows, options);
      const batch = toBatch(rows, options);
      const weights = Float32Array.from(rows, ({ label }) => classWeights?.[label] ?? 1);
      const auxiliary = auxiliaryWeight > 0
        ? nextTokens(batch, weights.map((weight) => weight * auxiliaryWeight))
        : {};
      return { ...batch, weights, ...auxiliary };
    },
  };
}

/**
 * Batches to validate a classifier on: all examples, in their order.
 *
 * @param examples Texts with their classes.
 * @param sizes Sizes.
 * @returns Batches; rows of the last one that are not needed have no class.
 * @throws {RangeError} If there are no examples, one is empty or too long, or a size is no positive integer.
 * @category Data
 */
export function labelledValidationBatches(examples: readonly Example[], sizes: LabelledSizes): Batch[] {
  checkExamples(examples, sizes);
  const batches: Batch[] = [];
  for (let first = 0; first < examples.length; first += sizes.batchSize) {
    batches.push(toBatch(examples.slice(first, first + sizes.batchSize), sizes));
  }
  return batches;
}

/**
 * Weights that give every class the same total weight, however few examples it has.
 *
 * @example
 * ```ts
 * import { balancedWeights } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(balancedWeights([0, 0, 0, 1], 2), [4 / 6, 2]);
 * ```
 *
 * @param labels The class of each example.
 * @param classes Number of classes.
 * @returns For each class n / (classes · its examples), as scikit-learn's "balanced"; 0 for one without examples.
 * @category Data
 */
export function balancedWeights(labels: readonly number[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  return counts.map((count) => count === 0 ? 0 : labels.length / (classes * count));
}
