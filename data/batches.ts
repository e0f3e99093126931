/**
 * Cutting a text into training batches.
 *
 * The text is one sequence of tokens, cut into windows: T tokens as inputs and, as targets, the token that follows each.
 * Every epoch visits all windows once, in a new random order and from a new offset, so that the model sees every token at
 * many positions. Batch n is a function of the seed and n alone: a resumed run gets the batches of an uninterrupted one.
 *
 * @module
 */

import { Random } from "../core/random.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { checkSizes } from "../models/config.ts";
import { sampleOrder } from "./epochs.ts";

/**
 * A batch on the host; `BatchTensors` is the same on a device.
 *
 * @category Data
 */
export interface Batch {
  /** Token ids, (B, T), row-major. */
  readonly inputs: Uint32Array;
  /** The token after each input, the original token at each masked position, or the class of each sequence; or IGNORE_INDEX. */
  readonly targets: Uint32Array;
  /** B. */
  readonly batchSize: number;
  /** T. */
  readonly contextLength: number;
  /** Weight of each target; 1 unless given. */
  readonly weights?: Float32Array;
  /** Length of each sequence without padding, (B). */
  readonly lengths?: Uint32Array;
  /** Index of each target among all B · T inputs; the target of every input, in order, unless given. */
  readonly targetIndices?: Uint32Array;
  /** Targets of an auxiliary loss: the token after each input, (B, T). */
  readonly auxiliaryTargets?: Uint32Array;
  /** Weight of each auxiliary target. */
  readonly auxiliaryWeights?: Float32Array;
}

/**
 * A source of batches. The same seed and number give the same batch.
 *
 * @category Data
 */
export interface BatchSource {
  /** Batches in an epoch, not always an integer. */
  readonly batchesPerEpoch: number;
  /** The batch of a number, from 0. */
  at(number: number): Batch;
}

/**
 * Sizes and seed of {@linkcode causalBatches}.
 *
 * @category Data
 */
export interface CausalBatchOptions {
  /** T. */
  contextLength: number;
  /** B. */
  batchSize: number;
  /** Seed of the order. */
  seed: number;
}

/** Throws unless the sizes are positive integers and there is at least one window. */
function checkText(
  tokens: Uint32Array,
  { contextLength, batchSize }: { contextLength: number; batchSize: number },
  what: string,
): void {
  checkSizes("make batches", { contextLength, batchSize });
  if (tokens.length <= contextLength) {
    throw new RangeError(
      `The ${what} text has ${tokens.length} tokens, a window needs ${contextLength + 1}: ` +
        `give a longer text or a smaller context length`,
    );
  }
}

function copyWindow(batch: Batch, row: number, tokens: Uint32Array, start: number): void {
  const { inputs, targets, contextLength } = batch;
  inputs.set(tokens.subarray(start, start + contextLength), row * contextLength);
  targets.set(tokens.subarray(start + 1, start + 1 + contextLength), row * contextLength);
}

function emptyBatch(batchSize: number, contextLength: number): Batch {
  const size = batchSize * contextLength;
  return {
    inputs: new Uint32Array(size),
    targets: new Uint32Array(size).fill(IGNORE_INDEX),
    batchSize,
    contextLength,
  };
}

/**
 * Batches for predicting the next token.
 *
 * @example
 * ```ts
 * import { causalBatches } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const source = causalBatches(Uint32Array.of(5, 6, 7), { contextLength: 2, batchSize: 1, seed: 1 });
 * assertEquals(source.at(0).inputs, Uint32Array.of(5, 6));
 * assertEquals(source.at(0).targets, Uint32Array.of(6, 7));
 * ```
 *
 * @param tokens The training text.
 * @param options Sizes and seed.
 * @returns The source.
 * @throws {RangeError} If the text is shorter than one window, or a size is not a positive integer.
 * @category Data
 */
