/**
 * The order in which training sees its samples: all of them in each epoch, each time in another order.
 *
 * @module
 */

import { permutation } from "../core/random.ts";

/** Where a sample stands. */
export interface DrawnSample {
  /** How often all samples were seen before. */
  readonly epoch: number;
  /** Which sample it is. */
  readonly index: number;
}

/**
 * Decides which sample comes when, by seed and number alone: the same for any batch size, and after resuming.
 *
 * @param size How many samples there are.
 * @param seed Decides the order.
 * @returns The place of the sample that is drawn as number n, from 0.
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
