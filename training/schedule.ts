/**
 * How the learning rate changes over a run: it rises linearly at first, while the moments of AdamW are averages of too
 * few gradients, then falls along half a cosine or a line, or stays constant.
 *
 * Reference: Loshchilov and Hutter, "SGDR", 2017. The warm-up counts from 1: an update with a learning rate of 0 would be wasted.
 *
 * @module
 */

import { cos } from "../core/math.ts";

/**
 * A learning-rate schedule.
 *
 * @category Training
 */
export interface Schedule {
  /** Shape of the decay after the warm-up. */
  readonly schedule: "cosine" | "linear" | "constant";
  /** Peak learning rate. */
  readonly learningRate: number;
  /** Learning rate at the end. */
  readonly minLearningRate: number;
  /** Updates until the peak. */
  readonly warmupSteps: number;
  /** Updates in all, the warm-up included. */
  readonly steps: number;
}

/**
 * Checks the values of a schedule.
 *
 * @example
 * ```ts
 * import { checkSchedule } from "./schedule.ts";
 * import { assertThrows } from "@std/assert";
 *
 * const rates = { schedule: "cosine", learningRate: 1, minLearningRate: 0, warmupSteps: 10 } as const;
 * checkSchedule({ ...rates, steps: 110 });
 * assertThrows(() => checkSchedule({ ...rates, steps: 0.5 }), RangeError, "Cannot train with steps 0.5");
 * ```
 *
 * @param schedule The schedule.
 * @throws {RangeError} If a number of steps is not an integer of 0 or more, or a rate is not a number of 0 or more.
 */
export function checkSchedule({ steps, warmupSteps, learningRate, minLearningRate }: Schedule): void {
  for (const [name, count] of Object.entries({ steps, warmupSteps })) {
    if (!Number.isInteger(count) || count < 0) {
      throw new RangeError(`Cannot train with ${name} ${count}: expected an integer of 0 or more`);
    }
  }
  for (const [name, rate] of Object.entries({ learningRate, minLearningRate })) {
    if (!(rate >= 0 && rate < Infinity)) {
      throw new RangeError(`Cannot train with ${name} ${rate}: expected a number of 0 or more`);
    }
  }
}

/**
 * The learning rate of an update.
 *
 * @example
 * ```ts
 * import { learningRateAt, type Schedule } from "@miniformer/miniformer";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const schedule: Schedule = { schedule: "cosine", learningRate: 1, minLearningRate: 0, warmupSteps: 10, steps: 110 };
 * assertAlmostEquals(learningRateAt(schedule, 4), 0.5);
 * assertAlmostEquals(learningRateAt(schedule, 60), 0.5);
 * ```
 *
 * @param schedule The schedule.
 * @param step Updates done before this one.
 * @returns The learning rate.
 * @category Training
 */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { learningRate, minLearningRate, warmupSteps, steps } = schedule;
  if (step < warmupSteps) return learningRate * (step + 1) / warmupSteps;
  if (schedule.schedule === "constant") return learningRate;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  const remaining = schedule.schedule === "linear" ? 1 - progress : 0.5 * (1 + cos(Math.PI * progress));
  return minLearningRate + (learningRate - minLearningRate) * remaining;
}

/**
 * The same schedule with another peak: every learning rate is multiplied by the same factor, so its shape stays the same.
 *
 * @example
 * ```ts
 * import { learningRateAt, type Schedule, withLearningRate } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule: Schedule = { schedule: "linear", learningRate: 1, minLearningRate: 0.5, warmupSteps: 0, steps: 4 };
 * const halved = withLearningRate(schedule, 0.5);
 * assertEquals([0, 2, 4].map((step) => learningRateAt(halved, step)), [0.5, 0.375, 0.25]);
 * ```
 *
 * @param schedule A schedule, or settings that hold one.
 * @param learningRate The new peak learning rate.
 * @returns The schedule with this peak, and the rate at the end in the same ratio to it.
 * @throws {RangeError} If the rate is not a number of 0 or more.
 * @category Training
 */
export function withLearningRate<Settings extends Schedule>(
  schedule: Settings,
  learningRate: number,
): Settings {
  if (learningRate === schedule.learningRate) return schedule;
  const ratio = schedule.learningRate > 0 ? schedule.minLearningRate / schedule.learningRate : 0;
  const changed = { ...schedule, learningRate, minLearningRate: learningRate * ratio };
  checkSchedule(changed);
  return changed;
}
