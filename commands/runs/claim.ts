/**
 * Claims the folder of a run, so that exactly one of several processes gets it.
 *
 * Creating a folder succeeds for one process only. But a run may also take an empty folder, or one that a killed run has
 * left without a checkpoint, so the lock inside the folder decides.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { entryAt, kindOfEntry } from "../files/disk.ts";
import { cannotRead, reason } from "../cli/errors.ts";
import { finishSave } from "../files/folders.ts";
import { Lock, LockedError } from "../files/lock.ts";
import { CHECKPOINT_FOLDERS, isLeftOver, LOCK_NAME, pathsOf, RUN_FILES } from "../files/own_names.ts";

/** A folder that this process has claimed. */
export interface Claim {
  /** The lock in the folder. */
  readonly lock: Lock;
  /** The folders that were created for it, the innermost first; undefined for a run that is resumed. */
  readonly made?: readonly string[];
}

/**
 * Claims a folder for a new run.
 *
 * @param path the folder
 * @param options `replace`: whether records that a run left without a checkpoint may be replaced
 * @returns the claim, or an error that says why the folder is not available
 * @throws {Error} when the folder cannot be made
 *
 * @example
 * ```ts
 * import { assertInstanceOf } from "@std/assert";
 * import { claim } from "./claim.ts";
 *
 * const folder = `${await Deno.makeTempDir()}/runs/mine`, first = await claim(folder, { replace: true });
 * assertInstanceOf(await claim(folder, { replace: true }), Error);
 * if (first instanceof Error) throw first;
 * first.lock.release();
 * ```
 */
export async function claim(path: string, { replace }: { replace: boolean }): Promise<Claim | Error> {
  // A slash at the end would make the system follow a link of that name, which may lead nowhere.
  const { folder } = pathsOf(path);
  while (true) {
    const made = await makeFolders(folder);
    if (made.length === 0 && !await isFree(folder, replace)) return occupied(folder);
    try {
      const lock = await Lock.take(join(folder, LOCK_NAME));
      if (await isFree(folder, replace)) {
        await clear(folder);
        return { lock, made };
      }
      lock.release();
      return occupied(folder);
    } catch (error) {
      // Another process may have created the folder, given it up and removed it.
      if (await entryAt(folder) === undefined) continue;
      if (!(error instanceof LockedError)) {
        for (const path of made) await Deno.remove(path).catch(() => {});
        throw error;
      }
      return new Error(
        `Cannot start a run in ${folder}: ${error.message}; ${
          error.advice ?? "--out or --name starts one elsewhere"
        }`,
        { cause: error },
      );
    }
  }
}

/**
 * The folder of the run that a path names: that folder itself, or a checkpoint in it. A run may itself be called `last`.
 *
 * @param path the folder of a run, or one of its checkpoints
 * @returns the folder of the run
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { runOf } from "./claim.ts";
 *
 * assertEquals([await runOf("runs/mine/"), await runOf("runs/mine/last")], ["runs/mine", "runs/mine"]);
 * ```
 */
export async function runOf(path: string): Promise<string> {
  const { folder } = pathsOf(path);
  if (!CHECKPOINT_FOLDERS.includes(basename(folder))) return folder;
  const isThere = async (name: string) =>
    await entryAt(join(folder, name)).catch(() => undefined) !== undefined;
  if (await isThere("config.json") || await isThere("model.safetensors")) return dirname(folder);
  const within = CHECKPOINT_FOLDERS.map((name) => pathsOf(name)).flatMap((
    { folder, former },
  ) => [folder, former]);
  return (await Promise.all(within.map(isThere))).includes(true) ? folder : dirname(folder);
}

/**
 * Claims the folder of a run that is resumed. Nothing is changed in it, except that an interrupted save is finished.
 *
 * @param folder the folder
 * @returns the claim
 * @throws {Error} when there is no checkpoint, another process holds the folder, or there is a link at a path that the run
 * writes
 */
