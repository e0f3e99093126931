/**
 * The loss scale of a run in half precision, as the host sees it: it is made with the run, saved and restored with it, and
 * looked at only where steps were skipped. What it is for, and how it adapts, is in `kernels/optimizers/loss_scale.ts`.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import type { Tensor } from "../core/tensor.ts";
import { newLossScale } from "../kernels/optimizers/loss_scale.ts";
import type { Optimizer } from "./optimizer.ts";

/**
 * A loss scale in a checkpoint.
 *
 * @category Training
 */
export interface SavedLossScale {
  /** What the gradients are multiplied by, a power of two. */
  readonly scale: number;
  /** Updates since it changed. */
  readonly steps: number;
}

/**
 * The loss scale of a run.
 *
 * @category Training
 */
export class LossScale {
  /** What the device computes with, shape (3). */
  readonly state: Tensor;
  readonly #backend: Backend;

  /**
   * Begins with the scale of the first step.
   *
   * @param backend Where the run is.
   * @param optimizer Its optimizer.
   * @throws {TypeError} If the optimizer is for f32 only.
   * @throws {RangeError} If the device has no f16.
   */
  constructor(backend: Backend, optimizer: Optimizer) {
    if (!optimizer.updateScaled) {
      throw new TypeError(
        "Cannot train in f16 with this optimizer: it has no updateScaled; use precision f32",
      );
    }
    backend.scope(() => backend.allocate([1], "f16")); // is refused here where the device has none
    this.#backend = backend;
    this.state = newLossScale(backend);
  }

  /**
   * Reads it from the device.
   *
   * @returns What a checkpoint keeps.
   */
  async save(): Promise<SavedLossScale> {
    const [scale, steps] = await this.#backend.read(this.state);
    return { scale, steps };
  }

  /**
   * Sets it back.
   *
   * @param saved From a checkpoint.
   */
  restore({ scale, steps }: SavedLossScale): void {
    this.#backend.write(this.state, [scale, steps, 1 / scale]);
  }

  /**
   * Whether it is of use: below 1, not even unscaled gradients are finite in f16, and every further update would be skipped.
   *
   * @returns True if it is 1 or more.
   */
  async isUsable(): Promise<boolean> {
    return (await this.save()).scale >= 1;
  }
}