export function causalBatches(tokens: Uint32Array, options: CausalBatchOptions): BatchSource {
  const { contextLength, batchSize, seed } = options;
  checkText(tokens, options, "training");
  const room = tokens.length - 1,
    windows = Math.max(1, Math.floor((room - (contextLength - 1)) / contextLength));
  const offsets = room - windows * contextLength + 1;
  const sampleAt = sampleOrder(windows, seed);
  let offsetEpoch = -1, offset = 0;
  const startOf = (sample: number): number => {
    const { epoch, index } = sampleAt(sample);
    if (epoch !== offsetEpoch) {
      offsetEpoch = epoch;
      offset = new Random(seed, `offset of epoch ${epoch}`).below(offsets);
    }
    return offset + index * contextLength;
  };
  return {
    batchesPerEpoch: windows / batchSize,
    at(number) {
      const batch = emptyBatch(batchSize, contextLength);
      for (let row = 0; row < batchSize; row++) {
        copyWindow(batch, row, tokens, startOf(number * batchSize + row));
      }
      return batch;
    },
  };
}

/**
 * Windows for validation: always the same, spread evenly over the text.
 *
 * @param tokens The validation text.
 * @param options Sizes; `windows` is the largest number of windows, all unless given.
 * @returns Batches; the targets of unused rows of the last one are ignored.
 * @throws {RangeError} If the text is shorter than one window, or a size is not a positive integer.
 * @category Data
 */
export function validationBatches(
  tokens: Uint32Array,
  options: { contextLength: number; batchSize: number; windows?: number },
): Batch[] {
  const { contextLength, batchSize } = options;
  checkText(tokens, options, "validation");
  const available = Math.floor((tokens.length - 1) / contextLength);
  const windows = Math.min(available, options.windows ?? available), batches: Batch[] = [];
  for (let window = 0; window < windows; window++) {
    if (window % batchSize === 0) batches.push(emptyBatch(batchSize, contextLength));
    const start = Math.floor(window * available / windows) * contextLength;
    copyWindow(batches[batches.length - 1], window % batchSize, tokens, start);
  }
  return batches;
}

/**
 * A batch of windows of a text.
 *
 * @category Data
 */
export interface WindowBatch extends Batch {
  /** Index of the first input of each row that is a window; rows beyond have no targets. */
  readonly starts: readonly number[];
}

/**
 * Windows that overlap by half, for losses token by token: every token but the first is a target once, and has more than
 * half a window before it, or all of the text.
 *
 *     inputs    0 1 2 3 4 5 6 7               the first window predicts all that follow its inputs: tokens 1 to 8,
 *                       4 5 6 7 8 9 …         the next one those of its second half: 9 to 12
 *
 * A model predicts the first tokens of a window with little before them, so windows side by side, as those of
 * {@linkcode validationBatches}, measure a higher loss in half the time.
 *
 * @param tokens The text.
 * @param options Sizes; a text of few windows makes a smaller batch.
 * @returns Batches; targets that another window predicts with more before them are ignored.
 * @throws {RangeError} If the text is shorter than one window, or a size is not a positive integer.
 *
 * @example
 * ```ts
 * import { IGNORE_INDEX, overlappingBatches } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokens = Uint32Array.of(10, 11, 12, 13, 14, 15, 16);
 * const [{ targets, starts }] = overlappingBatches(tokens, { contextLength: 4, batchSize: 2 });
 * assertEquals(starts, [0, 2]);
 * assertEquals([...targets], [11, 12, 13, 14, IGNORE_INDEX, IGNORE_INDEX, 15, 16]);
 * ```
 *
 * @category Data
 */
export function overlappingBatches(
  tokens: Uint32Array,
  options: { contextLength: number; batchSize: number },
): WindowBatch[] {
  const { contextLength, batchSize } = options;
  checkText(tokens, options, "evaluated");
  const stride = Math.ceil(contextLength / 2), lastStart = tokens.length - 1 - contextLength;
  const windows = 1 + Math.ceil(lastStart / stride);
  const batches: (Batch & { starts: number[] })[] = [];
  for (let window = 0; window < windows; window++) {
    if (window % batchSize === 0) {
      batches.push({ ...emptyBatch(Math.min(batchSize, windows), contextLength), starts: [] });
    }
    const batch = batches[batches.length - 1], row = batch.starts.length;
    const start = Math.min(window * stride, lastStart);
    copyWindow(batch, row, tokens, start);
    // the window before has predicted up to token (window − 1) · stride + contextLength
    const predicted = window === 0 ? 0 : (window - 1) * stride + contextLength - start;
    batch.targets.fill(IGNORE_INDEX, row * contextLength, row * contextLength + predicted);
    batch.starts.push(start);
  }
  return batches;
}
