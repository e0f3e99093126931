/**
 * Batches for masked language modelling.
 *
 * Masking is *dynamic*: every epoch draws new masks, so that the model sees each text with many of them. Masks are a
 * function of seed, epoch and sequence alone: batch size, accumulation and resuming do not change them.
 *
 * @module
 */

import { Random } from "../core/random.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { checkSizes, PAD_ID } from "../models/config.ts";
import type { Batch, BatchSource } from "./batches.ts";
import { sampleOrder } from "./epochs.ts";
import {
  checkMaskOptions,
  MASK_RATE,
  type MaskedSequence,
  type MaskOptions,
  maskSequence,
} from "./masking.ts";
import { padSequences } from "./sequences.ts";

/**
 * Sizes, seed and rule of {@linkcode maskedBatches}.
 *
 * @category Data
 */
export interface MaskedBatchOptions extends MaskOptions {
  /** T. */
  contextLength: number;
  /** B. */
  batchSize: number;
  /** Seed of order and masks. */
  seed: number;
  /** Id of the padding token; 1 unless given. */
  padId?: number;
}

/** Makes a batch of masked sequences. */
function toBatch(
  rows: readonly { ids: Uint32Array; masked: MaskedSequence }[],
  { batchSize, contextLength, padId = PAD_ID }: MaskedBatchOptions,
  room: number,
): Batch {
  const targetIndices: number[] = [], targets: number[] = [];
  for (const [row, { ids, masked }] of rows.entries()) {
    for (const position of masked.positions) {
      targetIndices.push(row * contextLength + position);
      targets.push(ids[position]);
    }
  }
  // each number of targets is another shape, for which shaders are compiled: rounded up, it is nearly always the same
  const size = room * Math.max(1, Math.ceil(targetIndices.length / room));
  const filled = { targetIndices: new Uint32Array(size), targets: new Uint32Array(size).fill(IGNORE_INDEX) };
  filled.targetIndices.set(targetIndices);
  filled.targets.set(targets);
  const inputs = rows.map(({ masked }) => masked.inputs);
  const padded = padSequences(inputs, { batchSize, contextLength, padId });
  return { ...padded, ...filled, batchSize, contextLength };
}

/** A number of targets that a batch hardly ever exceeds: four standard deviations above the mean. */
function roomFor(
  sequences: readonly Uint32Array[],
  { batchSize, maskRate = MASK_RATE }: MaskedBatchOptions,
): number {
  const mean = sequences.reduce((sum, { length }) => sum + length, 0) / sequences.length;
  const variance = sequences.reduce((sum, { length }) => sum + (length - mean) * (length - mean), 0) /
    sequences.length;
  const expected = maskRate * batchSize * mean;
  return 8 * Math.ceil((expected + 4 * Math.sqrt(expected + batchSize * maskRate * maskRate * variance)) / 8);
}

function checkSequences(sequences: readonly Uint32Array[], options: MaskedBatchOptions): void {
  const { contextLength, batchSize } = options;
  checkMaskOptions(options);
  checkSizes("make batches", { contextLength, batchSize });
  if (sequences.length === 0) throw new RangeError("Cannot make batches of no sequences");
  const empty = sequences.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new RangeError(`Sequence ${empty + 1} is empty: expected at least one token`);
  const long = sequences.find(({ length }) => length > contextLength);
  if (long) {
    throw new RangeError(`Cannot put a sequence of ${long.length} tokens into a context of ${contextLength}`);
  }
}

/**
 * Batches for masked language modelling.
 *
 * @example
 * ```ts
 * import { maskedBatches } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const sequences = [Uint32Array.of(0, 7, 8, 9, 2), Uint32Array.of(0, 6, 2)];
 * const tokens = { vocabSize: 11, maskId: 10, specialIds: [0, 1, 2, 3, 10] };
 * const source = maskedBatches(sequences, { ...tokens, contextLength: 6, batchSize: 2, seed: 1 });
 * const { lengths, targetIndices, targets } = source.at(0);
 * assertEquals([...lengths!].sort(), [3, 5]);
 * assertEquals(targetIndices!.length, targets.length);
 * ```
 *
 * @param sequences Sequences with their special tokens, see `packDocuments`; none longer than T.
 * @param options Sizes, seed and rule.
 * @returns The source.
 * @throws {RangeError} If there are no sequences, one is empty or too long, or an option is out of range.
 * @category Data
 */
