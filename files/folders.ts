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
 * is missing and the old folder is there, the process ended between steps 2 and 3, and the new folder is whole. Readers take it
 * from there without changing anything; the next save finishes the work.
 *
 * Two processes must not save the same folder at once: the commands hold a lock, see `commands/files/lock.ts`.
 *
 * @module
 */
import fs from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasForeignCard } from "./card.ts";
import {
  createFile,
  entriesIn,
  type Entry,
  entryAt,
  type FolderFiles,
  kindOfEntry,
  type Listed,
  readBytes,
  statOf,
  syncFolder,
} from "./disk.ts";
import { CARD_NAME, CARD_PICTURE, CHECKPOINT_FILES, pathsOf } from "./folder_names.ts";
import { isMissing, reason } from "./reason.ts";

/** Files that stay where the user has edited the card. */
const CARD_FILES = [CARD_NAME, CARD_PICTURE];

/**
 * A folder cannot be saved. The message says why, and whether what was there before is unharmed.
 *
 * @category Files
 */
export class SaveError extends Error {
  /** The name shown in stack traces. */
  override readonly name = "SaveError";
}

/**
 * Saves files as a folder, whole or not at all; the folders it lies in are made. Where the folder that is replaced holds
 * other files, nothing is saved unless they are to be kept there.
 */
export async function saveFolder(
  path: string,
  files: FolderFiles,
  { foreign = "refuse" }: { foreign?: "refuse" | "keep" } = {},
): Promise<void> {
  const { folder, fresh, former } = pathsOf(path), names = new Set(Object.keys(files));
  try {
    const replaced = await finishSave(path, names);
    if (foreign === "refuse") await refuseForeign(path, names);
    const foreignCard = await hasForeignCard(folder) ? CARD_FILES : [];
    for (const name of foreignCard) names.delete(name); // those of the user stay
    await fs.mkdir(dirname(folder), { recursive: true });
    await fs.mkdir(fresh);
    const writing = Array.from(names, async (name) => {
      await createFile(join(fresh, name), await files[name]).catch((error) => {
        throw new Error(`${reason(error)} (writing ${name})`, { cause: error });
      });
    });
    // Nothing may still be written when the new folder is removed because one file has failed.
    await Promise.allSettled(writing);
    await Promise.all(writing);
    await syncFolder(fresh);
    if (replaced) await fs.rename(folder, former);
    await fs.rename(fresh, folder).catch(async (error) => {
      if (replaced) await fs.rename(former, folder);
      throw error;
    });
    await syncFolder(dirname(folder));
  } catch (error) {
    await removeOwn(fresh, names).catch(() => {});
    const kept = await entryAt(folder).catch(() => undefined) ? "; what was there before is unharmed" : "";
    throw new SaveError(`Cannot save ${folder}: ${reason(error)}${kept}`, { cause: error });
  }
  // The save has succeeded: what cannot be removed now is removed by the next one.
  await removeOwn(former, names, { keepIn: folder }).catch(() => {});
}

/** Refuses to replace a folder that holds something of another name than these. */
export async function refuseForeign(path: string, names: ReadonlySet<string>): Promise<void> {
  const { folder } = pathsOf(path);
  if (await folderAt(folder) === undefined) return;
  const foreign = (await entriesIn(folder)).find((entry) => !isOwn(entry, names));
  if (foreign === undefined) return;
  throw new Error(`it holds other things, such as ${JSON.stringify(foreign.name)}; choose another folder`);
}

/**
 * Finishes or undoes a save that was interrupted. `names` are those of files in it that are ours, besides a checkpoint's.
 * Gives whether there is a folder now.
 */
export async function finishSave(path: string, names?: ReadonlySet<string>): Promise<boolean> {
  const { folder, fresh, former } = pathsOf(path), current = await currentPath(path);
  if (current !== folder && await folderAt(current)) await fs.rename(current, folder);
  const isThere = await folderAt(folder) !== undefined;
  await removeOwn(former, names, { keepIn: folder });
  await removeOwn(fresh, names);
  return isThere;
}

