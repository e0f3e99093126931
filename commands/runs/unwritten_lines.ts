/**
 * Lines of `metrics.jsonl` and `samples.txt` that could not be written, because the disk was full or something had replaced
 * the file. They are saved in `last/training_state.json`, and written to their files when the folder is opened again.
 *
 * @module
 */
import { join } from "@std/path";
import {
  FORMER_TRAINING_STATE,
  inFile,
  TRAINING_STATE,
  trainingStateName,
} from "../../checkpoints/checkpoint_files.ts";
import { entryAt } from "../files/disk.ts";
import { readFolder, saveFolder } from "../files/folders.ts";
import { CHECKPOINT_NAMES } from "../files/own_names.ts";
import { type MetricsRecord, parseRecord } from "./metrics_record.ts";
import { keptRecords, keptSamples, linesOfRecords, readIfThere } from "./run_records.ts";
import { saveFile } from "../files/save_file.ts";
import { checkSums, withSums } from "../files/sums.ts";

/** Lines that may be missing from their files. */
export interface UnwrittenLines {
  /** Of `metrics.jsonl`. */
  readonly metrics: readonly MetricsRecord[];
  /** Of `samples.txt`. */
  readonly samples: string;
}

/**
 * Writes the lines that the last checkpoint of a run holds for their files, and removes them from it.
 *
 * @param folder the run, whose lock is held
 * @throws {Error} when the files still cannot be written, or the checkpoint is damaged
 */
export async function writeUnwrittenLines(folder: string): Promise<void> {
  const last = join(folder, "last");
  if (await entryAt(last) === undefined || !parseState(await stateOf(last)).unwritten) return;
  const files = await readFolder(last, { names: CHECKPOINT_NAMES });
  await checkSums(last, files);
  const name = trainingStateName(files), { unwritten, sha256: _, ...state } = parseState(files[name]);
  const { metrics, samples } = inFile(name, () => checkLines(unwritten));
  const metricsPath = join(folder, "metrics.jsonl");
  if (metrics.length > 0) {
    const before = keptRecords(await readIfThere(metricsPath), metrics[0].step - 1);
    await saveFile(metricsPath, linesOfRecords([...before, ...metrics]));
  }
  if (samples !== "") {
    const samplesPath = join(folder, "samples.txt"), step = Number(samples.match(/\d+/)?.[0]);
    await saveFile(samplesPath, keptSamples(await readIfThere(samplesPath), step - 1) + samples);
  }
  delete files[FORMER_TRAINING_STATE];
  const sealed = withSums({ ...files, [TRAINING_STATE]: JSON.stringify(state) });
  await saveFolder(last, sealed, { foreign: "keep" });
}

async function stateOf(last: string): Promise<Uint8Array | undefined> {
  const files = await readFolder(last, { names: [TRAINING_STATE, FORMER_TRAINING_STATE] });
  return files[trainingStateName(files)];
}

/** The state, or an empty one where it is missing or damaged: that is reported when it is used. */
function parseState(bytes: Uint8Array | undefined): Record<string, unknown> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

function checkLines(lines: unknown): UnwrittenLines {
  const { metrics, samples } = Object(lines);
  const isSound = typeof samples === "string" && Array.isArray(metrics) &&
    metrics.every((record) => parseRecord(JSON.stringify(record) ?? "") !== undefined);
  if (isSound) return { metrics, samples };
  throw new TypeError("unwritten is not a list of metrics and a text of samples");
}
