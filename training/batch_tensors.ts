/**
 * Uploads batches to a device.
 *
 * Every target gets a weight here: its own, or 1, or 0 if it is ignored, times a scale. With 1 / (the total weight of all
 * batches of an update) as the scale, losses and gradients of the parts of a large batch add up to those of the whole.
 *
 * @module
 */

import type { Backend, HostArray, Shape } from "../core/backend.ts";
import type { Tensor } from "../core/tensor.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import type { BatchTensors } from "../models/learner.ts";
import type { Batch } from "../data/batches.ts";

/**
 * The total weight of the targets of batches.
 *
 * @param batches The batches.
 * @returns The sum of the weights of the targets that are not ignored; their number, if the batches have no weights.
 */
export function totalWeight(batches: readonly Batch[]): number {
  let total = 0;
  for (const { targets, weights } of batches) {
    let ofBatch = 0; // summed by batch, so that accumulation changes no bit
    for (let index = 0; index < targets.length; index++) {
      if (targets[index] !== IGNORE_INDEX) ofBatch += weights ? weights[index] : 1;
    }
    total += ofBatch;
  }
  return total;
}

/** The weight of every target, times a scale; 0 where it is ignored. */
function scaledWeights(targets: Uint32Array, weights: Float32Array | undefined, scale: number): Float32Array {
  const scaled = new Float32Array(targets.length);
  for (let at = 0; at < targets.length; at++) {
    if (targets[at] !== IGNORE_INDEX) scaled[at] = scale * (weights ? weights[at] : 1);
  }
  return scaled;
}

/** Uploads a part of a batch, given its name, content and shape. */
export type Upload = (name: string, data: HostArray, shape: Shape) => Tensor;

/**
 * Uploads batch after batch into the same memory: parts of one name and shape share a tensor, so a batch is gone when the
 * next one of its sizes is uploaded.
 *
 * @param backend The device.
 * @returns The function that uploads a part.
 */
export function uploadInPlace(backend: Backend): Upload {
  const tensors = new Map<string, Tensor>();
  return (name, data, shape) => {
    const key = `${name} ${shape}`, dataType = data instanceof Uint32Array ? "u32" : "f32";
    if (!tensors.has(key)) tensors.set(key, backend.allocate(shape, dataType));
    const tensor = tensors.get(key)!;
    backend.write(tensor, data);
    return tensor;
  };
}

/**
 * Uploads the parts of a batch.
 *
 * @param batch The batch.
 * @param scale Multiplies all weights.
 * @param upload Uploads a part.
 * @returns The tensors that a model reads.
 */
export function toTensors(batch: Batch, scale: number, upload: Upload): BatchTensors {
  const { inputs, targets, auxiliaryTargets, batchSize, contextLength } = batch;
  const vector = (name: string, data: HostArray | undefined) => data && upload(name, data, [data.length]);
  const auxiliaryWeights = auxiliaryTargets && scaledWeights(auxiliaryTargets, batch.auxiliaryWeights, scale);
  return {
    inputs: upload("inputs", inputs, [batchSize, contextLength]),
    targets: upload("targets", targets, [targets.length]),
    weights: vector("weights", scaledWeights(targets, batch.weights, scale)),
    lengths: vector("lengths", batch.lengths),
    targetIndices: vector("targetIndices", batch.targetIndices),
    auxiliaryTargets: vector("auxiliaryTargets", auxiliaryTargets),
    auxiliaryWeights: vector("auxiliaryWeights", auxiliaryWeights),
  };
}
