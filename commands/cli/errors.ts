/**
 * Errors of a command: one line, and an exit status for scripts.
 *
 * Status 2 means that the command line is wrong, status 1 any other error. A stack trace is useful only to developers, so
 * it is shown with `--verbose`.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { escaped } from "../../core/quoted.ts";
import { isMissing, reason } from "../../files/reason.ts";

export { reason };

/** The command line itself is wrong: an unknown flag, a missing or an impossible value. Exit status 2. */
export class UsageError extends Error {
  /** The name shown in stack traces. */
  override name = "UsageError";
}

/** The status the program ends with: 0 when the reader of its output has exited (`generate | head`). */
export function exitStatus(error: unknown): 0 | 1 | 2 {
  if (error instanceof Deno.errors.BrokenPipe) return 0;
  return error instanceof UsageError ? 2 : 1;
}

/** The longest message: with `error: ` it stays below 1,000 characters. Quoted values are shortened before. */
const MAX_MESSAGE_LENGTH = 980;

/** The text to print for an error: one line, or with `verbose` the whole stack and its causes; none for a closed pipe. */
export function describeError(error: unknown, verbose: boolean = false): string {
  if (error instanceof Deno.errors.BrokenPipe) return "";
  if (verbose) return Deno.inspect(error);
  const message = error instanceof Error ? error.message || error.name : String(error);
  const line = escaped(message.slice(0, 2 * MAX_MESSAGE_LENGTH).trim().replace(/\s*[\r\n]\s*/g, " "));
  return `error: ${line.length > MAX_MESSAGE_LENGTH ? line.slice(0, MAX_MESSAGE_LENGTH - 1) + "…" : line}`;
}

/** Prints a line to standard error. Failures are ignored: a closed terminal must not prevent a run from being saved. */
export function printDiagnostic(text: string): void {
  try {
    console.error(text);
  } catch {
    return;
  }
}

/**
 * The error for a file or folder that cannot be read. When it is missing, the nearest existing name is suggested, if it is
 * of the wanted kind.
 */
export async function cannotRead(
  path: string,
  error: unknown,
  wanted: keyof typeof SUITABLE = "any",
): Promise<Error> {
  const near = isMissing(error) ? await nearestPath(path, wanted) : undefined;
  const isBelowFile = (error as { readonly code?: string }).code === "ENOTDIR" && await isFile(path);
  const why = isBelowFile ? `it is a file, expected ${FOLDERS[wanted]}` : reason(error);
  return new Error(`Cannot read ${path}: ${why}${near ? `; did you mean ${near}?` : ""}`, { cause: error });
}

/** What the folder is where a file was named in its place. */
const FOLDERS = {
  any: "a folder",
  file: "a folder",
  text: "a folder",
  checkpoint: "the folder of a model or of a run",
  tokenizer: "the folder of a tokenizer, or its tokenizer.json",
} as const;

/** Whether a path may be suggested, by what is wanted. */
const SUITABLE = {
  any: () => true,
  file: isFile,
  /** A file, or a folder with texts. */
  text: async (path: string) =>
    await isFile(path) || (await namesIn(path)).some((name) => name.endsWith(".txt")),
  /** A checkpoint, or the folder of a run. */
  checkpoint: (path: string) => holdsOne(path, ["config.json", "model.safetensors"]),
  /** A tokenizer.json, or a folder with a tokenizer: its own, a checkpoint, or a run. */
  tokenizer: async (path: string) =>
    basename(path) === "tokenizer.json" || await holdsOne(path, ["tokenizer.json", "vocab.json"]),
} as const;

async function isFile(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => undefined))?.isFile ?? false;
}

async function holdsOne(path: string, names: readonly string[]): Promise<boolean> {
  const folders = [path, join(path, "best"), join(path, "last")];
  const found = folders.flatMap((folder) => names.map((name) => isFile(join(folder, name))));
  return (await Promise.all(found)).includes(true);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder)).catch(() => [])).map(({ name }) => name).sort();
}

/** The suitable path with the nearest name, in the same folder or, for a checkpoint, in runs/. */
async function nearestPath(path: string, wanted: keyof typeof SUITABLE): Promise<string | undefined> {
  const folder: string = dirname(path), name: string = basename(path);
  for (const parent of folder === "." && wanted === "checkpoint" ? [folder, "runs"] : [folder]) {
    const names = (await namesIn(parent)).filter((name) => !name.startsWith("."));
    for (let near = nearest(name, names); near !== undefined; near = nearest(name, names)) {
      const found: string = join(parent, near);
      if (await SUITABLE[wanted](found)) return found;
      names.splice(names.indexOf(near), 1);
    }
  }
}

/**
 * The word that was most probably meant: one that begins with what was typed, or differs from it by a few characters;
 * undefined if none is near.
 */
export function nearest(typed: string, words: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const word of words) {
    const distance = typed.length > 2 && word.startsWith(typed) ? 1 : editDistance(typed, word);
    if (distance < bestDistance) [best, bestDistance] = [word, distance];
  }
  return bestDistance <= 1 + typed.length / 4 ? best : undefined;
}

/** The number of insertions, deletions, replacements and swaps of neighbours between two words. */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= from.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = rows[i - 1][j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      rows[i][j] = Math.min(replace, rows[i - 1][j] + 1, rows[i][j - 1] + 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[from.length][to.length];
}
