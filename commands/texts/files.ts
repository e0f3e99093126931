/**
 * Reads the texts of the command line: files, folders, globs.
 *
 * @module
 */
import { globToRegExp, isGlob, join, normalize } from "@std/path";
import { decodeUtf8, InvalidUtf8Error, type Utf8Options } from "../../tokenizers/utf8_text.ts";
import { cannotRead, printDiagnostic } from "../cli/errors.ts";
import { openFile } from "../files/open_file.ts";

/** A text and its file. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** Reads all texts of files, folders and globs, as {@linkcode findFiles} orders them. Empty files are left out. */
export async function readTexts(patterns: readonly string[], options?: Utf8Options): Promise<SourceText[]> {
  const texts: SourceText[] = [];
  for (const path of await findFiles(patterns)) {
    const text = await readWhole(path, options);
    if (text !== "") texts.push({ path, text });
  }
  if (texts.length === 0) throw new Error(`Cannot read ${patterns.join(", ")}: all files are empty`);
  return texts;
}

/** Reads one text file that must not be empty, without a byte order mark. */
export async function readText(path: string): Promise<string> {
  const text = await readWhole(path);
  if (text === "") throw new Error(`Cannot read ${path}: the file is empty`);
  return text;
}

/** The most characters of a string in V8. */
const MAX_STRING_LENGTH = 2 ** 29 - 24;

async function readWhole(path: string, options?: Utf8Options): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  for await (const part of textChunks(path, options)) {
    length += part.length;
    if (length > MAX_STRING_LENGTH) {
      throw new Error(
        `Cannot read ${path}: it has more than ${MAX_STRING_LENGTH} characters; split it into several files`,
      );
    }
    parts.push(part);
  }
  return parts.join("");
}

/** The text of a file in pieces of about a million characters that never split one, without a byte order mark. */
export async function* textChunks(path: string, options?: Utf8Options): AsyncGenerator<string> {
  try {
    yield* decodeUtf8(pieces(path), options);
  } catch (error) {
    if (!(error instanceof InvalidUtf8Error)) throw error;
    const advice = error.byte === undefined ? "" : ", or give --replace-invalid to read such bytes as U+FFFD";
    throw new Error(`Cannot read ${path}: ${error.message}${advice}`, { cause: error });
  }
}

async function* pieces(path: string): AsyncGenerator<Uint8Array> {
  using file = await openFile(path);
  const buffer = new Uint8Array(2 ** 20);
  for (;;) {
    const count = await file.read(buffer).catch(async (error) => {
      throw await cannotRead(path, error);
    });
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}

/**
 * The files that paths, folders (all `.txt` files in them, at any depth) and globs such as `texts/*.md` or `**\/*.txt` stand
 * for: in the order of the patterns and sorted within each, none of them twice. A pattern must match a file.
 *
 * Symbolic links are followed, except those to a parent folder. Dangling links are skipped and listed on standard error.
 */
export async function findFiles(patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const info = await Deno.stat(pattern).catch((error: Error) => error), isMissing = info instanceof Error;
    if (isMissing && !isGlob(pattern)) throw await cannotRead(pattern, info, "text");
    if (!isMissing && !info.isDirectory) {
      found.add(pattern);
      continue;
    }
    const [folder, glob] = isMissing ? splitGlob(pattern) : [pattern, "**/*.txt"];
    const matching: RegExp = globToRegExp(glob);
    const paths = (await filesBelow(folder)).filter((path) => matching.test(path));
    if (paths.length === 0) {
      const advice = isMissing ? "no file matches" : "no .txt files in it; name others, such as FOLDER/*.md";
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

/** The most visits to one folder: through folders that link to each other, the number of paths is exponential. */
const MAX_VISITS = 64;

/** The files below a folder, relative to it. Hidden files are omitted; dangling links are skipped with a note. */
async function filesBelow(root: string): Promise<string[]> {
  const files: string[] = [], dangling: string[] = [], visits = new Map<string, number>();
  /** Lists the files in a folder; `chain` holds the real paths of the folder and of those above it. */
  const visit = async (below: string, chain: readonly string[]): Promise<void> => {
    const folder: string = join(root, below), real = chain[chain.length - 1];
    const count = (visits.get(real) ?? 0) + 1;
    if (count > MAX_VISITS) {
      throw new Error(
        `Cannot read ${root}: ${real} is reached through links by more than ${MAX_VISITS} paths; name that folder instead`,
      );
    }
    visits.set(real, count);
    for (const { name, isSymlink, isDirectory } of await reading(folder, listed)) {
      if (name.startsWith(".")) continue;
      const inner: string = below === "" ? name : `${below}/${name}`, path: string = join(root, inner);
      const target = isSymlink ? await reading(path, targetOf) : { isDirectory };
      if (target === undefined) dangling.push(path);
      else if (!target.isDirectory) files.push(inner);
      else {
        // A link to a folder above it would be followed forever.
        const inside = isSymlink ? await reading(path, Deno.realPath) : join(real, name);
        if (!chain.includes(inside)) await visit(inner, [...chain, inside]);
      }
    }
  };
  await visit("", [await reading(root, Deno.realPath)]);
  if (dangling.length > 0) {
    const others = dangling.length > 3 ? ` and ${dangling.length - 3} others` : "";
    printDiagnostic(`Skipped dangling links: ${dangling.slice(0, 3).join(", ")}${others}`);
  }
  return files;
}

async function listed(folder: string): Promise<Deno.DirEntry[]> {
  return await Array.fromAsync(Deno.readDir(folder));
}

/** The target of a link; undefined for a dangling link or one to itself. */
async function targetOf(path: string): Promise<Deno.FileInfo | undefined> {
  return await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) {
      return undefined;
    }
    throw error;
  });
}

async function reading<Result>(path: string, read: (path: string) => Promise<Result>): Promise<Result> {
  try {
    return await read(path);
  } catch (error) {
    throw await cannotRead(path, error);
  }
}