export async function claimForResume(folder: string): Promise<Claim> {
  const checkpoints = CHECKPOINT_FOLDERS.map((name) => pathsOf(join(folder, name)));
  const found = await Promise.all(
    checkpoints.flatMap(({ folder, former }) => [entryAt(folder), entryAt(former)]),
  );
  if (found.every((info) => info === undefined)) {
    throw await cannotRead(folder, await Deno.stat(folder).then(() => new Error(NO_RUN), (error) => error));
  }
  await refuseLinks(folder);
  const lock = await Lock.take(join(folder, LOCK_NAME)).catch((error) => {
    if (!(error instanceof LockedError)) throw error;
    const advice = error.advice ?? "wait until it ends, or stop it";
    throw new Error(`Cannot resume ${folder}: ${error.message}; ${advice}`, { cause: error });
  });
  try {
    for (const name of CHECKPOINT_FOLDERS) await finishSave(join(folder, name));
    return { lock };
  } catch (error) {
    lock.release();
    throw new Error(`Cannot resume ${folder}: ${reason(error)}`, { cause: error });
  }
}

const NO_RUN = `it holds no run: expected ${CHECKPOINT_FOLDERS.map((name) => `${name}/`).join(" or ")}`;

/** A run writes only into its own folder: a link in place of one of its files would lead elsewhere. */
async function refuseLinks(folder: string): Promise<void> {
  for (const name of [LOCK_NAME, ...RUN_FILES, ...CHECKPOINT_FOLDERS]) {
    const { folder: place, fresh, former } = pathsOf(join(folder, name));
    const isFolder = CHECKPOINT_FOLDERS.includes(name);
    for (const path of isFolder ? [place, fresh, former] : [place]) {
      const info = await entryAt(path);
      if (info === undefined || (isFolder ? info.isDirectory : info.isFile)) continue;
      throw new Error(
        `Cannot resume ${folder}: ${path} is ${
          kindOfEntry(info)
        }, and a run writes only files and folders of its own ` +
          "there; replace it by what it points to, or remove it",
      );
    }
  }
}

/**
 * Refuses a folder that a new run cannot take, before any work is done.
 *
 * @param folder the folder
 * @throws {Error} when a new run cannot take it
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { expectFree } from "./claim.ts";
 *
 * await assertRejects(() => expectFree("kernels"), Error, "Cannot start a run in kernels: something already exists there");
 * ```
 */
export async function expectFree(folder: string): Promise<void> {
  if (!await isFree(folder, true)) throw occupied(folder);
}

function occupied(folder: string): Error {
  return new Error(
    `Cannot start a run in ${folder}: something already exists there; --resume ${folder} continues a run, ` +
      "--out or --name starts one elsewhere",
  );
}

/**
 * Whether a new run may take a folder: there is nothing, or only what a run left behind that saved no checkpoint.
 *
 * @param folder the folder
 * @param replace whether its records may be replaced
 * @returns whether it may
 */
async function isFree(folder: string, replace: boolean): Promise<boolean> {
  const info = await entryAt(pathsOf(folder).folder);
  if (info === undefined) return true;
  const entries = info.isDirectory || info.isSymlink
    ? await Array.fromAsync(Deno.readDir(folder)).catch(() => undefined)
    : undefined;
  if (entries === undefined) return false;
  if (entries.length === 0) return true;
  const checkpoints = CHECKPOINT_FOLDERS.map((name) => pathsOf(join(folder, name)));
  const former = await Promise.all(checkpoints.map(({ former }) => entryAt(former)));
  return entries.some(({ name, isFile }) => name === LOCK_NAME && isFile) &&
    former.every((info) => info === undefined) &&
    entries.every(({ name, isFile }) =>
      isLeftOver(name) ||
      isFile && (name === LOCK_NAME || RUN_FILES.includes(name) && (replace || REMADE.test(name)))
    );
}

/** Files that every run writes before its first step: they hold nothing worth keeping by themselves. */
const REMADE = /^run\.json$|\.ids$/;

/** Creates a folder and its parents; gives those that it has created, or none if the folder existed. */
async function makeFolders(folder: string): Promise<string[]> {
  try {
    const missing = await missingAbove(folder);
    if (missing.length > 0) await Deno.mkdir(dirname(folder), { recursive: true });
    await Deno.mkdir(folder);
    return [folder, ...missing];
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return [];
    throw new Error(`Cannot make ${folder}: ${reason(error)}`, { cause: error });
  }
}

async function missingAbove(folder: string): Promise<string[]> {
  const above: string = dirname(folder);
  return above === folder || await entryAt(above) ? [] : [above, ...await missingAbove(above)];
}

/** Removes what a run left behind that saved no checkpoint. */
async function clear(folder: string): Promise<void> {
  for (const name of CHECKPOINT_FOLDERS) await finishSave(join(folder, name));
  for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
    if (RUN_FILES.includes(name) || isLeftOver(name)) await Deno.remove(join(folder, name));
  }
}
