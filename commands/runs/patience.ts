/**
 * What the losses of a run so far say: whether to stop it early, and whether it learns the text by heart. Both depend on
 * its records alone, so that a resumed run decides as an uninterrupted one.
 *
 * @module
 */
import type { MetricsRecord } from "../../training/tensorboard_events.ts";
import { keptRecords, readIfThere } from "./run_records.ts";
import type { ResumedRun } from "./run_state.ts";
import { type Validation, validationsOf } from "./validations.ts";

/** Why a run is to stop before its last step, in words, if its validations have exceeded the patience. */
export function describeEarlyStop(
  patience: number | undefined,
  records: readonly MetricsRecord[],
): string | undefined {
  if (!patience) return;
  let best: Validation | undefined, waited = 0;
  for (const validation of validationsOf(records)) {
    if (best === undefined || validation.validationLoss < best.validationLoss) {
      [best, waited] = [validation, 0];
    } else waited++;
  }
  if (waited < patience || best === undefined) return;
  const validations = waited === 1 ? "the validation" : `${waited} validations`;
  return `--patience ${patience}: ${validations} after step ${best.step} had no lower loss`;
}

/** Refuses to resume a run that has stopped itself, unless with more patience. */
export async function expectPatience(
  { path, folder, step }: ResumedRun,
  patience: number | undefined,
): Promise<void> {
  const records = keptRecords(await readIfThere(`${folder}/metrics.jsonl`), step);
  const reason = describeEarlyStop(patience, records);
  if (reason === undefined) return;
  throw new RangeError(
    `Cannot resume ${path}: it was stopped by ${reason}; give a larger --patience, or --patience 0 to go on to the end`,
  );
}

/** The validation loss has clearly risen when it exceeds its lowest value by this factor. */
const RISEN = 1.1;

/** The training loss has gone on falling when it is below this share of its value at the lowest validation loss. */
const FALLEN = 0.95;

/**
 * A warning that the model learns the text by heart, at the first validation that shows it: the validation loss has risen
 * clearly over its lowest value while the training loss, averaged between validations, has gone on falling, to below that
 * lowest value. A model whose losses only jump, as at the beginning of a very short run, has learned nothing yet.
 */
export function warnOfMemorizing(records: readonly MetricsRecord[]): string | undefined {
  let best: Validation | undefined;
  for (const validation of validationsOf(records)) {
    const { step, trainingLoss, validationLoss } = validation;
    if (best === undefined || validationLoss < best.validationLoss) {
      best = validation;
    } else if (
      validationLoss > RISEN * best.validationLoss &&
      trainingLoss < Math.min(FALLEN * best.trainingLoss, best.validationLoss)
    ) {
      if (step !== records.at(-1)?.step) return; // said before
      const rise = `${best.validationLoss.toFixed(2)} at step ${best.step} to ${validationLoss.toFixed(2)}`;
      const fall = `${best.trainingLoss.toFixed(2)} to ${trainingLoss.toFixed(2)}`;
      return `warning: the model learns the text by heart: since its best, the validation loss has risen from ${rise}, ` +
        `while the training loss fell from ${fall}; more text, --dropout 0.2, a smaller model or --patience 3 help`;
    }
  }
}
