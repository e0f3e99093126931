/**
 * Where a run is kept.
 *
 * @module
 */
import { basename } from "@std/path";
import { printDiagnostic, UsageError } from "../cli/errors.ts";
import { Interrupt, InterruptedError } from "../cli/interrupt.ts";
import { RunFolder } from "./run_folder.ts";

/**
 * Does something in the folder of a run, whose lock is held meanwhile. When that fails, or a signal ends it before
 * anything was saved, a new folder in which nothing was saved is removed again.
 *
 * @param place `resume`: the run that goes on; else `asked`: the folder that was asked for, if one was, or `name`: what to
 * name it by
 * @param body what to do
 * @throws {Error} when the folder is taken, in use or cannot be made, or what the body throws
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { inRunFolder } from "./run_place.ts";
 *
 * const parent = await Deno.makeTempDir(), asked = `${parent}/mine`;
 * const fail = () => Promise.reject(new Error("no luck"));
 * await assertRejects(() => inRunFolder({ asked, name: "mine" }, fail), Error, "no luck");
 * assertEquals(await Array.fromAsync(Deno.readDir(parent)), []);
 * await Deno.remove(parent);
 * ```
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
    folder.abandon();
    if (!(error instanceof InterruptedError)) throw error;
    printDiagnostic(`${error.message}: ${"resume" in place ? "the run is as it was" : "nothing is kept"}.`);
    Deno.exitCode = error.status;
  }
}

/**
 * The name of a run that learns from some data.
 *
 * @param data the files; none for the built-in tales
 * @returns such as `my_novel` for `books/my_novel.txt`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { runName } from "./run_place.ts";
 *
 * assertEquals([[], ["books/my_novel.txt", "more.txt"], ["*.md"]].map(runName), ["tales", "my_novel", "run"]);
 * ```
 */
export function runName(data: readonly string[]): string {
  if (data.length === 0) return "tales";
  const name = basename(data[0]).replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}_.-]+/gu, "-");
  return /[\p{L}\p{N}]/u.test(name) ? name : "run";
}

/**
 * The folder that a new run was told to take.
 *
 * @param flags its name or its folder, if one of them was given
 * @returns the folder, or undefined
 * @throws {UsageError} when both are given, or the name is no name
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { folderOf } from "./run_place.ts";
 *
 * assertEquals([{ name: "mine" }, { out: "../mine" }, {}].map(folderOf), ["runs/mine", "../mine", undefined]);
 * assertThrows(() => folderOf({ name: "../mine" }), Error, "--out takes a path");
 * ```
 */
export function folderOf({ name, out }: { name?: string; out?: string }): string | undefined {
  if (name !== undefined && out !== undefined) {
    throw new UsageError("--name and --out both say where: give one");
  }
  if (name !== undefined && !/^[^/\\]*[^/\\.][^/\\]*$/.test(name)) {
    throw new UsageError(`--name is "${name}": expected a name for a folder in runs/; --out takes a path`);
  }
  return out ?? (name && `runs/${name}`);
}
