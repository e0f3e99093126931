/**
 * Opens files that are named on the command line. Pipes and devices may never end or never answer, so everything but a
 * regular file is refused before it is opened: even opening a pipe can wait forever.
 *
 * @module
 */
import { cannotRead } from "../cli/errors.ts";
import { isSame, kindOfEntry } from "./disk.ts";

/** Refuses what is missing or is neither a regular file nor a link to one; the message says what it is. */
export async function expectFile(path: string): Promise<Deno.FileInfo> {
  const info = await Deno.stat(path).catch(async (error) => {
    throw await cannotRead(path, error, "file");
  });
  if (info.isFile) return info;
  const advice = info.isDirectory ? "" : "; save its output to a file and name that file";
  throw new Error(`Cannot read ${path}: it is ${kindOfEntry(info)}, not a file${advice}`);
}

/** Opens a regular file to read it. */
export async function openFile(path: string): Promise<Deno.FsFile> {
  const expected = await expectFile(path);
  const file = await Deno.open(path).catch(async (error) => {
    throw await cannotRead(path, error, "file");
  });
  const opened = await file.stat();
  if (opened.isFile && isSame(opened, expected)) return file;
  file.close();
  throw new Error(`Cannot read ${path}: it was replaced while it was being opened; try again`);
}
