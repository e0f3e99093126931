/**
 * Examines the folder of a run: whether its checkpoints are intact, whether a process is training there, where it can be
 * resumed, and which files do not belong there. Nothing is changed.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { loadModel, loadSavedExperiment, loadTrainingState } from "../../checkpoints/checkpoint.ts";
import { inFile, trainingStateName } from "../../checkpoints/checkpoint_files.ts";
import { reason } from "../cli/errors.ts";
import { counted, quote } from "../cli/terminal.ts";
import { checkpointsOf, findCheckpoint, tokenizerOf } from "../files/checkpoint_folder.ts";
import { entryAt, isAnyThere, kindOfEntry } from "../files/disk.ts";
import { inspectLock, Lock } from "../files/lock.ts";
import { isCheckpointName, isLeftOver, LOCK_NAME, pathsOf, RUN_FILES } from "../files/own_names.ts";
import { clear, findMisplaced } from "../runs/claim.ts";
import { commandOf } from "../runs/run_state.ts";
import { writeUnwrittenLines } from "../runs/unwritten_lines.ts";
import type { Finding } from "./finding.ts";

/** Examines the folder of a run. The findings are in the order of the report. */
export async function examineRun(path: string): Promise<Finding[]> {
  const { folder } = pathsOf(path), names = await namesIn(folder);
  const paths = await checkpointsOf(folder), checkpoints = [];
  // one after the other: a run may have kept more than fit in memory
  for (const path of paths) checkpoints.push(await examineCheckpoint(folder, basename(path.folder)));
  const found = checkpoints.filter((checkpoint) => checkpoint !== undefined);
  return [
    { name: "run", text: folder, figures: { path: folder } },
    await examineLock(join(folder, LOCK_NAME)),
    ...found.map(({ command: _, block: __, ...finding }) => finding),
    await examineRecords(join(folder, "metrics.jsonl"), found[0]?.figures?.step as number | undefined),
    resumption(folder, found),
    ...examineNames(folder, names),
    ...(await findMisplaced(folder)).map(({ path, kind }) => ({
      name: "not a file",
      text: `${basename(path)} is ${kind}: the run cannot be resumed until it is replaced or removed`,
      faulty: true,
    })),
  ];
}

/**
 * Cleans up after an interrupted process: removes half-written files and the lock file of a process that has ended, and
 * writes lines that could not be written before. Gives the names that were removed.
 */
export async function removeLeftOvers(path: string): Promise<string[]> {
  const { folder } = pathsOf(path), before = await namesIn(folder);
  {
    using _lock = await Lock.take(join(folder, LOCK_NAME));
    await clear(folder, { onlyLeftOvers: true });
    await writeUnwrittenLines(folder);
  }
  const after = await namesIn(folder);
  return before.filter((name) => (isLeftOver(name) || name === LOCK_NAME) && !after.includes(name));
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

/** A checkpoint that was examined, with the command that resumes it if it is sound. */
type Examined = Finding & { readonly command?: string; readonly block?: string };

async function examineCheckpoint(run: string, name: string): Promise<Examined | undefined> {
  const { folder, former } = pathsOf(join(run, name));
  if (!await isAnyThere([folder, former])) return undefined;
  try {
    const found = await findCheckpoint(folder, { prefer: [], training: true });
    tokenizerOf(found);
    const experiment = loadSavedExperiment(found.files);
    if (experiment === undefined) loadModel(found.files); // the other cannot be built without its code
    const state = loadTrainingState(found.files), { step, sha256, settings, unwritten } = state;
    const command = inFile(trainingStateName(found.files), () => commandOf(state)),
      { steps } = Object(settings);
    const sums = sha256 === undefined ? "saved without checksums" : "all checksums match";
    const lines = unwritten === undefined
      ? ""
      : "; it holds lines that are missing from metrics.jsonl or samples.txt: --clean or --resume writes them there";
    const text = `step ${step} of ${steps}, ${sums}${lines}`;
    return {
      name: `${name}/`,
      text,
      figures: { step, steps },
      command,
      block: experiment && `${experiment.name}.ts`,
    };
  } catch (error) {
    return { name: `${name}/`, text: (error as Error).message, faulty: true };
  }
}

async function examineLock(path: string): Promise<Finding> {
  try {
    const { state, holder } = await inspectLock(path);
    const text = {
      free: "free: no process trains here",
      held: `held by ${holder}`,
      stale: `stale: left by ${holder}, which has ended; it blocks no other process`,
    }[state];
    return { name: "lock", text, figures: { state } };
  } catch (error) {
    return { name: "lock", text: (error as Error).message, faulty: true };
  }
}

async function examineRecords(path: string, step: number = Infinity): Promise<Finding> {
  const name = "records";
  try {
    // A device has no end, and a pipe may never answer: what is no file is never opened.
    const info = await entryAt(path);
    if (info && !info.isFile) return { name, text: `metrics.jsonl is ${kindOfEntry(info)}`, faulty: true };
    const lines = (await Deno.readTextFile(path)).split("\n"), isTorn = lines.pop() !== "";
    const later = lines.filter((line) => Number(line.match(/^{"step":(\d+)/)?.[1]) > step).length;
    const text = `${counted(lines.length, "line")} in metrics.jsonl` +
      (later > 0 ? `, ${later} of them after the checkpoint: resuming computes them again` : "") +
      (isTorn ? "; the last one is incomplete and will be dropped" : "");
    return { name, text, figures: { lines: lines.length, linesAfterCheckpoint: later } };
  } catch (error) {
    const faulty = !(error instanceof Deno.errors.NotFound);
    return { name, text: `metrics.jsonl: ${reason(error)}`, faulty };
  }
}

function resumption(folder: string, checkpoints: readonly Examined[]): Finding {
  const sound = checkpoints.find(({ faulty }) => !faulty), name = "resume";
  if (sound === undefined) {
    return { name, text: "there is no checkpoint to resume from", faulty: checkpoints.length > 0 };
  }
  const path = sound.name === "last/" ? folder : `${folder}/${sound.name.slice(0, -1)}`;
  const { command, block, figures: { step, steps } = {} } = sound;
  const complete = step === steps,
    line = `deno task ${command} --resume ${quote(path)}${block ? ` --block ${quote(block)}` : ""}`;
  const more = command === "train" ? "--epochs or --steps" : "--epochs";
  const text = complete
    ? `the run is complete; ${line} with more ${more} makes it longer`
    : `after step ${step}: ${line}`;
  return { name, text, figures: { complete, step, command: line } };
}

/** Left-over files, and names that are not part of a run, or no longer, as `epoch-3.earlier/`. */
function examineNames(folder: string, names: readonly string[]): Finding[] {
  const left = names.filter(isLeftOver), own = [LOCK_NAME, ...RUN_FILES];
  const others = names.filter((name) => !isLeftOver(name) && !own.includes(name) && !isCheckpointName(name));
  const clean = `deno task doctor ${quote(folder)} --clean`;
  return [
    {
      name: "left over",
      text: `${left.join(", ")}, from an interrupted save: ${clean} removes them`,
      figures: { names: left },
    },
    {
      name: "others",
      text: `${others.join(", ")}: not part of the run, never changed`,
      figures: { names: others },
    },
  ].filter(({ figures }) => figures.names.length > 0);
}
