/**
 * Primitives of the commands on disk, besides those of `files/disk.ts`, which they share with the library: files that grow,
 * and files that are held open.
 *
 * @module
 */
import { entryAt, kindOfEntry } from "../../files/disk.ts";

export {
  createFile,
  entryAt,
  type FileContent,
  type FolderFiles,
  kindOfEntry,
  lenientJson,
  readBytes,
  syncFolder,
} from "../../files/disk.ts";

/** Most bytes to write in one call: with much more, single calls fail or never return. */
const MAX_CALL_BYTES = 64 * 2 ** 20;

/** Whether there is something at one of these paths, as far as the system says. */
export async function isAnyThere(paths: readonly string[]): Promise<boolean> {
  const entries = await Promise.all(paths.map((path) => entryAt(path).catch(() => undefined)));
  return entries.some((entry) => entry !== undefined);
}

/** What tells files apart. */
type Identity = Pick<Deno.FileInfo, "ino" | "dev">;

/** Whether two results of `stat` are of the same file. */
export function isSame(a: Identity, b: Identity): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/** Appends to a file, which is created where there is none. A link or anything else but a file is refused. */
export async function appendText(path: string, content: Uint8Array | string): Promise<void> {
  const before = await entryAt(path);
  if (before && !before.isFile) throw new Error(`it is ${kindOfEntry(before)}, not a file`);
  using file = await Deno.open(path, { append: true, createNew: before === undefined });
  const opened = await file.stat();
  if (before && !isSame(before, opened)) throw new Error("it was replaced while it was being opened");
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written, written + MAX_CALL_BYTES));
    }
  } catch (error) {
    await file.truncate(opened.size).catch(() => {}); // do not leave half a line
    throw error;
  }
}

/** Forces a file to the disk, so that it survives a power failure. */
export async function syncFile(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}
