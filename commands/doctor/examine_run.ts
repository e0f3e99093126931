/**
 * Examines the folder of a run: whether its checkpoints are intact, whether a process is training there, where it can be
 * resumed, and which files do not belong there. Nothing is changed.
 *
 * @module
 */
import { join } from "@std/path";
import { loadModel, loadTrainingState } from "../../checkpoints/checkpoint.ts";
import { inFile, trainingStateName } from "../../checkpoints/checkpoint_files.ts";
import { findCheckpoint, tokenizerOf } from "../files/checkpoint_folder.ts";
import { entryAt, kindOfEntry } from "../files/disk.ts";
import { reason } from "../cli/errors.ts";
import { finishSave } from "../files/folders.ts";
import { inspectLock, Lock } from "../files/lock.ts";
import { CHECKPOINT_FOLDERS, isLeftOver, LOCK_NAME, pathsOf, RUN_FILES } from "../files/own_names.ts";
import { commandOf } from "../runs/run_state.ts";
import type { Finding } from "./finding.ts";
import { quote } from "../cli/terminal.ts";
import { writeUnwrittenLines } from "../runs/unwritten_lines.ts";

/**
 * Examines the folder of a run.
 *
 * @param path the folder
 * @returns the findings, in the order of the report
 * @throws {Error} when there is no such folder
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { examineRun } from "./examine_run.ts";
 *
 * const findings = await examineRun("fixtures");
 * assertEquals(findings.find(({ name }) => name === "resume")?.text, "there is no checkpoint to resume from");
 * ```
 */
export async function examineRun(path: string): Promise<Finding[]> {
  const { folder } = pathsOf(path), entries = await Array.fromAsync(Deno.readDir(folder));
  const checkpoints = await Promise.all(CHECKPOINT_FOLDERS.map((name) => examineCheckpoint(folder, name)));
  const found = checkpoints.filter((checkpoint) => checkpoint !== undefined);
  return [
    { name: "run", text: folder, figures: { path: folder } },
    await examineLock(join(folder, LOCK_NAME)),
    ...found.map(({ finding }) => finding),
    await examineRecords(folder, found[0]?.step),
    resumption(folder, found),
    ...examineNames(folder, entries),
    ...await examineLinks(folder),
  ];
}

/**
 * Cleans up after an interrupted process: removes half-written files and the lock file of a process that has ended, and
 * writes lines that could not be written before.
 *
 * @param path the folder
 * @returns the names that were removed
 * @throws {Error} when a process holds the lock of the run, or something that is not ours has one of the names
 */
export async function removeLeftOvers(path: string): Promise<string[]> {
  const { folder } = pathsOf(path);
  const leftOvers = async () =>
    (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name)
      .filter((name) => isLeftOver(name) || name === LOCK_NAME).sort();
  const before = await leftOvers();
  {
    using _lock = await Lock.take(join(folder, LOCK_NAME));
    for (const name of CHECKPOINT_FOLDERS) await finishSave(join(folder, name));
    for (const name of await leftOvers()) {
      const info = await entryAt(join(folder, name));
      if (info?.isFile && name !== LOCK_NAME) await Deno.remove(join(folder, name));
    }
    await writeUnwrittenLines(folder);
  }
  const after = await leftOvers();
  return before.filter((name) => !after.includes(name));
}

/** A checkpoint that was examined. */
interface Examined {
  readonly finding: Finding;
  readonly name: string;
  /** Its step, if training can be resumed from it. */
  readonly step?: number;
  /** The last step of the run. */
  readonly steps?: unknown;
  /** The command that resumes it. */
  readonly command?: string;
}

async function examineCheckpoint(folder: string, name: string): Promise<Examined | undefined> {
  const path = join(folder, name), { former } = pathsOf(path);
  if (await entryAt(path) === undefined && await entryAt(former) === undefined) return undefined;
  try {
    const found = await findCheckpoint(path, { prefer: [], training: true });
    tokenizerOf(found);
    loadModel(found.files);
    const state = loadTrainingState(found.files), stateName = trainingStateName(found.files);
    const command = inFile(stateName, () => commandOf({ command: state.command }));
    const { step, sha256, settings, unwritten } = state;
    const { steps } = (settings ?? {}) as { steps?: unknown };
    const sums = sha256 === undefined ? "saved without checksums" : "all checksums match";
    const lines = unwritten === undefined
      ? ""
      : "; it holds lines that are missing from metrics.jsonl or samples.txt: --clean or --resume writes them there";
    const text = `step ${step} of ${steps}, ${sums}${lines}`;
    return { finding: { name: `${name}/`, text, figures: { step, steps } }, name, step, steps, command };
  } catch (error) {
    return { finding: { name: `${name}/`, text: (error as Error).message, faulty: true }, name };
  }
}

