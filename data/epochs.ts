/**
 * The order of samples in training: each epoch visits all of them, in another order.
 *
 * @module
 */

import { permutation } from "../core/random.ts";

/** A sample of an epoch. */
export interface DrawnSample {
  /** The epoch, from 0. */
  readonly epoch: number;
  /** Index of the sample. */
  readonly index: number;
}

/**
 * The order of samples, a function of the seed alone: the same for any batch size, and after resuming.
 *
 * @param size Number of samples.
 * @param seed Seed of the order.
 * @returns A function of the number of a draw, from 0, that gives the sample drawn.
 */
export function sampleOrder(size: number, seed: number): (number: number) => DrawnSample {
  let current = -1, order = new Uint32Array(0);
  return (number) => {
    const epoch = Math.floor(number / size);
    if (epoch !== current) {
      [current, order] = [epoch, permutation(size, seed, epoch) as Uint32Array<ArrayBuffer>];
    }
    return { epoch, index: order[number % size] };
  };
}
