/**
 * What a run reports of its steps: loss, norm of the gradient and learning rate.
 *
 * Losses and norms stay on the device, in a ring with a slot for each of the last steps (kernels/optimizers/loss_ring.ts),
 * until somebody asks for them: reading takes as long as several steps of a small model. Only then does it show that a loss
 * was not finite.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import type { Tensor } from "../core/tensor.ts";
import { type LossScale, SKIPPED_NORM } from "../kernels/optimizers/loss_scale.ts";
import { recordLoss } from "../kernels/optimizers/loss_ring.ts";

/**
 * The result of one step.
 *
 * @category Training
 */
export interface StepReport {
  /** Number of the update, from 1. */
  readonly step: number;
  /** Passes over the whole text so far, not always an integer. */
  readonly epoch: number;
  /** Mean loss of the batch before the update, in nats per target. */
  readonly loss: number;
  /** Norm of the gradient before clipping; 0 if the update was skipped. */
  readonly gradientNorm: number;
  /** In half precision: the gradients were not finite, so the update was skipped and the loss scale halved. */
  readonly skipped?: true;
  /** Learning rate of the update. */
  readonly learningRate: number;
}

/**
 * The loss or the norm of the gradient was NaN or infinite.
 *
 * @category Training
 */
export class NonFiniteLossError extends Error {
  /** `"NonFiniteLossError"`. */
  override readonly name = "NonFiniteLossError";
}

/** Number of steps whose losses are kept on the device. */
export const RING_SIZE = 256;

/** The losses, norms and learning rates of the last {@linkcode RING_SIZE} steps. */
export class StepReports {
  /** The loss of the step that is being computed: the passes of an update add to it, {@linkcode StepReports.record} clears it. */
  readonly loss: Tensor;
  readonly #backend: Backend;
  readonly #ring: Tensor;
  /** The learning rates of the steps in `#ring`. */
  readonly #rates = new Float64Array(RING_SIZE);
  #recorded = 0;

  /** @param backend The device that computes the losses. */
  constructor(backend: Backend) {
    this.#backend = backend;
    this.loss = backend.allocate([1]);
    this.#ring = backend.allocate([2 * RING_SIZE]);
  }

  /**
   * Keeps the loss of a step and begins the next one.
   *
   * @param step The updates before this one.
   * @param learningRate Its learning rate.
   * @param tensors The norm of its gradient; the random state, whose last word is the slot, `step % RING_SIZE`.
   */
  record(step: number, learningRate: number, { norm, random }: Record<"norm" | "random", Tensor>): void {
    this.#backend.run(recordLoss, { norm, random, loss: this.loss, ring: this.#ring }, {});
    this.#rates[step % RING_SIZE] = learningRate;
    this.#recorded++;
  }

  /**
   * Reads the last steps.
   *
   * @param steps Their number, at most 256.
   * @param run The updates done so far; the batches in one update and in one pass over the text; the seed, for messages; in
   * half precision, the loss scale.
   * @returns A report of each, oldest first.
   * @throws {NonFiniteLossError} If a loss or the norm of a gradient is not finite.
   * @throws {RangeError} If the losses of that many steps are not kept.
   */
  async read(
    steps: number,
    run: { step: number; accumulation: number; batchesPerEpoch: number; seed: number; lossScale?: LossScale },
  ): Promise<StepReport[]> {
    const kept = Math.min(RING_SIZE, this.#recorded);
    if (!Number.isInteger(steps) || steps < 0 || steps > kept) {
      throw new RangeError(`Cannot report ${steps} steps: the losses of the last ${kept} are kept`);
    }
    const { step, accumulation, batchesPerEpoch, seed, lossScale } = run;
    const ring = await this.#backend.read(this.#ring);
    const reports = Array.from({ length: steps }, (_, index): StepReport => {
      const done = step - steps + index, slot = done % RING_SIZE;
      const [loss, norm] = ring.subarray(2 * slot, 2 * slot + 2), isSkipped = norm === SKIPPED_NORM;
      if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
        const normText = isSkipped ? "not finite" : norm;
        throw new NonFiniteLossError(
          `The loss at step ${done + 1} is ${loss} and its gradient's norm ${normText} ` +
            `(seed ${seed}): lower the learning rate, or warm up longer${lossScale ? ", or use f32" : ""}`,
        );
      }
      return {
        step: done + 1,
        epoch: (done + 1) * accumulation / batchesPerEpoch,
        loss,
        gradientNorm: isSkipped ? 0 : norm,
        ...isSkipped && { skipped: true },
        learningRate: this.#rates[slot],
      };
    });
    if (reports.some(({ skipped }) => skipped) && !await lossScale!.isUsable()) {
      throw new NonFiniteLossError(
        `The gradients up to step ${step} are not finite in f16, even with a loss scale of 1 ` +
          `(seed ${seed}): lower the learning rate, or use f32`,
      );
    }
    return reports;
  }
}