/**
 * Reads the files of a folder, or those of these names that it has, as they were saved: also when the process that saved it
 * was killed meanwhile, or is saving it anew.
 */
export async function readFolder(
  path: string,
  { names }: { names?: readonly string[] } = {},
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  let problem: unknown;
  for (let attempt = 0; attempt < 20; attempt++) {
    const folder = await currentPath(path), files: Record<string, Uint8Array<ArrayBuffer>> = {};
    let current = path;
    try {
      const before = await statOf(folder);
      for (const { name } of await entriesIn(folder)) {
        if (names?.includes(name) === false) continue;
        current = join(folder, name);
        if ((await statOf(current)).isFile) files[name] = await readBytes(current);
      }
      const after = await statOf(folder);
      const isUnchanged = before.ino === after.ino && before.mtime?.getTime() === after.mtime?.getTime();
      if (isUnchanged && folder === await currentPath(path)) return files;
      problem = new Error(`Cannot read ${path}: it is replaced again and again while it is being read`);
    } catch (error) {
      problem = new Error(`Cannot read ${current}: ${reason(error)}`, { cause: error });
      // What is missing may just have been renamed by a save: only what stays missing is an error.
      if (!isMissing(error)) break;
    }
  }
  throw problem;
}

/** Where the last complete version of a folder is: see the steps above. */
async function currentPath(path: string): Promise<string> {
  const { folder, fresh, former } = pathsOf(path);
  if (await entryAt(folder) || !await entryAt(former)) return folder;
  return await entryAt(fresh) ? fresh : former;
}

/** The folder at a path, if there is one; anything else there is refused. */
async function folderAt(path: string): Promise<Entry | undefined> {
  const entry = await entryAt(path);
  if (entry === undefined || entry.isDirectory) return entry;
  throw new Error(
    entry.isFile ? "a file stands where a folder should" : `${path} is ${kindOfEntry(entry)}, not a folder`,
  );
}

function isOwn({ name, isDirectory }: Listed, names: ReadonlySet<string>): boolean {
  return !isDirectory && names.has(name);
}

/**
 * Removes a folder with the files of a checkpoint and others of these names. What else it holds, also a card that the user
 * has edited and its picture, is moved to the folder `keepIn`; where none is given, nothing is removed.
 */
async function removeOwn(
  path: string,
  names: ReadonlySet<string> = new Set(),
  { keepIn }: { keepIn?: string } = {},
): Promise<void> {
  if (await folderAt(path) === undefined) return;
  const entries = await entriesIn(path);
  const all = new Set([...names, ...CHECKPOINT_FILES, ...CARD_FILES]);
  // In a new folder that was not completed the card may be half written.
  const foreignCard = keepIn && await hasForeignCard(path) ? CARD_FILES : [];
  for (const name of foreignCard) all.delete(name);
  // A card is moved last: while it is here, its picture is known to belong to the user.
  entries.sort((a, b) => Number(a.name === CARD_NAME) - Number(b.name === CARD_NAME));
  // First what is not ours, so that it is back in its folder even where the rest cannot be removed.
  for (const { name } of entries.filter((entry) => !isOwn(entry, all))) {
    if (!keepIn) throw new Error(`${path} holds ${JSON.stringify(name)}, which is not ours: move it away`);
    await fs.rename(join(path, name), await freePath(join(keepIn, name)));
  }
  for (const entry of entries.filter((entry) => isOwn(entry, all))) await fs.unlink(join(path, entry.name));
  await fs.rmdir(path);
}

/** The path itself or, if something is there, one beside it. */
async function freePath(path: string): Promise<string> {
  let free = path;
  for (let number = 2; await entryAt(free) !== undefined; number++) free = `${path}.kept-${number}`;
  return free;
}
