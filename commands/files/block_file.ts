/**
 * `--block`: a file of the user's with parts of a model. It is run only because the command line names it; a checkpoint
 * holds its name and SHA-256, and never its code.
 *
 * @module
 */
import { basename, resolve, toFileUrl } from "@std/path";
import { loadSavedExperiment } from "../../checkpoints/checkpoint.ts";
import { checkExperiment, type Experiment, PART_NAMES } from "../../models/experiment.ts";
import { cannotRead } from "../cli/errors.ts";
import { findCheckpoint, type FoundCheckpoint, naming, newestRun } from "./checkpoint_folder.ts";
import { readBytes } from "./disk.ts";
import { sumOf } from "./sums.ts";

/** The copy of the file in the folder of a run. */
export const BLOCK_COPY = "block.ts";

/** A file with parts of a model. */
export interface BlockFile {
  /** The parts, under the name of the file. */
  readonly experiment: Experiment;
  /** Its content. */
  readonly bytes: Uint8Array;
}

/**
 * Loads the parts in a file.
 *
 * @param path the file: a module that exports `block`, `positions`, `embeddingNorm` or `finalNorm`, or its block as default
 * @returns the parts
 * @throws {Error} when it cannot be read or run, or exports none of them
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { readBlock } from "./block_file.ts";
 *
 * await assertRejects(() => readBlock("commands/files/disk.ts"), Error, "exports no part of a model");
 * ```
 */
export async function readBlock(path: string): Promise<BlockFile> {
  const bytes = await readBytes(path).catch(async (error) => {
    throw await cannotRead(path, error);
  });
  const sha256 = await sumOf(bytes), { href } = toFileUrl(resolve(path));
  const exported: Record<string, unknown> = await import(href).catch((error) => {
    throw new Error(`Cannot run ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  });
  const parts = Object.fromEntries(
    PART_NAMES.map((name) => [name, exported[name] ?? (name === "block" ? exported.default : undefined)])
      .filter(([, part]) => part !== undefined),
  );
  if (Object.keys(parts).length === 0) {
    throw new TypeError(
      `Cannot use ${path}: it exports no part of a model, expected one of ${PART_NAMES.join(", ")}`,
    );
  }
  const experiment = { name: basename(path).replace(/\.[^.]*$/, ""), sha256, ...parts };
  naming(path, () => checkExperiment(experiment));
  return { experiment, bytes };
}

/**
 * Gives a checkpoint the parts that it was trained with.
 *
 * @param checkpoint the checkpoint
 * @param block the file that was given with `--block`, if one was
 * @returns the checkpoint, which can be loaded with its experiment
 * @throws {Error} when the checkpoint was trained with another file, or one is missing, or given without need
 */
export async function withBlock<Found extends FoundCheckpoint>(
  checkpoint: Found,
  block?: string,
): Promise<Found> {
  const { path, files } = checkpoint, saved = naming(path, () => loadSavedExperiment(files));
  if (saved === undefined && block === undefined) return checkpoint;
  const copy = `a copy of it is ${BLOCK_COPY} in the folder of the run`;
  if (block === undefined) {
    throw new Error(
      `Cannot use ${path}: it was trained with --block ${saved!.name}.ts (SHA-256 ${saved!.sha256}): ` +
        `give that file; ${copy}`,
    );
  }
  if (saved === undefined) {
    throw new Error(`Cannot use ${path} with --block ${block}: it was trained without; leave --block out`);
  }
  const { experiment } = await readBlock(block);
  if (experiment.sha256 !== saved.sha256) {
    throw new Error(
      `Cannot use ${path} with --block ${block}, whose SHA-256 is ${experiment.sha256}: it was trained with ` +
        `${saved.name}.ts, SHA-256 ${saved.sha256}; ${copy}`,
    );
  }
  return { ...checkpoint, experiment: { ...experiment, name: saved.name } };
}

/**
 * Finds the trained model that a command is to use.
 *
 * @param flags its folder, the newest run unless given; and the file with the parts it was trained with, if it has any
 * @returns the checkpoint
 * @throws {Error} when there is none, or it was trained with another file
 */
export async function findModel({ checkpoint, block }: ModelFlags): Promise<FoundCheckpoint> {
  return await withBlock(await findCheckpoint(checkpoint ?? await newestRun()), block);
}

/** The flags that name a trained model. */
export interface ModelFlags {
  /** Its folder. */
  readonly checkpoint?: string;
  /** The file with its parts. */
  readonly block?: string;
}
