/**
 * The losses of a run: what the chart and the table show.
 *
 * @module
 */
import type { StepLoss } from "../protocol.ts";

/** Training losses of steps, and validation losses of some of them. A run from elsewhere may lack the losses of early steps. */
export class LossRecord {
  readonly steps: number[] = [];
  readonly training: number[] = [];
  /** One for each step; null where there was no validation. */
  readonly validation: (number | null)[] = [];

  /** Steps at which the learning rate changed. */
  rateChanges: readonly number[] = [];

  /** Adds the losses of the next steps. */
  add(losses: readonly StepLoss[]): void {
    for (const { step, loss } of losses) {
      this.steps.push(step);
      this.training.push(loss);
      this.validation.push(null);
    }
  }

  /** Sets the validation loss after a step that has been added. */
  validate({ step, loss }: StepLoss): void {
    const at = this.steps.lastIndexOf(step);
    if (at >= 0) this.validation[at] = loss;
  }

  /** The newest rows first, at most so many. */
  latest(count: number): { step: number; training: number; validation: number | null }[] {
    const { length } = this.steps;
    return Array.from({ length: Math.min(count, length) }, (_, back) => {
      const at = length - 1 - back;
      return { step: this.steps[at], training: this.training[at], validation: this.validation[at] };
    });
  }
}
