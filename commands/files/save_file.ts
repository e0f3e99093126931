/**
 * Single files that are saved whole or not at all.
 *
 * @module
 */
import { dirname } from "@std/path";
import { createFile, syncFolder } from "./disk.ts";
import { reason } from "../cli/errors.ts";
import { partOf } from "./own_names.ts";

/**
 * Saves one file, whole or not at all: it is written under a random name in the same folder, and renamed.
 *
 * @param path the file. Missing parent folders are created; a link at this path is replaced, not followed
 * @param content its content
 * @throws {Error} when it cannot be saved
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { saveFile } from "./save_file.ts";
 *
 * const parent = await Deno.makeTempDir();
 * await saveFile(`${parent}/curve.svg`, "<svg/>");
 * assertEquals(await Deno.readTextFile(`${parent}/curve.svg`), "<svg/>");
 * await Deno.remove(parent, { recursive: true });
 * ```
 */
export async function saveFile(path: string, content: Uint8Array | string): Promise<void> {
  const part = partOf(path);
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
