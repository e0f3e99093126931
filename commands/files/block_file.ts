/**
 * `--block`: a file of the user's with parts of a model. It is run only because the command line names it; a checkpoint
 * holds its name and SHA-256, and never its code.
 *
 * @module
 */
import { basename, dirname, join, resolve, toFileUrl } from "@std/path";
import { loadSavedExperiment } from "../../checkpoints/checkpoint.ts";
import { checkExperiment, type Experiment, PART_NAMES } from "../../models/experiment.ts";
import { cannotRead, printDiagnostic } from "../cli/errors.ts";
import {
  findCheckpoint,
  findNewestRun,
  type FoundCheckpoint,
  newestRun,
  withPathInErrors,
} from "./checkpoint_folder.ts";
import { entryAt, readBytes } from "./disk.ts";
import { expectFile } from "./open_file.ts";
import { BLOCK_COPY } from "./own_names.ts";
import { pretrainedFolder, type PretrainedName } from "./pretrained.ts";
import { sumOf } from "../../checkpoints/sums.ts";

/**
 * Loads the parts in a module that exports `block`, `positions`, `embeddingNorm` or `finalNorm`, or its block as default:
 * an experiment under the name of the file, and the bytes of the file.
 */
export async function readBlock(path: string): Promise<{ experiment: Experiment; bytes: Uint8Array }> {
  await expectFile(path);
  const bytes = await readBytes(path).catch(async (error) => {
    throw await cannotRead(path, error);
  });
  const sha256 = await sumOf(bytes), { href } = toFileUrl(resolve(path));
  const exported: Record<string, unknown> = await import(href).catch((error) => {
    const message = error instanceof Error ? error.message : error;
    throw new Error(`Cannot run ${path}: ${message}`, { cause: error });
  });
  const plain = (name: string) => name.toLowerCase().replaceAll("_", "");
  for (const name of Object.keys(exported)) {
    const meant = PART_NAMES.find((part) => part !== name && plain(part) === plain(name));
    if (meant) {
      throw new TypeError(
        `Cannot use ${path}: it exports ${name}, which has no effect; did you mean ${meant}?`,
      );
    }
  }
  const { block = exported.default } = exported;
  const parts = PART_NAMES.map((name) => [name, name === "block" ? block : exported[name]] as const)
    .filter(([, part]) => part !== undefined);
  if (parts.length === 0) {
    throw new TypeError(
      `Cannot use ${path}: it exports no part of a model, expected one of ${PART_NAMES.join(", ")}`,
    );
  }
  const name = basename(path).replace(/\.[^.]*$/, "");
  const experiment: Experiment = { name, sha256, ...Object.fromEntries(parts) };
  withPathInErrors(path, () => checkExperiment(experiment));
  return { experiment, bytes };
}

/**
 * Gives a checkpoint the parts that it was trained with, from the file that was given with `--block`. Refused are another
 * file than that of the training, none where one is needed, and one where none is.
 */
export async function withBlock<Found extends FoundCheckpoint>(
  checkpoint: Found,
  block?: string,
): Promise<Found> {
  const { path, files } = checkpoint, saved = withPathInErrors(path, () => loadSavedExperiment(files));
  if (saved === undefined) {
    if (block === undefined) return checkpoint;
    throw new Error(`Cannot use ${path} with --block ${block}: it was trained without; leave --block out`);
  }
  const copy = join(dirname(path), BLOCK_COPY),
    advice = await entryAt(copy) ? `; a copy of it is ${copy}` : "";
  if (block === undefined) {
    throw new Error(
      `Cannot use ${path}: it was trained with --block ${saved.name}.ts (SHA-256 ${saved.sha256}): ` +
        `give that file${advice}`,
    );
  }
  const { experiment } = await readBlock(block);
  if (experiment.sha256 !== saved.sha256) {
    throw new Error(
      `Cannot use ${path} with --block ${block}, whose SHA-256 is ${experiment.sha256}: it was trained with ` +
        `${saved.name}.ts, SHA-256 ${saved.sha256}${advice}`,
    );
  }
  return { ...checkpoint, experiment: { ...experiment, name: saved.name } };
}

/**
 * Finds the trained model that a command is to use, the newest run's unless its folder is given. Where there is no run yet, it
 * is one that comes with Miniformer, if one is named.
 */
export async function findModel(
  { checkpoint, block }: { readonly checkpoint?: string; readonly block?: string },
  pretrained?: PretrainedName,
): Promise<FoundCheckpoint> {
  const path = checkpoint ?? await findNewestRun() ?? usePretrained(pretrained) ?? await newestRun();
  return await withBlock(await findCheckpoint(path), block);
}

function usePretrained(name?: PretrainedName): string | undefined {
  const path = name && pretrainedFolder(name);
  if (path !== undefined) {
    printDiagnostic(
      `There is no trained model in runs/ yet: using ${path}, a model that comes with Miniformer`,
    );
  }
  return path;
}
