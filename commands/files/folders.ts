/**
 * Folders that are saved whole or not at all: a checkpoint outlives a full disk and a process killed at any moment.
 *
 * No system call puts one folder in place of another, so it is done in two renames. While `last` is being saved:
 *
 * 1. the files are written to `.last.miniformer-new` and forced to the disk; a failure here leaves `last` untouched
 * 2. `last` is renamed to `.last.miniformer-old`
 * 3. `.last.miniformer-new` is renamed to `last`
 * 4. files in the old folder that are not ours are moved to `last`, and the old folder is removed
 *
 * Step 2 comes only after the new folder is complete, and the old one is gone before the next save begins. So when `last`
 * is missing and the old folder is there, the process died between 2 and 3, and the new folder is whole. Readers take it
 * from there without changing anything; the next save finishes the work.
 *
 * Two processes must not save the same folder at once: the caller holds a lock, see lock.ts.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { createFile, entryAt, kindOfEntry, readBytes, syncFolder } from "./disk.ts";
import { cannotRead, reason } from "../cli/errors.ts";
import { CHECKPOINT_NAMES, placesOf } from "./own_names.ts";

/** What a file holds. */
export type FileContent = Uint8Array<ArrayBuffer> | string;

/** The files of a folder by name. A content that takes time to compute may be a promise. */
export type FolderFiles = Readonly<Record<string, FileContent | Promise<FileContent>>>;

/** A folder cannot be saved. The message says why, and whether what was there before is unharmed. */
export class SaveError extends Error {
  /** `"SaveError"`. */
  override readonly name = "SaveError";
}

/** How to save. */
export interface SaveOptions {
  /** What to do when a folder that is replaced holds other files: `refuse` to save, the default, or `keep` them there. */
  readonly foreign?: "refuse" | "keep";
}

/**
 * Saves files as a folder, whole or not at all.
 *
 * @param path the folder; the folders it lies in are made
 * @param files its content
 * @param options what to do with files that are not ours
 * @throws {SaveError} when it cannot be saved, or holds something of another name and that is to be refused
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readFolder, saveFolder } from "./folders.ts";
 *
 * const parent = await Deno.makeTempDir();
 * await saveFolder(`${parent}/last`, { "config.json": "{}", "weights": new Uint8Array([1, 2]) });
 * assertEquals((await readFolder(`${parent}/last`)).weights, new Uint8Array([1, 2]));
 * await Deno.remove(parent, { recursive: true });
 * ```
 */
export async function saveFolder(
  path: string,
  files: FolderFiles,
  { foreign = "refuse" }: SaveOptions = {},
): Promise<void> {
  const { folder, fresh, former } = placesOf(path), names = new Set(Object.keys(files));
  let doing = "";
  try {
    const replaced = await finishSave(path, names);
    if (foreign === "refuse") await refuseForeign(path, names);
    await Deno.mkdir(dirname(folder), { recursive: true });
    await Deno.mkdir(fresh);
    const writing = Object.entries(files).map(async ([name, content]) => {
      await createFile(join(fresh, name), await content).catch((error) => {
        doing ||= ` (writing ${name})`;
        throw error;
      });
    });
    await waitForAll(writing);
    await syncFolder(fresh);
    if (replaced) await Deno.rename(folder, former);
    await Deno.rename(fresh, folder).catch(async (error) => {
      if (replaced) await Deno.rename(former, folder);
      throw error;
    });
    await syncFolder(dirname(folder));
  } catch (error) {
    await clear(fresh, names).catch(() => {});
    const kept = await entryAt(folder).catch(() => undefined) ? "; what was there before is unharmed" : "";
    throw new SaveError(`Cannot save ${folder}: ${reason(error)}${doing}${kept}`, { cause: error });
  }
  // The save has succeeded: what cannot be removed now is removed by the next one.
  await removeFormer(path, names).catch(() => {});
}

/**
 * Refuses to replace a folder that holds something that is not ours.
 *
 * @param path the folder; it need not exist
 * @param names the names that may be replaced
 * @throws {Error} when it is no folder, or holds something of another name
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { refuseForeign } from "./folders.ts";
 *
 * await assertRejects(() => refuseForeign("kernels", new Set(["vocab.json"])), Error, "it holds other things, such as ");
 * ```
 */
export async function refuseForeign(path: string, names: ReadonlySet<string>): Promise<void> {
  const { folder } = placesOf(path);
  if (await folderAt(folder) === undefined) return;
  const others = (await Array.fromAsync(Deno.readDir(folder))).filter((entry) => !isOwn(entry, names));
  if (others.length === 0) return;
  const [first] = others.map(({ name }) => name).sort();
  throw new Error(`it holds other things, such as ${JSON.stringify(first)}; choose another folder`);
}

/**
 * Finishes or undoes a save that was interrupted.
 *
 * @param path the folder
 * @param names names of files in it that are ours, besides those of checkpoints
 * @returns whether there is a folder now
 * @throws {Error} when something that is not ours is in the way
 */
