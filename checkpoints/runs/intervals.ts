/**
 * How often something is done between the steps: at every Nth step, or at the end of each epoch.
 *
 * An epoch need not be a whole number of steps. With 2.5 steps in an epoch, the first three end at steps 3, 5 and 8: the
 * k-th ends with the step that reaches k passes over the data. Where an epoch is shorter than a step, several end with it.
 *
 * @module
 */

/** A number of steps, or each epoch. */
export type Interval = number | "epoch";

/** The steps that this many epochs take, rounded up. */
export function stepsOfEpochs(epochs: number, stepsPerEpoch: number): number {
  const exact = epochs * stepsPerEpoch, nearest = Math.round(exact);
  // a product that is a whole number may come out above it: 100 · 0.07 is 7.000000000000001
  return Math.abs(exact - nearest) <= 1e-12 * exact ? nearest : Math.ceil(exact);
}

/** The whole epochs that are done after this many steps. */
export function epochsAfter(steps: number, stepsPerEpoch: number): number {
  const near = Math.ceil(steps / stepsPerEpoch);
  return [near + 1, near, near - 1].find((epochs) => stepsOfEpochs(epochs, stepsPerEpoch) <= steps) ?? 0;
}

/** Whether an epoch, or several, end with this step. */
export function endsEpoch(step: number, stepsPerEpoch: number): boolean {
  return epochsAfter(step, stepsPerEpoch) > epochsAfter(step - 1, stepsPerEpoch);
}

/** The first step of the epoch that this step belongs to: a step that ends one epoch and begins another belongs to the first. */
export function firstStepOfEpoch(step: number, stepsPerEpoch: number): number {
  return stepsOfEpochs(epochsAfter(step - 1, stepsPerEpoch), stepsPerEpoch) + 1;
}

/** Whether something that is done at an interval is done after this step. */
export function isDue(step: number, interval: Interval, stepsPerEpoch: number): boolean {
  return interval === "epoch" ? endsEpoch(step, stepsPerEpoch) : step % interval === 0;
}

/** Runs of fewer epochs are validated more often than once an epoch, and those of more epochs less often. */
const EPOCHS_TO_VALIDATE = { least: 3, most: 100 } as const;

/** A tenth of the steps, at most 250: often enough for a curve, and little is lost when a run is killed. */
export function usualInterval(steps: number): number {
  return Math.min(Math.ceil(steps / 10), 250);
}

/** The intervals of a run of this many steps: those that are given, and the usual ones for the others. */
export function intervalsOf(steps: number, given: {
  readonly epochs?: number;
  readonly logInterval?: number;
  readonly evaluationInterval?: Interval;
  readonly sampleInterval?: Interval;
  readonly saveInterval?: Interval;
}) {
  const usual = usualInterval(steps), { least, most } = EPOCHS_TO_VALIDATE, { epochs = 0 } = given;
  const evaluationInterval = given.evaluationInterval ??
    (epochs >= least && epochs <= most ? "epoch" : usual);
  return {
    logInterval: given.logInterval ?? 1,
    evaluationInterval,
    sampleInterval: given.sampleInterval ?? 2 * (evaluationInterval === "epoch" ? usual : evaluationInterval),
    saveInterval: given.saveInterval ?? usual,
  };
}
