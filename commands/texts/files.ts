/**
 * Reads the texts of the command line: files, folders, globs.
 *
 * @module
 */
import { globToRegExp, isGlob, join, normalize } from "@std/path";
import { cannotRead, printDiagnostic } from "../cli/errors.ts";
import { type ReadOptions, textChunks } from "./utf8.ts";

/** A text and its file. */
export interface SourceText {
  /** The file. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
}

/**
 * Reads all texts of files, folders and globs.
 *
 * @param patterns as for {@linkcode findFiles}
 * @param options how text is read
 * @returns the texts in the order of their files; empty files are left out
 * @throws {Error} when a file is missing or cannot be read, or all are empty
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readTexts } from "./files.ts";
 *
 * const texts = await readTexts(["LICENSE", "deno.*on"]);
 * assertEquals(texts.map(({ path }) => path), ["LICENSE", "deno.json"]);
 * ```
 */
export async function readTexts(patterns: readonly string[], options?: ReadOptions): Promise<SourceText[]> {
  const texts: SourceText[] = [];
  for (const path of await findFiles(patterns)) {
    const text = await readWhole(path, options);
    if (text !== "") texts.push({ path, text });
  }
  if (texts.length === 0) {
    throw new Error(`Cannot read ${patterns.join(", ")}: all files are empty`);
  }
  return texts;
}

/**
 * Reads one text file.
 *
 * @param path the file
 * @param options how text is read
 * @returns its text, without a byte order mark
 * @throws {Error} when the file is missing, unreadable, a folder, empty, not UTF-8, or longer than a string can be
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { readText } from "./files.ts";
 *
 * assertStringIncludes(await readText("LICENSE"), "MIT");
 * ```
 */
export async function readText(path: string, options?: ReadOptions): Promise<string> {
  const text = await readWhole(path, options);
  if (text === "") throw new Error(`Cannot read ${path}: the file is empty`);
  return text;
}

/** The most characters of a string in V8. */
const LONGEST_STRING = 2 ** 29 - 24;

async function readWhole(path: string, options?: ReadOptions): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  for await (const part of textChunks(path, options)) {
    length += part.length;
    if (length > LONGEST_STRING) {
      throw new Error(
        `Cannot read ${path}: it has more than ${LONGEST_STRING} characters; split it into several files`,
      );
    }
    parts.push(part);
  }
  return parts.join("");
}

/**
 * Finds the files that paths and globs stand for.
 *
 * Symbolic links are followed, except those to a parent folder. Dangling links are skipped and listed on standard error.
 *
 * @param patterns files, folders (all `.txt` files in them, at any depth) and globs such as `texts/*.md` or `**\/*.txt`
 * @returns paths in the order of the patterns and sorted within each, none of them twice
 * @throws {Error} when a pattern matches no file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { findFiles } from "./files.ts";
 *
 * assertEquals(await findFiles(["LICEN*", "deno.json", "LICENSE"]), ["LICENSE", "deno.json"]);
 * ```
 */
export async function findFiles(patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const info = await Deno.stat(pattern).catch((error: Error) => error);
    if (info instanceof Error) {
      if (!isGlob(pattern)) throw await cannotRead(pattern, info, "text");
    } else if (!info.isDirectory) {
      found.add(pattern);
      continue;
    }
    const [folder, glob] = info instanceof Error ? splitGlob(pattern) : [pattern, "**/*.txt"];
    const matching: RegExp = globToRegExp(glob);
    const paths = (await filesBelow(folder)).filter((path) => matching.test(path));
    if (paths.length === 0) {
      const advice = info instanceof Error
        ? "no file matches"
        : "no .txt files in it; name others, such as FOLDER/*.md";
      throw new Error(`Cannot read ${pattern}: ${advice}`);
    }
    for (const path of paths.sort()) found.add(join(folder, path));
  }
  return [...found];
}

/** The folder at the beginning of a glob, and the pattern below it. */
function splitGlob(pattern: string): [folder: string, glob: string] {
  const glob: string = normalize(pattern);
  const folder = glob.slice(0, glob.search(/[*?[{(]/)).replace(/[^/\\]*$/, "");
  return [folder || ".", glob.slice(folder.length)];
}

/** The state of a walk through folders. */
interface Walk {
  /** The files found, as paths relative to the first folder. */
  readonly files: string[];
  /** Dangling links. */
  readonly dangling: string[];
  /** How often each folder was entered, by its real path. */
  readonly entered: Map<string, number>;
}

/** The most visits to one folder: through folders that link to each other, the number of paths is exponential. */
const MOST_VISITS = 64;

/** The files below a folder, relative to it. Hidden files are omitted; dangling links are skipped with a note. */
async function filesBelow(folder: string): Promise<string[]> {
  const walk: Walk = { files: [], dangling: [], entered: new Map() };
  const real = await reading(folder, () => Deno.realPath(folder));
  await visit(folder, "", [real], walk);
  const { files, dangling } = walk;
  if (dangling.length > 0) {
    const [names, others] = [dangling.slice(0, 3), dangling.length - 3];
    const list = names.map((name) => join(folder, name)).join(", ") +
      (others > 0 ? ` and ${others} others` : "");
    printDiagnostic(`Skipped dangling links: ${list}`);
  }
  return files;
}

/** Lists the files in a folder; `chain` holds the real paths of the folder and of those above it. */
async function visit(root: string, below: string, chain: readonly string[], walk: Walk): Promise<void> {
  const folder = join(root, below.replace(/\/$/, "")), real = chain[chain.length - 1];
  const visits = (walk.entered.get(real) ?? 0) + 1;
  if (visits > MOST_VISITS) {
    throw new Error(
      `Cannot read ${root}: ${real} is reached through links by more than ${MOST_VISITS} paths; name that folder instead`,
    );
  }
  walk.entered.set(real, visits);
  const entries = await reading(folder, () => Array.fromAsync(Deno.readDir(folder)));
  for (const { name, isSymlink, isDirectory } of entries) {
    if (name.startsWith(".")) continue;
    const relative = `${below}${name}`, path = join(root, relative);
    const target = isSymlink ? await targetOf(path) : { isDirectory };
    if (target === undefined) walk.dangling.push(relative);
    else if (!target.isDirectory) walk.files.push(relative);
    else {
      // A link to a folder above it would be followed forever.
      const inside = isSymlink ? await reading(path, () => Deno.realPath(path)) : join(real, name);
      if (!chain.includes(inside)) await visit(root, `${relative}/`, [...chain, inside], walk);
    }
  }
}

/** The target of a link; undefined for a dangling link or one to itself. */
async function targetOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) {
      return undefined;
    }
    throw await cannotRead(path, error);
  }
}

async function reading<Result>(path: string, body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    throw await cannotRead(path, error);
  }
}