export async function finishSave(path: string, names: ReadonlySet<string> = new Set()): Promise<boolean> {
  const { folder, fresh } = placesOf(path), place = await currentPlace(path);
  if (place !== folder && await folderAt(place)) await Deno.rename(place, folder);
  const info = await folderAt(folder);
  await removeFormer(path, names);
  await clear(fresh, names);
  return info !== undefined;
}

/**
 * Reads a folder as it was saved, also when the process that saved it was killed meanwhile or is saving it anew.
 *
 * @param path the folder
 * @param options `names`: the files to read, where not all; those that are missing are left out
 * @returns the bytes of its files by name
 * @throws {Error} when there is no such folder, or a file in it cannot be read
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readFolder } from "./folders.ts";
 *
 * const files = await readFolder(".", { names: ["LICENSE", "no such file"] });
 * assertEquals(Object.keys(files), ["LICENSE"]);
 * ```
 */
export async function readFolder(
  path: string,
  options: { names?: readonly string[] } = {},
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  let problem: unknown;
  for (let attempt = 0; attempt < 20; attempt++) {
    const place = await currentPlace(path), files: Record<string, Uint8Array<ArrayBuffer>> = {};
    let current = path;
    try {
      const before = await Deno.stat(place);
      const present = (await Array.fromAsync(Deno.readDir(place))).map(({ name }) => name).sort();
      for (const name of present) {
        if (options.names?.includes(name) === false) continue;
        current = join(place, name);
        if ((await Deno.stat(current)).isFile) files[name] = await readBytes(current);
      }
      const after = await Deno.stat(place);
      const isUnchanged = before.ino === after.ino && before.mtime?.getTime() === after.mtime?.getTime();
      if (isUnchanged && place === await currentPlace(path)) return files;
      problem = new Error(`Cannot read ${path}: it is replaced again and again while it is being read`);
    } catch (error) {
      problem = await cannotRead(current, error);
      // What is missing may just have been renamed by a save: only what stays missing is an error.
      if (!(error instanceof Deno.errors.NotFound)) break;
    }
  }
  throw problem;
}

/** Where the last complete version of a folder is: see the steps above. */
async function currentPlace(path: string): Promise<string> {
  const { folder, fresh, former } = placesOf(path);
  if (await entryAt(folder) || !await entryAt(former)) return folder;
  return await entryAt(fresh) ? fresh : former;
}

/** The folder at a path, if there is one; anything else there is refused. */
async function folderAt(path: string): Promise<Deno.FileInfo | undefined> {
  const info = await entryAt(path);
  if (info === undefined || info.isDirectory) return info;
  throw new Error(
    info.isFile ? "a file stands where a folder should" : `${path} is ${kindOfEntry(info)}, not a folder`,
  );
}

function isOwn({ name, isDirectory }: Deno.DirEntry, names: ReadonlySet<string>): boolean {
  return !isDirectory && names.has(name);
}

/** In the temporary siblings, every file that this save or the save of a checkpoint may have written is ours. */
function isOwnThere(entry: Deno.DirEntry, names: ReadonlySet<string>): boolean {
  return isOwn(entry, names) || isOwn(entry, new Set(CHECKPOINT_NAMES));
}

/** Removes the old folder after its files that are not ours have been moved to the new one. */
async function removeFormer(path: string, names: ReadonlySet<string>): Promise<void> {
  const { folder, former } = placesOf(path);
  if (await folderAt(former) === undefined) return;
  for (const entry of await Array.fromAsync(Deno.readDir(former))) {
    const from = join(former, entry.name);
    if (isOwnThere(entry, names)) await Deno.remove(from);
    else await Deno.rename(from, await freePlace(join(folder, entry.name)));
  }
  await Deno.remove(former);
}

/** The path itself or, if something is there, one beside it. */
async function freePlace(path: string): Promise<string> {
  for (let number = 1;; number++) {
    const place = number === 1 ? path : `${path}.kept-${number}`;
    if (await entryAt(place) === undefined) return place;
  }
}

/** Removes a new folder that was not finished. */
async function clear(fresh: string, names: ReadonlySet<string>): Promise<void> {
  if (await folderAt(fresh) === undefined) return;
  const entries = await Array.fromAsync(Deno.readDir(fresh));
  const other = entries.find((entry) => !isOwnThere(entry, names));
  if (other) throw new Error(`${fresh} holds ${JSON.stringify(other.name)}, which is not ours: move it away`);
  for (const { name } of entries) await Deno.remove(join(fresh, name));
  await Deno.remove(fresh);
}

/** Waits for all promises, so that nothing is still being written when one has failed. */
async function waitForAll(promises: readonly Promise<void>[]): Promise<void> {
  const failure = (await Promise.allSettled(promises)).find(({ status }) => status === "rejected");
  if (failure) throw (failure as PromiseRejectedResult).reason;
}
