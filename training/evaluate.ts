/**
 * The mean loss of a model over batches, and its loss on every token of a text, without dropout and without gradients.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { zeros } from "../core/tensor.ts";
import { crossEntropy, crossEntropyForward, IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { addScaled } from "../kernels/elementwise.ts";
import type { ModelsByKind } from "../models/families.ts";
import type { Learner } from "../models/learner.ts";
import { totalWeight, toTensors } from "./batch_tensors.ts";
import { type Batch, overlappingBatches } from "../data/batches.ts";

/** Batches whose losses are summed on the device; these sums are read and added in double precision. */
const BATCHES_PER_READ = 8;

/**
 * What happens during an evaluation.
 *
 * @category Training
 */
export interface EvaluateOptions {
  /**
   * Called before every eight batches, or every one. What it throws ends the evaluation.
   *
   * @param done Batches that are done.
   * @param total All batches.
   */
  onProgress?(done: number, total: number): void;
}

/**
 * The mean loss of a model over batches. Pending events run after every eight of them, see {@linkcode yieldToEvents}.
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param batches The batches, see `validationBatches`.
 * @param options What happens during the evaluation.
 * @returns Nats per target: the weighted mean over all targets that are not ignored.
 * @throws {RangeError} If there are no targets in the batches.
 * @category Training
 */
export async function evaluate(
  backend: Backend,
  model: Learner,
  batches: readonly Batch[],
  { onProgress }: EvaluateOptions = {},
): Promise<number> {
  let sum = 0, weights = 0;
  for (let first = 0; first < batches.length; first += BATCHES_PER_READ) {
    await yieldToEvents();
    onProgress?.(first, batches.length);
    const part = batches.slice(first, first + BATCHES_PER_READ);
    const weight = totalWeight(part);
    if (weight === 0) continue; // in short lines it happens that no token is masked
    const total = backend.scope(() => {
      const total = zeros(backend, [1]);
      for (const batch of part) {
        backend.scope(() => {
          const loss = model.loss(toTensors(batch, 1, (_, data, shape) => backend.from(data, shape)));
          backend.run(addScaled, { x: loss, y: total }, { size: 1, factor: 1 });
        });
      }
      return total;
    });
    const mean = (await backend.read(total))[0] / weight;
    sum += weight * mean;
    weights += weight;
  }
  if (weights === 0) throw new RangeError("Cannot evaluate on batches without targets");
  return sum / weights;
}

/**
 * The mean loss over batches, and what it is the mean of.
 *
 * @category Training
 */
export interface EvaluatedTokens {
  /** Nats per target: the number that `evaluate` returns, bit for bit. */
  readonly loss: number;
  /** The losses of each batch, one for each target in its order, in nats; 0 where the target is ignored. */
  readonly losses: readonly Float32Array[];
}

/**
 * Does what `evaluate` does, with a causal model, and keeps the loss of every target. There is one forward pass for both.
 *
 * @example
 * ```ts
 * import { CpuBackend, evaluateTokens, Gpt, initialize, PRESETS, validationBatches } from "@miniformer/miniformer";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const batches = validationBatches(Uint32Array.of(1, 5, 2), { contextLength: 2, batchSize: 1 });
 * const { loss, losses: [[first, second]] } = await evaluateTokens(backend, model, batches);
 * assertAlmostEquals(loss, (first + second) / 2, 1e-6);
 * ```
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param batches The batches, see `validationBatches`.
 * @param options What happens during the evaluation.
 * @returns The mean and the single losses.
 * @throws {RangeError} If there are no targets in the batches.
 * @category Training
 */
export async function evaluateTokens(
  backend: Backend,
  model: ModelsByKind["causal"],
  batches: readonly Batch[],
  options?: EvaluateOptions,
): Promise<EvaluatedTokens> {
  const reads: Promise<Float32Array>[] = [];
  const learner: Learner = {
    loss({ inputs, targets, weights }) {
      const losses = backend.allocate([targets.size]);
      const loss = crossEntropy(model.forward(inputs), targets, { weights, losses });
      const read = backend.read(losses).then((values) => Float32Array.from(values));
      read.catch(() => {}); // where the evaluation fails, its own error is the one to report
      reads.push(read);
      return loss;
    },
  };
  const loss = await evaluate(backend, learner, batches, options);
  return { loss, losses: await Promise.all(reads) };
}

/**
 * How {@linkcode tokenLosses} reads a text.
 *
 * @category Training
 */
export interface TokenLossOptions extends EvaluateOptions {
  /** Windows per batch; 16 unless given. */
  readonly batchSize?: number;
}

/**
 * The loss of a causal model on each token of a text. It reads windows that overlap by half, see
 * {@linkcode overlappingBatches}.
 *
 * @example
 * ```ts
 * import { CpuBackend, Gpt, initialize, PRESETS, tokenLosses } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 3 });
 * initialize(backend, model, 1);
 * const [first, ...others] = await tokenLosses(backend, model, Uint32Array.of(0, 1, 2, 0));
 * assertEquals([first, others.length], [NaN, 3]); // nothing stands before the first token
 * ```
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param ids The text.
 * @param options Sizes, and what happens meanwhile.
 * @returns Nats for each token: −ln of the probability that the model gives it after those before it. NaN for the first one.
 * @throws {RangeError} If the text has fewer than two tokens.
 * @category Training
 */
export async function tokenLosses(
  backend: Backend,
  model: ModelsByKind["causal"],
  ids: Uint32Array,
  { batchSize = 16, onProgress }: TokenLossOptions = {},
): Promise<Float64Array> {
  const contextLength = Math.max(1, Math.min(model.config.contextLength, ids.length - 1));
  const batches = overlappingBatches(ids, { contextLength, batchSize });
  const found = new Float64Array(ids.length).fill(NaN);
  for (const [done, batch] of batches.entries()) {
    await yieldToEvents();
    onProgress?.(done, batches.length);
    const losses = await backend.read(backend.scope(() => {
      const logits = model.forward(backend.from(batch.inputs, [batch.batchSize, contextLength])); // (B, T, V)
      const targets = backend.from(batch.targets), rows = targets.size, columns = logits.shape[2];
      const losses = backend.allocate([rows]), logSumExp = backend.allocate([rows]);
      backend.run(crossEntropyForward, { logits, targets, losses, logSumExp }, { rows, columns });
      return losses;
    }));
    for (const [row, start] of batch.starts.entries()) {
      for (let time = 0; time < contextLength; time++) {
        const at = row * contextLength + time;
        if (batch.targets[at] !== IGNORE_INDEX) found[start + time + 1] = losses[at];
      }
    }
  }
  return found;
}

/**
 * Lets pending events run, such as a signal, or the redrawing of a page: a CPU backend computes without a pause.
 *
 * It posts a message to itself and waits for it, some hundredths of a millisecond; a timer takes 1 to 2 ms, in browsers 4.
 *
 * @example
 * ```ts
 * import { yieldToEvents } from "./evaluate.ts";
 * import { assert } from "@std/assert";
 *
 * let ran = false;
 * setTimeout(() => ran = true);
 * const end = performance.now() + 100;
 * while (!ran && performance.now() < end) await yieldToEvents(); // a loop of awaited promises alone would let nothing run
 * assert(ran);
 * ```
 *
 * @returns A promise that resolves in a later turn of the event loop.
 */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close(); // open, it would keep the program from ending
      resolve();
    };
    port2.postMessage(null);
  });
}
