/**
 * Claims the folder of a run, so that exactly one of several processes gets it.
 *
 * Creating a folder succeeds for one process only. But a run may also take an empty folder, or one that a killed run has
 * left without a checkpoint, so the lock inside the folder decides.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { cannotRead, reason } from "../cli/errors.ts";
import { entryAt, isAnyThere, kindOfEntry } from "../files/disk.ts";
import { finishSave } from "../../files/folders.ts";
import { Lock, LockedError } from "../files/lock.ts";
import { checkpointsOf } from "../files/checkpoint_folder.ts";
import {
  CHECKPOINT_FOLDERS,
  checkpointNamed,
  isCheckpointName,
  isLeftOver,
  LOCK_NAME,
  pathsOf,
  RUN_FILES,
} from "../files/own_names.ts";
import { writeUnwrittenLines } from "./unwritten_lines.ts";

/** A folder that this process has claimed. */
export interface Claim {
  /** The lock in the folder. */
  readonly lock: Lock;
  /** The folders that were created for it, the innermost first; undefined for a run that is resumed. */
  readonly made?: readonly string[];
}

/**
 * Claims a folder for a new run, or returns an error that says why it is not available. `replace`: whether records that a
 * run left without a checkpoint may be replaced.
 */
export async function claim(path: string, { replace }: { replace: boolean }): Promise<Claim | Error> {
  // A slash at the end would make the system follow a link of that name, which may lead nowhere.
  const { folder } = pathsOf(path);
  const occupied = new Error(
    `Cannot start a run in ${folder}: something already exists there; --resume ${folder} continues a run, ` +
      "--out or --name starts one elsewhere",
  );
  while (true) {
    const made = await makeFolders(folder);
    if (made.length === 0 && !await isFree(folder, replace)) return occupied;
    try {
      const lock = await Lock.take(join(folder, LOCK_NAME), "--out or --name starts one elsewhere");
      if (await isFree(folder, replace)) {
        await clear(folder);
        return { lock, made };
      }
      lock.release();
      return occupied;
    } catch (error) {
      // Another process may have created the folder, given it up and removed it.
      if (await entryAt(folder) === undefined) continue;
      if (!(error instanceof LockedError)) {
        for (const path of made) await Deno.remove(path).catch(() => {});
        throw error;
      }
      return new Error(`Cannot start a run in ${folder}: ${error.message}`, { cause: error });
    }
  }
}

/** The folder of the run that a path names: that folder, or a checkpoint in it. A run may itself be called `last`. */
export async function runOf(path: string): Promise<string> {
  const { folder } = pathsOf(path);
  if (!isCheckpointName(basename(folder))) return folder;
  const isCheckpoint = await isAnyThere([join(folder, "config.json"), join(folder, "model.safetensors")]);
  return !isCheckpoint && await holdsCheckpoint(folder) ? folder : dirname(folder);
}

/** Refuses a folder that holds no run. It only reads, so it needs no permission to write there. */
export async function expectRun(folder: string): Promise<void> {
  if (await holdsCheckpoint(folder)) return;
  const expected = CHECKPOINT_FOLDERS.map((name) => `${name}/`).join(" or ");
  const noRun = new Error(`it holds no run: expected ${expected}`);
  throw await cannotRead(folder, await Deno.stat(folder).then(() => noRun, (error) => error));
}

/**
 * Claims the folder of a run that is resumed. Nothing is changed in it, except that an interrupted save is finished and lines
 * that could not be written before are written.
 */
export async function claimForResume(folder: string): Promise<Claim> {
  await expectRun(folder);
  let lock: Lock | undefined;
  try {
    const [misplaced] = await findMisplaced(folder);
    if (misplaced) {
      throw new Error(
        `${misplaced.path} is ${misplaced.kind}, and a run writes only files and folders of its own there; ` +
          "replace it by what it points to, or remove it",
      );
    }
    lock = await Lock.take(join(folder, LOCK_NAME), "wait until it ends, or stop it");
    await finishSaves(folder);
    await writeUnwrittenLines(folder);
    return { lock };
  } catch (error) {
    lock?.release();
    throw new Error(`Cannot resume ${folder}: ${reason(error)}`, { cause: error });
  }
}

/**
 * What stands at a path that a run writes, and is not a file or folder of its own: a link there would lead elsewhere. Such a
 * run is not resumed.
 */
export async function findMisplaced(run: string): Promise<{ path: string; kind: string }[]> {
  const files = [LOCK_NAME, ...RUN_FILES].map((name) => join(run, name));
  const folders = (await checkpointsOf(run)).flatMap(({ folder, fresh, former }) => [folder, fresh, former]);
  const misplaced = [];
  for (const path of [...files, ...folders]) {
    const info = await entryAt(path), isFolder = folders.includes(path);
    const isRight = info === undefined || (isFolder ? info.isDirectory : info.isFile);
    if (!isRight) misplaced.push({ path, kind: kindOfEntry(info) });
  }
  return misplaced;
}

/**
 * Finishes interrupted saves in the folder of a run whose lock is held, and removes files: unless `onlyLeftOvers`, also
 * those of a run that saved no checkpoint.
 */
export async function clear(run: string, { onlyLeftOvers = false } = {}): Promise<void> {
  await finishSaves(run);
  for (const { name, isFile } of await Array.fromAsync(Deno.readDir(run))) {
    const isRemoved = isFile && (isLeftOver(name) || !onlyLeftOvers && RUN_FILES.includes(name));
    if (isRemoved) await Deno.remove(join(run, name));
  }
}

async function finishSaves(run: string): Promise<void> {
  for (const { folder } of await checkpointsOf(run)) await finishSave(folder);
}

/** Whether a run has a checkpoint, perhaps under the name of an interrupted save. */
async function holdsCheckpoint(run: string): Promise<boolean> {
  return await isAnyThere((await checkpointsOf(run)).flatMap(({ folder, former }) => [folder, former]));
}

/** Files that every run writes before its first step: they hold nothing worth keeping by themselves. */
const REMADE = /^(run\.json|attention\.html)$|\.ids$/;

/** Whether a checkpoint has this name while it is replaced. */
const isFormer = (name: string) => checkpointNamed(name) !== undefined && name.endsWith("-old");

/** Whether a new run may take a folder: there is nothing, or only what a run left behind that saved no checkpoint. */
async function isFree(folder: string, replace: boolean): Promise<boolean> {
  if (await entryAt(folder) === undefined) return true;
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => undefined);
  if (entries === undefined) return false;
  return entries.length === 0 ||
    entries.some(({ name, isFile }) => name === LOCK_NAME && isFile) &&
      entries.every(({ name, isFile }) =>
        isLeftOver(name) && !isFormer(name) ||
        isFile && (name === LOCK_NAME || RUN_FILES.includes(name) && (replace || REMADE.test(name)))
      );
}

/** Creates a folder and its parents; gives those that it has created, or none if the folder existed. */
async function makeFolders(folder: string): Promise<string[]> {
  try {
    const made = [folder];
    let above: string = dirname(folder);
    for (; above !== dirname(above) && !await entryAt(above); above = dirname(above)) made.push(above);
    if (made.length > 1) await Deno.mkdir(dirname(folder), { recursive: true });
    await Deno.mkdir(folder);
    return made;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return [];
    throw new Error(`Cannot make ${folder}: ${reason(error)}`, { cause: error });
  }
}
