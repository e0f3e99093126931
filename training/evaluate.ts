/**
 * The mean loss of a model over batches, without dropout and without gradients.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { zeros } from "../core/tensor.ts";
import { addScaled } from "../kernels/elementwise.ts";
import type { Learner } from "../models/learner.ts";
import { totalWeight, toTensors } from "./batch_tensors.ts";
import type { Batch } from "../data/batches.ts";

/** Batches whose losses are summed on the device; these sums are read and added in double precision. */
const BATCHES_PER_READ = 8;

/** What happens during an evaluation. */
export interface EvaluateOptions {
  /**
   * Called before every eight batches. What it throws ends the evaluation.
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
 * Lets pending events run, such as a signal, or the redrawing of a page: a CPU backend computes without a pause.
 *
 * @example
 * ```ts
 * import { yieldToEvents } from "@miniformer/miniformer";
 * import { assert } from "@std/assert";
 *
 * let ran = false;
 * setTimeout(() => ran = true);
 * await yieldToEvents();
 * assert(ran);
 * ```
 *
 * @returns A promise that resolves when they have run.
 */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
