/**
 * Taking a folder for a new run, so that of several processes exactly one gets it.
 *
 * Making a folder succeeds for one process only, but an empty folder that was there before may also be taken, and so may
 * one that a killed run has left without a checkpoint. What decides is therefore the lock inside.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { infoOf, kindOfEntry } from "./disk.ts";
import { cannotRead, reason } from "./errors.ts";
import { settleFolder } from "./folders.ts";
import { Lock, LockedError } from "./lock.ts";
import { CHECKPOINT_FOLDERS, isLeftOver, LOCK_NAME, placesOf, RUN_FILES } from "./own_names.ts";

/** A folder that is taken. */
export interface Claim {
  /** Held as long as the folder is. */
  readonly lock: Lock;
  /** The folders that were made for it, the innermost first; undefined for a run that was there before. */
  readonly made?: readonly string[];
}

/**
 * Takes a folder.
 *
 * @param folder the folder
 * @param options `replace`: whether records that a run left without a checkpoint may be replaced
 * @returns the claim, or why it is not to be had
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
export async function claim(folder: string, { replace }: { replace: boolean }): Promise<Claim | Error> {
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
      // Whoever made the folder before us may have given it up and removed it.
      if (await infoOf(folder) === undefined) continue;
      if (!(error instanceof LockedError)) {
        for (const path of made) await Deno.remove(path).catch(() => {});
        throw error;
      }
      return new Error(
        `Cannot start a run in ${folder}: ${error.message}; --out or --name starts one elsewhere`,
        { cause: error },
      );
    }
  }
}

/**
 * Takes the folder of a run that goes on. Nothing is changed in it but what a killed save has left unfinished.
 *
 * @param folder the folder
 * @returns the claim
 * @throws {Error} when there is no checkpoint, another process is at work there, or a link has one of the names that are
 * written
 */
export async function claimAgain(folder: string): Promise<Claim> {
  const checkpoints = CHECKPOINT_FOLDERS.map((name) => placesOf(join(folder, name)));
  const found = await Promise.all(
    checkpoints.flatMap(({ folder, former }) => [infoOf(folder), infoOf(former)]),
  );
  if (found.every((info) => info === undefined)) {
    throw await cannotRead(folder, await Deno.stat(folder).then(() => new Error(NO_RUN), (error) => error));
  }
  await refuseLinks(folder);
  const lock = await Lock.take(join(folder, LOCK_NAME)).catch((error) => {
    if (!(error instanceof LockedError)) throw error;
    throw new Error(`Cannot resume ${folder}: ${error.message}; wait until it ends, or stop it`, {
      cause: error,
    });
  });
  try {
    for (const name of CHECKPOINT_FOLDERS) await settleFolder(join(folder, name));
    return { lock };
  } catch (error) {
    lock.release();
    throw new Error(`Cannot resume ${folder}: ${reason(error)}`, { cause: error });
  }
}

const NO_RUN = `it holds no run: expected ${CHECKPOINT_FOLDERS.map((name) => `${name}/`).join(" or ")}`;

/** A run writes only into its own folder: a link under one of its names would lead elsewhere. */
async function refuseLinks(folder: string): Promise<void> {
  for (const name of [LOCK_NAME, ...RUN_FILES, ...CHECKPOINT_FOLDERS]) {
    const { folder: place, fresh, former } = placesOf(join(folder, name));
    const isFolder = CHECKPOINT_FOLDERS.includes(name);
    for (const path of isFolder ? [place, fresh, former] : [place]) {
      const info = await infoOf(path);
      if (info === undefined || (isFolder ? info.isDirectory : info.isFile)) continue;
      throw new Error(
        `Cannot resume ${folder}: ${path} is ${
          kindOfEntry(info)
        }, and a run writes only files and folders of its own ` +
          "there; put the real thing in its place, or remove it",
      );
    }
  }
}

/**
 * Refuses a folder that is not free, before there is anything to lose.
 *
 * @param folder the folder
 * @throws {Error} when a new run cannot take it
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { expectFree } from "./claim.ts";
 *
 * await assertRejects(() => expectFree("kernels"), Error, "Cannot start a run in kernels: there is something already");
 * ```
 */
export async function expectFree(folder: string): Promise<void> {
  if (!await isFree(folder, true)) throw occupied(folder);
}

function occupied(folder: string): Error {
  return new Error(
    `Cannot start a run in ${folder}: there is something already; --resume ${folder} goes on with a run, ` +
      "--out or --name starts one elsewhere",
  );
}

/**
 * Whether a new run may take a folder: nothing is there, or nothing but what a run left that saved no checkpoint.
 *
 * @param folder the folder
 * @param replace whether its records may be replaced
 * @returns whether it may
 */
export async function isFree(folder: string, replace: boolean): Promise<boolean> {
  const info = await infoOf(folder);
  if (info === undefined) return true;
  const entries = info.isDirectory || info.isSymlink
    ? await Array.fromAsync(Deno.readDir(folder)).catch(() => undefined)
    : undefined;
  if (entries === undefined) return false;
  if (entries.length === 0) return true;
  const checkpoints = CHECKPOINT_FOLDERS.map((name) => placesOf(join(folder, name)));
  const former = await Promise.all(checkpoints.map(({ former }) => infoOf(former)));
  return entries.some(({ name, isFile }) => name === LOCK_NAME && isFile) &&
    former.every((info) => info === undefined) &&
    entries.every(({ name, isFile }) =>
      isLeftOver(name) ||
      isFile && (name === LOCK_NAME || RUN_FILES.includes(name) && (replace || name.endsWith(".ids")))
    );
}

/** Makes a folder and those it lies in; gives those that were not there before, or none if it was there itself. */
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
  return above === folder || await infoOf(above) ? [] : [above, ...await missingAbove(above)];
}

/** Removes what a run left that saved nothing. */
async function clear(folder: string): Promise<void> {
  for (const name of CHECKPOINT_FOLDERS) await settleFolder(join(folder, name));
  for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
    if (name !== LOCK_NAME) await Deno.remove(join(folder, name));
  }
}
