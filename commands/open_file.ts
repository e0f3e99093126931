/**
 * Opening files that somebody names. What is no file, such as a pipe or a device, has no end or never answers: it is
 * refused before it is opened, since opening a pipe alone may wait for ever.
 *
 * @module
 */
import { cannotRead } from "./errors.ts";

/**
 * Says what something is that is no regular file.
 *
 * @param info what the system says of it
 * @returns such as `a pipe`; undefined for a regular file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { kindOfFile } from "./open_file.ts";
 *
 * assertEquals(kindOfFile(await Deno.stat("LICENSE")), undefined);
 * assertEquals(kindOfFile(await Deno.stat("commands")), "a folder");
 * ```
 */
export function kindOfFile(info: Deno.FileInfo): string | undefined {
  if (info.isFile) return undefined;
  if (info.isDirectory) return "a folder";
  if (info.isFifo) return "a pipe";
  if (info.isSocket) return "a socket";
  if (info.isCharDevice || info.isBlockDevice) return "a device";
  return "something else";
}

/**
 * Makes sure that a path names a regular file, or a link to one.
 *
 * @param path the file
 * @returns what the system says of it
 * @throws {Error} when it is missing, or no file; the message says what it is
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { expectFile } from "./open_file.ts";
 *
 * await assertRejects(() => expectFile("commands"), Error, "Cannot read commands: it is a folder, not a file");
 * ```
 */
export async function expectFile(path: string): Promise<Deno.FileInfo> {
  const info = await Deno.stat(path).catch(async (error) => {
    throw await cannotRead(path, error, "file");
  });
  const kind = kindOfFile(info);
  if (kind === undefined) return info;
  const advice = info.isDirectory ? "" : "; save what comes out of it in a file, and name that";
  throw new Error(`Cannot read ${path}: it is ${kind}, not a file${advice}`);
}

/**
 * Opens a regular file to read it.
 *
 * @param path the file
 * @returns the open file
 * @throws {Error} when it is missing, no file, cannot be read, or was exchanged while it was being opened
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openFile } from "./open_file.ts";
 *
 * using file = await openFile("LICENSE");
 * assertEquals((await file.stat()).isFile, true);
 * ```
 */
export async function openFile(path: string): Promise<Deno.FsFile> {
  const expected = await expectFile(path);
  const file = await Deno.open(path).catch(async (error) => {
    throw await cannotRead(path, error, "file");
  });
  const { isFile, dev, ino } = await file.stat();
  if (isFile && dev === expected.dev && ino === expected.ino) return file;
  file.close();
  throw new Error(`Cannot read ${path}: something else was put there while it was being opened; try again`);
}
