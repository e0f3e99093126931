/**
 * The validations of a run, by its records.
 *
 * @module
 */
import type { MetricsRecord } from "../../training/tensorboard_events.ts";

/** A validation, and the training that led to it. */
export interface Validation {
  readonly step: number;
  readonly epoch: number;
  /** The mean of the records since the validation before. */
  readonly trainingLoss: number;
  readonly validationLoss: number;
  /** Of a classifier. */
  readonly accuracy?: number;
}

/** The validations in the records of a run. */
export function validationsOf(records: readonly MetricsRecord[]): Validation[] {
  const found: Validation[] = [];
  let sum = 0, count = 0;
  for (const { step, epoch, loss, validationLoss, accuracy } of records) {
    sum += loss;
    count++;
    if (validationLoss === undefined) continue;
    found.push({ step, epoch, trainingLoss: sum / count, validationLoss, accuracy });
    sum = count = 0;
  }
  return found;
}

/** At most this many entries of a list, two or more, evenly spread, the first and the last among them. */
export function spread<Entry>(entries: readonly Entry[], most: number): Entry[] {
  if (entries.length <= most) return [...entries];
  return Array.from({ length: most }, (_, i) => entries[Math.round(i * (entries.length - 1) / (most - 1))]);
}
