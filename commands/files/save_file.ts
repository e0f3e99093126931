/**
 * Single files that are saved whole or not at all.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { reason } from "../cli/errors.ts";
import { createFile, syncFolder } from "./disk.ts";
import { partOf } from "./own_names.ts";

/**
 * Saves one file: it is written under a random name in the same folder, or in `partIn`, and renamed. Missing parent folders
 * are created; a link at this path is replaced, not followed.
 */
export async function saveFile(
  path: string,
  content: Uint8Array | string,
  { partIn = dirname(path) }: { partIn?: string } = {},
): Promise<void> {
  const part = partOf(join(partIn, basename(path)));
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await createFile(part, content);
    await Deno.rename(part, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw new Error(`Cannot save ${path}: ${reason(error)}`, { cause: error });
  }
}
