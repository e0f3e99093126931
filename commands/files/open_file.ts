/**
 * Opens files that are named on the command line. Pipes and devices may never end or never answer, so everything but a
 * regular file is refused before it is opened: even opening a pipe can wait forever.
 *
 * @module
 */
import { cannotRead } from "../cli/errors.ts";

/**
 * Names the kind of something that is not a regular file, for error messages.
 *
 * @param info what `stat` says about it
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
 * @returns what `stat` says about it
 * @throws {Error} when it is missing or not a regular file; the message says what it is
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
  const advice = info.isDirectory ? "" : "; save its output to a file and name that file";
  throw new Error(`Cannot read ${path}: it is ${kind}, not a file${advice}`);
}

/**
 * Opens a regular file to read it.
 *
 * @param path the file
 * @returns the open file
 * @throws {Error} when it is missing, is not a regular file, cannot be read, or was replaced while it was being opened
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
  throw new Error(`Cannot read ${path}: it was replaced while it was being opened; try again`);
}
