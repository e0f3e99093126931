/** Folders with everything in them: copied, planted, compared. */

import { dirname } from "@std/path";

/** Copies a folder. */
export async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyTree(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** What a file is: a digest of its bytes, where a link points to, or the kind of thing. */
async function contentOf(path: string): Promise<string> {
  const { isFile, isSymlink } = await Deno.lstat(path);
  if (isSymlink) return `a link to ${await Deno.readLink(path)}`;
  if (!isFile) return "a device";
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(digest).toHex();
}

/** The content of every file below a folder by its path in it; empty folders count, too. */
export async function treeOf(folder: string, under = ""): Promise<Map<string, string>> {
  const tree = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${under}`)) {
    const path = `${under}${name}`;
    if (!isDirectory) tree.set(path, await contentOf(`${folder}/${path}`));
    else {
      tree.set(`${path}/`, "a folder");
      for (const [below, content] of await treeOf(folder, `${path}/`)) tree.set(below, content);
    }
  }
  return tree;
}

/** Puts files of the user's into a folder. */
export async function plant(folder: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, `${path} is nobody else's\n`);
  }
}

/**
 * What has become of the files that were there before.
 *
 * @param before What there was.
 * @param folder Where it was.
 * @param ours What the program may change.
 * @param movable What may be under any other name for now.
 * @returns The first that is missing or not as it was.
 */
export async function harmTo(
  before: ReadonlyMap<string, string>,
  folder: string,
  ours: RegExp,
  movable?: RegExp,
): Promise<string | undefined> {
  const after = await treeOf(folder), contents = new Set(after.values());
  for (const [path, content] of before) {
    if (ours.test(path) || after.get(path) === content) continue;
    if (movable?.test(path) && contents.has(content)) continue;
    return after.has(path) ? `${path} was changed` : `${path} was removed`;
  }
}
