/**
 * What a run writes while it goes on, one line or sample after the other, and how much of it counts when it is resumed.
 *
 * @module
 */
import type { StepReport } from "../training/train.ts";

/** One line of `metrics.jsonl`. What depends on the clock stands at its end: two equal runs differ in nothing else. */
export interface MetricsRecord extends StepReport {
  /** Loss on the windows that validate, where it was measured. */
  readonly validationLoss?: number;
  /** Of a classifier: the share of those texts that it gets right. */
  readonly accuracy?: number;
  /** Of a classifier: the mean over the classes of F1. */
  readonly macroF1?: number;
  /** Seconds of training so far. */
  readonly seconds: number;
}

/** Lines that could not be appended to their files. They travel in the checkpoint until the run goes on. */
export interface UnwrittenLines {
  /** Of `metrics.jsonl`. */
  readonly metrics: readonly MetricsRecord[];
  /** Of `samples.txt`. */
  readonly samples: string;
}

/**
 * The records that count when a run goes on: those up to its checkpoint. A line that a killed process left unfinished is
 * none.
 *
 * @param text `metrics.jsonl`
 * @param step the step of the checkpoint
 * @param unwritten records that could not be written
 * @returns the records in the order of their steps
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { keptRecords } from "./run_records.ts";
 *
 * assertEquals(keptRecords('{"step":1}\n{"step":2}\n{"st', 1).map(({ step }) => step), [1]);
 * ```
 */
export function keptRecords(
  text: string,
  step: number,
  unwritten: readonly MetricsRecord[] = [],
): MetricsRecord[] {
  const found = text.split("\n").map(parseRecord)
    .filter((record) => record !== undefined && record.step <= step) as MetricsRecord[];
  const last = found.at(-1)?.step ?? 0;
  return [...found, ...unwritten.filter((record) => record.step > last)];
}

/** The heading of a sample in `samples.txt`. */
const SAMPLE_HEADING = /^=== step (\d+)(?: .*)?$/m;

/** What a killed process leaves of a heading at the end of the file. */
const TORN_HEADING = /(?<=^|\n)(?:={1,3}|=== (?:s|st|ste|step|step \d*)?)$/;

/**
 * The samples that count when a run goes on: those up to its checkpoint.
 *
 * @param text `samples.txt`
 * @param step the step of the checkpoint
 * @returns the text of these samples
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { keptSamples } from "./run_records.ts";
 *
 * assertEquals(keptSamples("=== step 5\nOnce\n\n=== step 10\nupon\n\n=== st", 5), "=== step 5\nOnce\n\n");
 * ```
 */
export function keptSamples(text: string, step: number): string {
  return text.replace(TORN_HEADING, "").split(/^(?==== step \d+)/m)
    .filter((sample) => Number(sample.match(SAMPLE_HEADING)?.[1]) <= step).join("");
}

/** A line that a killed process left unfinished is none. */
function parseRecord(line: string): MetricsRecord | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
