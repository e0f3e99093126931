/**
 * Lines of `metrics.jsonl`, `samples.txt` and `attention.html` that could not be written, because the disk was full or
 * something had replaced the file. They are saved in `last/training_state.json`, and written to their files when the folder
 * is opened again.
 *
 * @module
 */
import { join } from "@std/path";
import * as v from "valibot";
import {
  FORMER_TRAINING_STATE,
  TRAINING_STATE,
  trainingStateName,
} from "../../checkpoints/checkpoint_files.ts";
import type { MetricsRecord } from "../../training/tensorboard_events.ts";
import { pageUpTo } from "../../plots/attention_page.ts";
import { ownCard } from "../../files/card.ts";
import { entryAt, lenientJson } from "../files/disk.ts";
import { readFolder, saveFolder } from "../../files/folders.ts";
import { ATTENTION_PAGE, CHECKPOINT_FILES } from "../files/own_names.ts";
import { saveFile } from "../files/save_file.ts";
import { checkSums, withSums } from "../../checkpoints/sums.ts";
import { expectSchema, objectOf, TEXT } from "../settings/saved_settings.ts";
import { epochMarkdown } from "./epoch_table.ts";
import { keptRecords, keptSamples, linesOfRecords, readIfThere, RECORD } from "./run_records.ts";

/** Lines that may be missing from their files. */
export interface UnwrittenLines {
  readonly metrics: readonly MetricsRecord[];
  readonly samples: string;
  /** Early versions have none. */
  readonly frames?: string;
}

const SCHEMA = objectOf({
  unwritten: objectOf({ metrics: v.array(RECORD, "a list"), samples: TEXT, frames: v.optional(TEXT) }),
});

/** Writes the lines that the last checkpoint of a run holds for their files, and removes them from it. */
export async function writeUnwrittenLines(folder: string): Promise<void> {
  const last = join(folder, "last"), names = [TRAINING_STATE, FORMER_TRAINING_STATE];
  if (await entryAt(last) === undefined || !stateIn(await readFolder(last, { names })).unwritten) return;
  const files = await readFolder(last, { names: CHECKPOINT_FILES });
  await checkSums(last, files);
  const { unwritten: lines, ...state } = stateIn(files);
  expectSchema(SCHEMA, { unwritten: lines }, trainingStateName(files));
  // as they were: what the schema gives has its fields in another order
  const { metrics, samples, frames = "" } = lines as UnwrittenLines;
  if (metrics.length > 0) {
    const path = join(folder, "metrics.jsonl");
    const records = [...keptRecords(await readIfThere(path), metrics[0].step - 1), ...metrics];
    await saveFile(path, linesOfRecords(records));
    const table = epochMarkdown(records);
    if (table !== undefined) await saveFile(join(folder, "epochs.md"), table);
  }
  if (samples !== "") {
    const path = join(folder, "samples.txt"), step = Number(samples.match(/\d+/)?.[0]);
    await saveFile(path, keptSamples(await readIfThere(path), step - 1) + samples);
  }
  if (frames !== "") {
    const path = join(folder, ATTENTION_PAGE), step = Number(frames.match(/\d+/)?.[0]);
    await saveFile(path, pageUpTo(await readIfThere(path), step - 1) + frames);
  }
  delete files[FORMER_TRAINING_STATE];
  const sealed = withSums({ ...files, [TRAINING_STATE]: JSON.stringify(state) });
  await saveFolder(last, { ...sealed, ...await ownCard(last) }, { foreign: "keep" });
}

/** The state, or an empty one where it is missing or damaged: that is reported when it is used. */
function stateIn(files: Readonly<Record<string, Uint8Array>>): Record<string, unknown> {
  return lenientJson(files[trainingStateName(files)]);
}
