/**
 * Where a run is kept.
 *
 * @module
 */
import { basename } from "@std/path";
import { printDiagnostic, UsageError } from "../cli/errors.ts";
import { Interrupt, InterruptedError } from "../cli/interrupt.ts";
import { RUNS } from "../files/own_names.ts";
import { RunFolder } from "./run_folder.ts";

/**
 * Does something in the folder of a run, whose lock is held meanwhile: of one that is resumed, or a new one, in the folder
 * that was asked for or one named after the data. When that fails, or a signal ends it before anything was saved, a new
 * folder is removed again.
 */
export async function inRunFolder(
  place: { readonly resume: string } | { readonly asked?: string; readonly name: string },
  body: (folder: RunFolder, interrupt: Interrupt) => Promise<void>,
): Promise<void> {
  using interrupt = new Interrupt();
  using folder = "resume" in place
    ? await RunFolder.open(place.resume)
    : await RunFolder.create(place.asked, place.name);
  try {
    await body(folder, interrupt);
  } catch (error) {
    await folder.abandon();
    if (!(error instanceof InterruptedError)) throw error;
    printDiagnostic(`${error.message}: ${"resume" in place ? "the run is as it was" : "nothing is kept"}.`);
    Deno.exitCode = error.status;
  }
}

/** The name of a run on these files, such as `my_novel` for `books/my_novel.txt`; without files, on the built-in tales. */
export function runName(data: readonly string[]): string {
  if (data.length === 0) return "tales";
  const name = basename(data[0]).replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}_.-]+/gu, "-");
  return /[\p{L}\p{N}]/u.test(name) ? name : "run";
}

/** The folder of a new run that `--name` or `--out` gives, if there is one of them. */
export function folderOf({ name, out }: { name?: string; out?: string }): string | undefined {
  if (name === undefined) return out;
  if (out !== undefined) throw new UsageError("--name and --out both say where: give one");
  if (!/^[^/\\]*[^/\\.][^/\\]*$/.test(name)) {
    throw new UsageError(`--name is "${name}": expected a name for a folder in runs/; --out takes a path`);
  }
  return `${RUNS}/${name}`;
}
