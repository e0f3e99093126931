/**
 * Primitives for reading and writing files. New files are created exclusively, so that a symbolic link of the same name is
 * never followed; data is forced to the disk before a file counts as written; and nothing here removes a folder with its
 * content.
 *
 * @module
 */

import { kindOfFile } from "./open_file.ts";

/** Longest file that is read, in bytes. A sparse file of terabytes takes no space on the disk, but all of it in memory. */
const LONGEST_FILE = 2 ** 33;

/** Most bytes to read or write in one call: with much more, single calls fail or never return. */
const LARGEST_CALL = 64 * 2 ** 20;

/**
 * What is at a path. A symbolic link is reported itself and not followed.
 *
 * @param path the path
 * @returns what the system says about it, or undefined when there is nothing
 * @throws {Error} when the system does not say
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { entryAt } from "./disk.ts";
 *
 * assertEquals([(await entryAt("LICENSE"))?.isFile, await entryAt("no such file")], [true, undefined]);
 * ```
 */
export async function entryAt(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Names the kind of a directory entry, for error messages.
 *
 * @param info what {@linkcode entryAt} gave
 * @returns such as `a symbolic link`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { entryAt, kindOfEntry } from "./disk.ts";
 *
 * assertEquals(kindOfEntry((await entryAt("commands"))!), "a folder");
 * ```
 */
export function kindOfEntry(info: Deno.FileInfo): string {
  return info.isSymlink ? "a symbolic link" : kindOfFile(info) ?? "a file";
}

/**
 * Creates a file and forces it to the disk.
 *
 * @param path the file; there must be nothing at this path, not even a dangling link
 * @param content its content
 * @throws {Error} when there is something at this path, or the file cannot be written
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { createFile } from "./disk.ts";
 *
 * await assertRejects(() => createFile("LICENSE", ""), Deno.errors.AlreadyExists);
 * ```
 */
export async function createFile(path: string, content: Uint8Array | string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  await writeAll(file, content);
  await file.sync();
}

/**
 * Appends to a file, which is created where there is none.
 *
 * @param path the file
 * @param content what to append
 * @throws {Error} when there is a link or anything else but a file at this path, or the file cannot be written
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { appendText } from "./disk.ts";
 *
 * await assertRejects(() => appendText("commands", "a line\n"), Error, "it is a folder, not a file");
 * ```
 */
export async function appendText(path: string, content: Uint8Array | string): Promise<void> {
  const before = await entryAt(path);
  if (before && !before.isFile) throw new Error(`it is ${kindOfEntry(before)}, not a file`);
  using file = await Deno.open(path, { append: true, createNew: before === undefined });
  const opened = await file.stat();
  if (before && !isSame(before, opened)) throw new Error("it was replaced while it was being opened");
  try {
    await writeAll(file, content);
  } catch (error) {
    await file.truncate(opened.size).catch(() => {}); // do not leave half a line
    throw error;
  }
}

/**
 * Reads a file.
 *
 * @param path the file
 * @returns its bytes
 * @throws {Error} when it cannot be read, or has more than 8 GiB
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readBytes } from "./disk.ts";
 *
 * assertEquals(await readBytes("LICENSE"), await Deno.readFile("LICENSE"));
 * ```
 */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  if (size > LONGEST_FILE) throw new Error(`it has ${size} bytes, expected at most ${LONGEST_FILE}`);
  const bytes = new Uint8Array(size);
  for (let filled = 0; filled < bytes.length;) {
    const count = await file.read(bytes.subarray(filled, filled + LARGEST_CALL));
    if (count === null) throw new Error(`it ended after ${filled} of ${bytes.length} bytes`);
    filled += count;
  }
  return bytes;
}

/**
 * Forces a file to the disk, so that it survives a power failure.
 *
 * @param path the file
 * @throws {Error} when that fails
 */
export async function syncFile(path: string): Promise<void> {
  using handle = await Deno.open(path);
  await handle.sync();
}

/**
 * Forces the names in a folder to the disk. Where the system cannot open a folder, such as on Windows, nothing is done.
 *
 * @param path the folder
 */
export async function syncFolder(path: string): Promise<void> {
  await syncFile(path).catch(() => {});
}

/**
 * Whether two results of `stat` are of the same file.
 *
 * @param a one result
 * @param b the other
 * @returns whether device and inode are equal
 */
export function isSame(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

async function writeAll(file: Deno.FsFile, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written, written + LARGEST_CALL));
  }
}
