/**
 * The records and samples that a run appends to its files, and which of them are kept when it is resumed.
 *
 * @module
 */
import { readBytes } from "../files/disk.ts";
import { reason } from "../cli/errors.ts";
import { type MetricsRecord, parseRecord } from "./metrics_record.ts";

/**
 * The records to keep when a run is resumed: those up to its checkpoint. Lines that are not records, such as one that a
 * killed process left unfinished, are dropped.
 *
 * @param text `metrics.jsonl`
 * @param step the step of the checkpoint
 * @returns the records in the order of their steps
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { keptRecords } from "./run_records.ts";
 *
 * const line = (step: number) =>
 *   JSON.stringify({ step, epoch: 1, loss: 2, gradientNorm: 1, learningRate: 0.1, seconds: 3 }) + "\n";
 * assertEquals(keptRecords(`${line(1)}${line(2)}{"step":3,"lo`, 1).map(({ step }) => step), [1]);
 * ```
 */
export function keptRecords(text: string, step: number): MetricsRecord[] {
  return text.split("\n").map(parseRecord)
    .filter((record) => record !== undefined && record.step <= step) as MetricsRecord[];
}

/**
 * Records as `metrics.jsonl` holds them.
 *
 * @param records the records
 * @returns a line for each
 */
export function linesOfRecords(records: readonly MetricsRecord[]): string {
  return records.map((record) => JSON.stringify(record) + "\n").join("");
}

/** The heading of a sample in `samples.txt`. */
const SAMPLE_HEADING = /^=== step (\d+)(?: .*)?$/m;

/** A heading at the end of the file that a killed process left unfinished. */
const TORN_HEADING = /(?<=^|\n)(?:={1,3}|=== (?:s|st|ste|step|step \d*)?)$/;

/**
 * The samples to keep when a run is resumed: those up to its checkpoint.
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

/**
 * Reads a file that a run writes, which may not be there yet.
 *
 * @param path the file
 * @returns its text, or nothing
 * @throws {Error} when it is there and cannot be read
 */
export async function readIfThere(path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readBytes(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw new Error(`Cannot read ${path}: ${reason(error)}`, { cause: error });
  }
}
