/**
 * Going back to one of several checkpoints of a run. Those of later steps belong to a continuation that is given up: they
 * are renamed, to `epoch-16.earlier` and so on, and are files of the user from then on. `last/` is replaced.
 *
 * @module
 */
import { basename, join } from "@std/path";
import {
  FORMER_TRAINING_STATE,
  TRAINING_STATE,
  trainingStateName,
} from "../../checkpoints/checkpoint_files.ts";
import { checkpointsOf, type FoundCheckpoint } from "../files/checkpoint_folder.ts";
import { ownCard } from "../../files/card.ts";
import { entryAt, type FolderFiles, lenientJson } from "../files/disk.ts";
import { readFolder } from "../../files/folders.ts";
import { CHECKPOINT_FILES } from "../files/own_names.ts";
import { checkSums } from "../../checkpoints/sums.ts";
import type { Best } from "./run_state.ts";
import { counted } from "../cli/terminal.ts";

/** A checkpoint to go back to. */
export interface Target extends FoundCheckpoint {
  readonly step: number;
  readonly state?: { readonly best?: Best };
}

/** How a run has gone back to a checkpoint. */
export interface Rewound {
  /** The best scores, if a checkpoint of them is still there. */
  readonly best?: Best;
  /** What was replaced, renamed or dropped, one line each. */
  readonly notes: readonly string[];
}

/** Renames the checkpoints of later steps, but for `last/`, and makes `best/` what it was at this step. */
export async function leaveLater(
  run: string,
  target: Target,
  saveBest: (step: number, files: FolderFiles) => Promise<void>,
): Promise<Rewound> {
  const { step } = target, renamed: string[] = [], notes: string[] = [];
  for (const { folder } of (await checkpointsOf(run)).reverse()) {
    const name = basename(folder), other = await stepOf(folder) ?? 0;
    if (other <= step) continue;
    if (name === "last") {
      notes.push(
        `The run had done ${
          counted(other, "step")
        }: last/ is replaced, and records and samples after step ${step} are dropped.`,
      );
      continue;
    }
    const aside = await freeName(run, `${name}.earlier`);
    await Deno.rename(folder, join(run, aside));
    renamed.push(`${name}/ to ${aside}/`);
  }
  if (renamed.length > 0) notes.push(`Later checkpoints are renamed: ${renamed.join(", ")}.`);
  return { best: await restoreBest(run, target, saveBest), notes };
}

/** Saves `best/` anew if it was renamed, from the checkpoint of its step. Gives the best scores, if there is one. */
async function restoreBest(
  run: string,
  { state: { best } = {} }: Target,
  saveBest: (step: number, files: FolderFiles) => Promise<void>,
): Promise<Best | undefined> {
  if (best === undefined || await entryAt(join(run, "best"))) return best;
  for (const { folder } of await checkpointsOf(run)) {
    if (await stepOf(folder) !== best.step) continue;
    const found = await readFolder(folder, { names: CHECKPOINT_FILES });
    await checkSums(folder, found);
    await saveBest(best.step, { ...found, ...await ownCard(folder) });
    return best;
  }
}

/** The step of a checkpoint; undefined where there is none, or its state is damaged. */
async function stepOf(folder: string): Promise<number | undefined> {
  if (await entryAt(folder) === undefined) return undefined;
  const files = await readFolder(folder, { names: [TRAINING_STATE, FORMER_TRAINING_STATE] });
  const { step } = lenientJson(files[trainingStateName(files)]);
  return typeof step === "number" ? step : undefined;
}

async function freeName(run: string, name: string): Promise<string> {
  let free = name;
  for (let number = 2; await entryAt(join(run, free)) !== undefined; number++) free = `${name}-${number}`;
  return free;
}
