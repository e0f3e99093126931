/**
 * Folders that are saved whole or not at all: a checkpoint outlives a full disk and a process killed at any moment.
 *
 * No system call puts one folder in place of another, so it is done in two renames. While `last` is being saved:
 *
 * 1. the files are written to `last.new` and forced to the disk; a failure here leaves `last` untouched
 * 2. `last` is renamed to `last.old`
 * 3. `last.new` is renamed to `last`
 * 4. `last.old` is removed
 *
 * Step 2 comes only after `last.new` is complete, and `last.old` is gone before the next one is begun. So when `last` is
 * missing and `last.old` is there, the process died between 2 and 3, and `last.new` is whole. Readers take it from
 * there without touching anything; the next save tidies up.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { cannotRead, reason } from "./errors.ts";

/** The files of a folder by name. */
export type FolderFiles = Readonly<Record<string, Uint8Array | string>>;

/** Longest file that is read, in bytes. A sparse file of terabytes takes no room on the disk, but all of it in memory. */
const longestFile = 2 ** 33;

/** Bytes moved in one call: much beyond this, single calls fail or never return. */
const portion = 64 * 2 ** 20;

/**
 * Saves files as a folder, whole or not at all. What the folder held before is replaced, files of other names included.
 *
 * @param path the folder; the folders it lies in are made
 * @param files what it shall hold
 * @throws {Error} when it cannot be saved, or holds nothing of the same names and so seems to be something else's
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
export async function saveFolder(path: string, files: FolderFiles): Promise<void> {
  const { folder, fresh, former } = places(path);
  let doing = "";
  try {
    await settle(path);
    const replaced = await isThere(folder);
    if (replaced) await refuseForeign(folder, files);
    await Deno.mkdir(fresh, { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      doing = ` (writing ${name})`;
      await writeWhole(join(fresh, name), content);
    }
    doing = "";
    await forceToDisk(fresh);
    if (replaced) await Deno.rename(folder, former);
    await Deno.rename(fresh, folder).catch(async (error) => {
      if (replaced) await Deno.rename(former, folder);
      throw error;
    });
    await forceToDisk(dirname(folder));
  } catch (error) {
    await remove(fresh).catch(() => {});
    const kept = await isThere(folder).catch(() => false) ? "; what was there before is unharmed" : "";
    throw new Error(`Cannot save ${folder}: ${reason(error)}${doing}${kept}`, { cause: error });
  }
  // The save has succeeded: what cannot be removed now, the next one removes.
  await remove(former).catch(() => {});
}

/**
 * Saves one file, whole or not at all.
 *
 * @param path the file; the folders it lies in are made
 * @param content what it shall hold
 * @throws {Error} when it cannot be saved
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { saveFile } from "./folders.ts";
 *
 * const parent = await Deno.makeTempDir();
 * await saveFile(`${parent}/curve.svg`, "<svg/>");
 * assertEquals(await Deno.readTextFile(`${parent}/curve.svg`), "<svg/>");
 * await Deno.remove(parent, { recursive: true });
 * ```
 */
export async function saveFile(path: string, content: Uint8Array | string): Promise<void> {
  const fresh = `${path}.new`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await writeWhole(fresh, content);
    await Deno.rename(fresh, path);
  } catch (error) {
    await remove(fresh).catch(() => {});
    throw new Error(`Cannot save ${path}: ${reason(error)}`, { cause: error });
  }
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
    const place = await standing(path);
    const files: Record<string, Uint8Array<ArrayBuffer>> = {};
    let current = path;
    try {
      const before = await Deno.stat(place);
      const present = (await Array.fromAsync(Deno.readDir(place))).map(({ name }) => name).sort();
      for (const name of present) {
        if (options.names?.includes(name) === false) continue;
        current = join(place, name);
        if ((await Deno.stat(current)).isFile) files[name] = await readWhole(current);
      }
      const after = await Deno.stat(place);
      const isSame = before.ino === after.ino && before.mtime?.getTime() === after.mtime?.getTime();
      if (isSame && place === await standing(path)) return files;
      problem = new Error(`Cannot read ${path}: it is replaced again and again while it is being read`);
    } catch (error) {
      problem = await cannotRead(current, error);
      // What is missing may just have been renamed by a save: only what stays missing is an error.
      if (!(error instanceof Deno.errors.NotFound)) break;
    }
  }
  throw problem;
}

/** A folder and its two temporary siblings. */
function places(path: string): { folder: string; fresh: string; former: string } {
  const folder = path.replace(/(?<=.)[/\\]+$/, "");
  return { folder, fresh: `${folder}.new`, former: `${folder}.old` };
}

/** Where the last whole state of a folder is: see the table of steps above. */
async function standing(path: string): Promise<string> {
  const { folder, fresh, former } = places(path);
  if (await isThere(folder) || !await isThere(former)) return folder;
  return await isThere(fresh) ? fresh : former;
}

/** Finishes or clears away what a killed save has left. */
async function settle(path: string): Promise<void> {
  const { folder, fresh, former } = places(path);
  const place = await standing(path);
  if (place !== folder) await Deno.rename(place, folder);
  await remove(fresh);
  await remove(former);
}

/** A folder with nothing of ours in it is not replaced: somebody may have typed `--out ~/Documents`. */
async function refuseForeign(folder: string, files: FolderFiles): Promise<void> {
  const present = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  if (present.length === 0 || present.some((name) => name in files)) return;
  throw new Error(`it holds other things, such as ${present.sort()[0]}; choose another folder`);
}

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written, written + portion));
  }
  await file.sync();
}

async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  if (size > longestFile) throw new Error(`it has ${size} bytes, expected at most ${longestFile}`);
  const bytes = new Uint8Array(size);
  for (let filled = 0; filled < bytes.length;) {
    const count = await file.read(bytes.subarray(filled, filled + portion));
    if (count === null) throw new Error(`it ended after ${filled} of ${bytes.length} bytes`);
    filled += count;
  }
  return bytes;
}

/** Makes renames last through a power failure, where the system knows how to: some cannot open a folder. */
async function forceToDisk(folder: string): Promise<void> {
  try {
    using handle = await Deno.open(folder);
    await handle.sync();
  } catch {
    return;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  if (await isThere(path)) await Deno.remove(path, { recursive: true });
}
