/**
 * Primitives for reading and writing files, in Deno, Node and Bun. New files are created exclusively, so that a symbolic
 * link of the same name is never followed; data is forced to the disk before a file counts as written; and nothing here
 * removes a folder with its content.
 *
 * @module
 */

// The functions are looked up when they are called: tests replace them to see what a failing disk does.
import fs from "node:fs/promises";
import { isMissing } from "./reason.ts";

export { type FileContent, type FolderFiles, lenientJson } from "../checkpoints/checkpoint_files.ts";

/** Longest file that is read, in bytes. A sparse file of terabytes takes no space on the disk, but all of it in memory. */
const MAX_FILE_BYTES = 2 ** 33;

/** Most bytes to read or write in one call: with much more, single calls fail or never return. */
const MAX_CALL_BYTES = 64 * 2 ** 20;

/** What is at a path. It has the fields of Deno's `FileInfo`, which those commands give that hold an open file. */
export interface Entry {
  /** Whether it is a regular file. */
  readonly isFile: boolean;
  /** Whether it is a folder. */
  readonly isDirectory: boolean;
  /** Whether it is a symbolic link. */
  readonly isSymlink: boolean;
  /** Whether it is a pipe. */
  readonly isFifo: boolean | null;
  /** Whether it is a socket. */
  readonly isSocket: boolean | null;
  /** Whether it is a device such as a terminal. */
  readonly isCharDevice: boolean | null;
  /** Whether it is a device such as a disk. */
  readonly isBlockDevice: boolean | null;
  /** Its length in bytes. */
  readonly size: number;
  /** Its number on its disk. */
  readonly ino: number | null;
  /** The number of its disk. */
  readonly dev: number;
  /** When it was last changed. */
  readonly mtime: Date | null;
}

/** A file or folder in a folder. */
export interface Listed {
  /** Its name. */
  readonly name: string;
  /** Whether it is a folder. A link to one is not. */
  readonly isDirectory: boolean;
}

/**
 * What is at a path; a symbolic link is followed.
 *
 * @param path The path.
 * @param find Gives what the system says about it.
 * @returns What is there.
 * @throws {Error} If there is nothing, or the system does not say.
 */
export async function statOf(path: string, find: "stat" | "lstat" = "stat"): Promise<Entry> {
  const stats = await fs[find](path);
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
    isFifo: stats.isFIFO(),
    isSocket: stats.isSocket(),
    isCharDevice: stats.isCharacterDevice(),
    isBlockDevice: stats.isBlockDevice(),
    size: stats.size,
    ino: stats.ino,
    dev: stats.dev,
    mtime: stats.mtime,
  };
}

/**
 * What is at a path, if anything. A symbolic link is reported itself and not followed.
 *
 * @param path The path.
 * @returns What is there; undefined if there is nothing.
 * @throws {Error} If the system does not say.
 */
export async function entryAt(path: string): Promise<Entry | undefined> {
  try {
    return await statOf(path, "lstat");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * What a folder holds.
 *
 * @param path The folder.
 * @returns Files and folders, in the order of their names.
 * @throws {Error} If it cannot be read.
 */
export async function entriesIn(path: string): Promise<Listed[]> {
  const entries = await fs.readdir(path, { withFileTypes: true });
  return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
    .sort((a, b) => Number(a.name > b.name) - Number(a.name < b.name));
}

/**
 * The kind of a directory entry for error messages, such as `a symbolic link`.
 *
 * @param entry The entry.
 * @returns Its kind with an article.
 */
export function kindOfEntry(entry: Omit<Entry, "size" | "ino" | "dev" | "mtime">): string {
  if (entry.isSymlink) return "a symbolic link";
  if (entry.isFile) return "a file";
  if (entry.isDirectory) return "a folder";
  if (entry.isFifo) return "a pipe";
  if (entry.isSocket) return "a socket";
  return entry.isCharDevice || entry.isBlockDevice ? "a device" : "something else";
}

/**
 * Creates a file and forces it to the disk. There must be nothing at this path, not even a dangling link.
 *
 * @param path The path.
 * @param content What it is to hold; text as UTF-8.
 * @throws {Error} If something is there, or the file cannot be written.
 */
export async function createFile(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const file = await fs.open(path, "wx");
  try {
    for (let written = 0; written < bytes.length;) {
      written += (await file.write(bytes, written, Math.min(MAX_CALL_BYTES, bytes.length - written)))
        .bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Reads a file of at most 8 GiB.
 *
 * @param path The path.
 * @returns Its bytes.
 * @throws {Error} If it cannot be read, or is longer.
 */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await fs.open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, expected at most ${MAX_FILE_BYTES}`);
    const bytes = new Uint8Array(size);
    for (let filled = 0; filled < size;) {
      const { bytesRead } = await file.read(bytes, filled, Math.min(MAX_CALL_BYTES, size - filled));
      if (bytesRead === 0) throw new Error(`it ended after ${filled} of ${size} bytes`);
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/**
 * Forces the names in a folder to the disk, where the system can open a folder: Windows cannot.
 *
 * @param path The folder.
 */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await fs.open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // the files themselves are on the disk
  }
}
