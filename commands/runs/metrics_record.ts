/**
 * One line of `metrics.jsonl`.
 *
 * @module
 */
import type { StepReport } from "../../training/train.ts";

/** One line of `metrics.jsonl`. What depends on the clock stands at its end: two equal runs differ in nothing else. */
export interface MetricsRecord extends StepReport {
  /** Validation loss, where it was measured. */
  readonly validationLoss?: number;
  /** Of a classifier: the share of validation texts that it classifies correctly. */
  readonly accuracy?: number;
  /** Of a classifier: F1, averaged over the classes. */
  readonly macroF1?: number;
  /** Seconds of training so far. */
  readonly seconds: number;
}

/** The numbers that every record has. */
const REQUIRED = ["step", "epoch", "loss", "gradientNorm", "learningRate", "seconds"];

/** The numbers that some records have. */
const OPTIONAL = ["validationLoss", "accuracy", "macroF1"];

/**
 * Reads a line of `metrics.jsonl`.
 *
 * @param line the line
 * @returns the record, or undefined if the line is not one: a killed process may have left it unfinished, or another
 * program may have written it. Every field of a record is a finite number, so that it can be drawn and printed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseRecord } from "./metrics_record.ts";
 *
 * const record = { step: 1, epoch: 0.5, loss: 2, gradientNorm: 1, learningRate: 0.1, seconds: 3 };
 * assertEquals(parseRecord(JSON.stringify(record)), record);
 * assertEquals(parseRecord(JSON.stringify({ ...record, loss: "low" })), undefined);
 * ```
 */
export function parseRecord(line: string): MetricsRecord | undefined {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof record !== "object" || record === null) return undefined;
  const fields = new Map(Object.entries(record));
  const valid = Number.isSafeInteger(fields.get("step")) && fields.get("step") >= 0 &&
    REQUIRED.every((name) => Number.isFinite(fields.get(name))) &&
    OPTIONAL.every((name) => !fields.has(name) || Number.isFinite(fields.get(name)));
  return valid ? record as MetricsRecord : undefined;
}
