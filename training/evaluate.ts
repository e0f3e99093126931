/**
 * The mean loss of a model over a text, without dropout and without gradients.
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
const BATCHES_PER_READ = 32;

/**
 * The mean loss of a model over batches.
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param batches The batches, see `validationBatches`.
 * @returns Nats per target: the weighted mean over all targets that are not ignored.
 * @throws {RangeError} If there are no batches, or no targets in them.
 */
export async function evaluate(
  backend: Backend,
  model: Learner,
  batches: readonly Batch[],
): Promise<number> {
  if (batches.length === 0) throw new RangeError("Cannot evaluate on no batches");
  let sum = 0, count = 0;
  for (let first = 0; first < batches.length; first += BATCHES_PER_READ) {
    const part = batches.slice(first, first + BATCHES_PER_READ);
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
    sum += (await backend.read(total))[0];
    for (const batch of part) count += totalWeight(batch);
  }
  if (count === 0) throw new RangeError("Cannot evaluate on no targets: all of them are ignored");
  return sum / count;
}