export function maskedBatches(sequences: readonly Uint32Array[], options: MaskedBatchOptions): BatchSource {
  checkSequences(sequences, options);
  const { batchSize, seed } = options, sampleAt = sampleOrder(sequences.length, seed);
  const room = roomFor(sequences, options);
  return {
    batchesPerEpoch: sequences.length / batchSize,
    at(number) {
      const rows = Array.from({ length: batchSize }, (_, row) => {
        const { epoch, index } = sampleAt(number * batchSize + row), ids = sequences[index];
        const random = new Random(seed, `mask of sequence ${index} in epoch ${epoch}`);
        return { ids, masked: maskSequence(ids, random, options) };
      });
      return toBatch(rows, options, room);
    },
  };
}

/**
 * Batches to validate a masked language model: always the same sequences with the same masks.
 *
 * @param sequences Sequences with their special tokens; none longer than T.
 * @param options Sizes, seed and rule; `limit` is the largest number of sequences, spread evenly over all of them.
 * @returns The batches.
 * @throws {RangeError} If there are no sequences, one is empty or too long, or an option is out of range.
 * @category Data
 */
export function maskedValidationBatches(
  sequences: readonly Uint32Array[],
  options: MaskedBatchOptions & { limit?: number },
): Batch[] {
  checkSequences(sequences, options);
  const { batchSize, seed } = options, room = roomFor(sequences, options), batches: Batch[] = [];
  const count = Math.min(sequences.length, options.limit ?? sequences.length);
  for (let first = 0; first < count; first += batchSize) {
    const rows = Array.from({ length: Math.min(batchSize, count - first) }, (_, row) => {
      const index = Math.floor((first + row) * sequences.length / count), ids = sequences[index];
      const random = new Random(seed, `validation mask of sequence ${index}`);
      return { ids, masked: maskSequence(ids, random, options) };
    });
    batches.push(toBatch(rows, options, room));
  }
  return batches;
}

/**
 * Batches in which each row masks a single token, one after the other. `exp` of the mean loss over them is the
 * pseudo-perplexity of Salazar et al., "Masked language model scoring", 2020: the counterpart of a causal model's
 * perplexity, though not comparable with it, since the model sees the future.
 *
 * @param sequences Sequences with their special tokens; none longer than T.
 * @param options Sizes, and ids of tokens; `limit` is the largest number of tokens, spread evenly over all of them.
 * @returns The batches.
 * @throws {RangeError} If there is no token to mask, a sequence is empty or too long, or an option is out of range.
 * @category Data
 */
export function oneByOneBatches(
  sequences: readonly Uint32Array[],
  options: MaskedBatchOptions & { limit?: number },
): Batch[] {
  checkSequences(sequences, options);
  const { batchSize, specialIds, maskId } = options, special = new Set(specialIds), batches: Batch[] = [];
  const candidates: { ids: Uint32Array; position: number }[] = [];
  for (const ids of sequences) {
    ids.forEach((id, position) => special.has(id) || candidates.push({ ids, position }));
  }
  if (candidates.length === 0) throw new RangeError("Cannot mask a token: there are only special tokens");
  const count = Math.min(candidates.length, options.limit ?? candidates.length);
  for (let first = 0; first < count; first += batchSize) {
    const rows = Array.from({ length: Math.min(batchSize, count - first) }, (_, row) => {
      const { ids, position } = candidates[Math.floor((first + row) * candidates.length / count)],
        inputs = ids.slice();
      inputs[position] = maskId;
      return { ids, masked: { inputs, positions: [position] } };
    });
    batches.push(toBatch(rows, options, batchSize));
  }
  return batches;
}
