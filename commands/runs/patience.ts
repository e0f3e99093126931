/**
 * What the losses of a run so far say: whether to stop it early, and whether it learns the text by heart. Both depend on
 * its records alone, so that a resumed run decides as an uninterrupted one.
 *
 * @module
 */
import type { MetricsRecord } from "../../training/tensorboard_events.ts";
import { keptRecords, readIfThere } from "./run_records.ts";
import type { ResumedRun } from "./run_state.ts";

/** Why a run is to stop before its last step, in words, if its validations have exceeded the patience. */
export function describeImpatience(
  patience: number | undefined,
  records: readonly MetricsRecord[],
): string | undefined {
  if (!patience) return;
  let best: MetricsRecord | undefined, waited = 0;
  for (const record of records) {
    if (record.validationLoss === undefined) continue;
    if (best?.validationLoss === undefined || record.validationLoss < best.validationLoss) {
      [best, waited] = [record, 0];
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
  const reason = describeImpatience(patience, records);
  if (reason === undefined) return;
  throw new RangeError(
    `Cannot resume ${path}: it was stopped by ${reason}; give a larger --patience, or --patience 0 to go on to the end`,
  );
}

/** A validation loss so many times the lowest one has clearly risen. */
const RISEN = 1.1;

/** A training loss has fallen if it is below so many times what it was at the lowest validation loss. */
const FALLEN = 0.95;

/**
 * A warning that the model learns the text by heart, at the first validation that shows it: the validation loss has risen
 * clearly over its lowest value while the training loss, averaged between validations, has gone on falling.
 */
export function warnOfMemorizing(records: readonly MetricsRecord[]): string | undefined {
  const step = records.at(-1)?.step;
  let best: { step: number; validation: number; training: number } | undefined, sum = 0, count = 0;
  for (const { step: at, loss, validationLoss: validation } of records) {
    sum += loss, count++;
    if (validation === undefined) continue;
    const training = sum / count;
    sum = 0, count = 0;
    if (best === undefined || validation < best.validation) best = { step: at, validation, training };
    else if (validation > RISEN * best.validation && training < FALLEN * best.training) {
      if (at !== step) return; // said before
      const rise = `${best.validation.toFixed(2)} at step ${best.step} to ${validation.toFixed(2)}`;
      const fall = `${best.training.toFixed(2)} to ${training.toFixed(2)}`;
      return `warning: the model learns the text by heart: since its best, the validation loss has risen from ${rise}, ` +
        `while the training loss fell from ${fall}; more text, --dropout 0.2, a smaller model or --patience 3 help`;
    }
  }
}
