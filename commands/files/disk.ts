/**
 * Primitives for reading and writing files. New files are created exclusively, so that a symbolic link of the same name is
 * never followed; data is forced to the disk before a file counts as written; and nothing here removes a folder with its
 * content.
 *
 * @module
 */

/** What a file holds. */
export type FileContent = Uint8Array<ArrayBuffer> | string;

/** The files of a folder by name. A content that takes time to compute may be a promise. */
export type FolderFiles = Readonly<Record<string, FileContent | Promise<FileContent>>>;

/** Longest file that is read, in bytes. A sparse file of terabytes takes no space on the disk, but all of it in memory. */
const MAX_FILE_BYTES = 2 ** 33;

/** Most bytes to read or write in one call: with much more, single calls fail or never return. */
const MAX_CALL_BYTES = 64 * 2 ** 20;

/** What is at a path, if anything. A symbolic link is reported itself and not followed. */
export async function entryAt(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether there is something at one of these paths, as far as the system says. */
export async function isAnyThere(paths: readonly string[]): Promise<boolean> {
  const entries = await Promise.all(paths.map((path) => entryAt(path).catch(() => undefined)));
  return entries.some((entry) => entry !== undefined);
}

/** The kind of a directory entry for error messages, such as `a symbolic link`. */
export function kindOfEntry(info: Deno.FileInfo): string {
  if (info.isSymlink) return "a symbolic link";
  if (info.isFile) return "a file";
  if (info.isDirectory) return "a folder";
  if (info.isFifo) return "a pipe";
  if (info.isSocket) return "a socket";
  return info.isCharDevice || info.isBlockDevice ? "a device" : "something else";
}

/** Whether two results of `stat` are of the same file. */
export function isSame(a: Deno.FileInfo, b: Deno.FileInfo): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/** Creates a file and forces it to the disk. There must be nothing at this path, not even a dangling link. */
export async function createFile(path: string, content: Uint8Array | string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  await writeAll(file, content);
  await file.sync();
}

/** Appends to a file, which is created where there is none. A link or anything else but a file is refused. */
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

/** Reads a file of at most 8 GiB. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, expected at most ${MAX_FILE_BYTES}`);
  const bytes = new Uint8Array(size);
  for (let filled = 0; filled < bytes.length;) {
    const count = await file.read(bytes.subarray(filled, filled + MAX_CALL_BYTES));
    if (count === null) throw new Error(`it ended after ${filled} of ${bytes.length} bytes`);
    filled += count;
  }
  return bytes;
}

/** The object in a JSON text; an empty one where the text is missing, is not JSON, or holds an array or a single value. */
export function lenientJson(content: Uint8Array | string | undefined): Record<string, unknown> {
  try {
    const text = typeof content === "string" ? content : new TextDecoder().decode(content);
    const json: unknown = JSON.parse(text);
    const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
    return isObject ? json as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

/** Forces a file to the disk, so that it survives a power failure. */
export async function syncFile(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}

/** Forces the names in a folder to the disk, where the system can open a folder: Windows cannot. */
export async function syncFolder(path: string): Promise<void> {
  await syncFile(path).catch(() => {});
}

async function writeAll(file: Deno.FsFile, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written, written + MAX_CALL_BYTES));
  }
}