async function examineLock(path: string): Promise<Finding> {
  try {
    const { state, holder } = await inspectLock(path), name = "lock";
    if (state === "free") return { name, text: "free: no process trains here", figures: { state } };
    if (state === "held") return { name, text: `held by ${holder}`, figures: { state } };
    return {
      name,
      figures: { state },
      text: `stale: left by ${holder}, which has ended; it blocks no other process`,
    };
  } catch (error) {
    return { name: "lock", text: (error as Error).message, faulty: true };
  }
}

async function examineRecords(folder: string, step: number | undefined): Promise<Finding> {
  const name = "records";
  try {
    // A device has no end, and a pipe may never answer: what is no file is never opened.
    const path = join(folder, "metrics.jsonl"), info = await entryAt(path);
    if (info && !info.isFile) return { name, text: `metrics.jsonl is ${kindOfEntry(info)}`, faulty: true };
    const text = await Deno.readTextFile(path);
    const lines = text.split("\n"), isTorn = lines.pop() !== "";
    const later = step === undefined
      ? 0
      : lines.filter((line) => Number(line.match(/^{"step":(\d+)/)?.[1]) > step).length;
    return {
      name,
      figures: { lines: lines.length, linesAfterCheckpoint: later },
      text: `${lines.length} lines in metrics.jsonl` +
        (later > 0 ? `, ${later} of them after the checkpoint: resuming computes them again` : "") +
        (isTorn ? "; the last one is incomplete and will be dropped" : ""),
    };
  } catch (error) {
    return {
      name,
      text: `metrics.jsonl: ${reason(error)}`,
      faulty: !(error instanceof Deno.errors.NotFound),
    };
  }
}

function resumption(folder: string, examined: readonly Examined[]): Finding {
  const sound = examined.find(({ step }) => step !== undefined), name = "resume";
  if (sound === undefined) {
    return { name, text: "there is no checkpoint to resume from", faulty: examined.length > 0 };
  }
  const path = sound.name === "last" ? folder : `${folder}/${sound.name}`, { command, step, steps } = sound;
  const complete = step === steps, line = `deno task ${command} --resume ${quote(path)}`;
  const more = command === "train" ? "--epochs or --steps" : "--epochs";
  return {
    name,
    text: complete
      ? `the run is complete; ${line} with more ${more} makes it longer`
      : `after step ${step}: ${line}`,
    figures: { complete, step, command: line },
  };
}

/** Left-over files, and names that are not ours. */
function examineNames(folder: string, entries: readonly Deno.DirEntry[]): Finding[] {
  const names = entries.map(({ name }) => name).sort(), findings: Finding[] = [];
  const left = names.filter(isLeftOver);
  const others = names.filter((name) =>
    !isLeftOver(name) && ![LOCK_NAME, ...RUN_FILES, ...CHECKPOINT_FOLDERS].includes(name)
  );
  if (left.length > 0) {
    findings.push({
      name: "left over",
      text: `${left.join(", ")}, from an interrupted save: deno task doctor ${
        quote(folder)
      } --clean removes them`,
      figures: { names: left },
    });
  }
  if (others.length > 0) {
    const text = `${others.join(", ")}: not files of Miniformer, never changed`;
    findings.push({ name: "others", text, figures: { names: others } });
  }
  return findings;
}

async function examineLinks(folder: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of [...RUN_FILES, ...CHECKPOINT_FOLDERS]) {
    const info = await entryAt(join(folder, name));
    if (info === undefined || (CHECKPOINT_FOLDERS.includes(name) ? info.isDirectory : info.isFile)) continue;
    findings.push({
      name: "not a file",
      text: `${name} is ${kindOfEntry(info)}: the run cannot be resumed until it is replaced or removed`,
      faulty: true,
    });
  }
  return findings;
}
