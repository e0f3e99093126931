/**
 * The records and samples that a run appends to `metrics.jsonl` and `samples.txt`, and which of them are kept when it is
 * resumed: those up to its checkpoint.
 *
 * @module
 */
import * as v from "valibot";
import type { MetricsRecord } from "../../training/tensorboard_events.ts";
import { isMissing } from "../../files/reason.ts";
import { reason } from "../cli/errors.ts";
import { lenientJson, readBytes } from "../files/disk.ts";
import { FINITE, objectOf, TEXT } from "../settings/saved_settings.ts";

/** A record has finite numbers only, so that it can be drawn and printed. */
export const RECORD: v.GenericSchema<MetricsRecord> = objectOf({
  step: v.pipe(
    v.number("a number"),
    v.check((step) => Number.isSafeInteger(step) && step >= 0, "the number of a step"),
  ),
  epoch: FINITE,
  loss: FINITE,
  gradientNorm: FINITE,
  skipped: v.optional(v.literal(true)),
  learningRate: FINITE,
  validationLoss: v.optional(FINITE),
  skills: v.optional(v.record(TEXT, objectOf({ positions: FINITE, loss: FINITE, optimal: FINITE }))),
  accuracy: v.optional(FINITE),
  macroF1: v.optional(FINITE),
  completedEpochs: v.optional(FINITE),
  epochLoss: v.optional(FINITE),
  seconds: FINITE,
});

/**
 * Reads a line of `metrics.jsonl`. A line that is no record is undefined: a killed process may have left it unfinished, or
 * another program may have written it.
 */
export function parseRecord(line: string): MetricsRecord | undefined {
  const record = lenientJson(line);
  return v.is(RECORD, record) ? record : undefined;
}

/** The records up to a step in `metrics.jsonl`. Lines that are no records are dropped. */
export function keptRecords(text: string, step: number): MetricsRecord[] {
  return text.split("\n").map(parseRecord)
    .filter((record) => record !== undefined && record.step <= step) as MetricsRecord[];
}

/** Records as `metrics.jsonl` holds them. */
export function linesOfRecords(records: readonly MetricsRecord[]): string {
  return records.map((record) => JSON.stringify(record) + "\n").join("");
}

/** The heading of a sample in `samples.txt`. */
const SAMPLE_HEADING = /^=== step (\d+)(?: .*)?$/m;

/** A heading at the end of the file that a killed process left unfinished. */
const TORN_HEADING = /(?<=^|\n)(?:={1,3}|=== (?:s|st|ste|step|step \d*)?)$/;

/** The samples up to a step in `samples.txt`. */
export function keptSamples(text: string, step: number): string {
  return text.replace(TORN_HEADING, "").split(/^(?==== step \d+)/m)
    .filter((sample) => Number(sample.match(SAMPLE_HEADING)?.[1]) <= step).join("");
}

/** The text of a file that a run writes; none where it is not there yet. */
export async function readIfThere(path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readBytes(path));
  } catch (error) {
    if (isMissing(error)) return "";
    throw new Error(`Cannot read ${path}: ${reason(error)}`, { cause: error });
  }
}
