/**
 * Reading checkpoints: the folder of a run, one of the checkpoints in it, or any Hugging Face folder. What the library has
 * of it is `files/checkpoint_folder.ts`; here are the messages of a command line.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { loadConfig } from "../../checkpoints/checkpoint.ts";
import type { Backend } from "../../core/backend.ts";
import {
  findFolder,
  type FindOptions,
  type FoundFolder,
  openCheckpoint,
  readCheckpoint,
  tokenizerOf,
  withPathInErrors,
} from "../../files/checkpoint_folder.ts";
import { isMissing } from "../../files/reason.ts";
import type { Experiment } from "../../models/experiment.ts";
import { expectKind, kindOf, type ModelKind, type ModelsByKind } from "../../models/families.ts";
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { cannotRead } from "../cli/errors.ts";
import { quote } from "../cli/terminal.ts";
import { isAnyThere } from "./disk.ts";
import {
  CHECKPOINT_FOLDERS,
  checkpointNamed,
  type FolderPaths,
  pathsOf,
  RUNS,
  TOKENIZER_INPUT_FILES,
} from "./own_names.ts";

export { type FoundFolder, tokenizerOf, withPathInErrors };

/** The files of a checkpoint and the folder they were found in. */
export interface FoundCheckpoint extends FoundFolder {
  /** The experiment that the model is loaded with, see block_file.ts. */
  readonly experiment?: Experiment;
}

/** Finds and reads a checkpoint, or one of those in the folder of a run, and checks its checksums. */
export async function findCheckpoint(path: string, options: FindOptions = {}): Promise<FoundCheckpoint> {
  await refusePytorchFile(path, options.training ? "resume" : "checkpoint");
  return await withSuggestion(path, "checkpoint", () => readCheckpoint(path, options));
}

/** Reads the files of a tokenizer from a folder or, where it is that of a run, from its checkpoints. */
export function findTokenizer(path: string): Promise<FoundFolder | undefined> {
  const options = { names: TOKENIZER_INPUT_FILES, among: ["best", "last"] };
  return withSuggestion(path, "tokenizer", () => findFolder(path, options));
}

/** Adds to the error of a folder that is missing which one was probably meant. */
async function withSuggestion<Result>(
  path: string,
  kind: "checkpoint" | "tokenizer",
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: string } };
    throw isMissing(cause) || cause?.code === "ENOTDIR" ? await cannotRead(path, cause, kind) : error;
  }
}

/** The files that a model is saved in by programs in PyTorch. */
const PYTORCH_FILE = /\.(pt|pth|ckpt|pkl)$/i;

/**
 * Refuses a PyTorch file, whether it is there or not, and says what to type instead: the newest run, or its checkpoint that
 * the name of the file suggests, if it has that.
 */
export async function refusePytorchFile(path: string, flag: "checkpoint" | "resume"): Promise<void> {
  if (!PYTORCH_FILE.test(path) || (await Deno.stat(path).catch(() => undefined))?.isDirectory) return;
  const newest = await findNewestRun(), run = newest ?? `${RUNS}/NAME`;
  const name: string = basename(path), epoch = name.match(/epoch\D?(\d+)/i)?.[1];
  const isBest = flag === "checkpoint" && /best/i.test(name);
  const meant = epoch ? `epoch-${epoch}` : isBest ? "best" : undefined;
  const isThere = meant !== undefined && await isAnyThere([`${run}/${meant}/config.json`]);
  const notes = [
    newest === undefined ? "once deno task train has made that run" : undefined,
    epoch && !isThere ? `a run with --save-every epoch keeps its ${meant}/, too` : undefined,
  ].filter((note) => note !== undefined);
  throw new Error(
    `Cannot use ${path}: a model is a folder here, and no PyTorch file is read; ` +
      `type --${flag} ${[quote(isThere ? `${run}/${meant}` : run), ...notes].join(", ")}`,
  );
}

/**
 * The paths of the checkpoints of a run: of `last` and `best`, whether they are there or not, and of its epochs, the newest
 * first, also under the name of an interrupted save.
 */
export async function checkpointsOf(run: string): Promise<FolderPaths[]> {
  const names = new Set<string>();
  const entries = await Array.fromAsync(Deno.readDir(run)).catch(() => []);
  for (const { name } of entries) {
    const checkpoint = checkpointNamed(name);
    if (checkpoint !== undefined && !CHECKPOINT_FOLDERS.includes(checkpoint)) names.add(checkpoint);
  }
  const number = (name: string) => Number(name.slice("epoch-".length));
  const epochs = [...names].sort((a, b) => number(b) - number(a));
  return [...CHECKPOINT_FOLDERS, ...epochs].map((name) => pathsOf(join(run, name)));
}

/** The folder of the run that trained last, of those in `runs/` that have saved a checkpoint; undefined where there is none. */
export async function findNewestRun(): Promise<string | undefined> {
  const runs: { path: string; time: number }[] = [];
  for (const { name } of await Array.fromAsync(Deno.readDir(RUNS)).catch(() => [])) {
    const path = `${RUNS}/${name}`, info = await Deno.stat(`${path}/metrics.jsonl`).catch(() => undefined);
    const folders = (await checkpointsOf(path)).flatMap(({ folder, former }) => [folder, former]);
    const isSaved = await isAnyThere(folders.map((folder) => `${folder}/config.json`));
    if (info && isSaved) runs.push({ path, time: info.mtime?.getTime() ?? 0 });
  }
  return runs.sort((a, b) => b.time - a.time)[0]?.path;
}

/** The same; an error where there is none. */
export async function newestRun(): Promise<string> {
  const newest = await findNewestRun();
  if (newest !== undefined) return newest;
  throw new Error(
    "There is no run in runs/ yet: train one with deno task train, or name the folder of one elsewhere",
  );
}

/** The command that uses a model of each kind. */
const COMMANDS: Readonly<Record<ModelKind, string>> = {
  causal: "generate",
  masked: "fill-mask",
  classifier: "classify",
};

/** Puts the model of a checkpoint on a device, and reads its tokenizer. A model of another kind is refused with the command that uses it. */
export function openModel<Kind extends ModelKind>(
  backend: Backend,
  checkpoint: FoundCheckpoint,
  kind: Kind,
): { model: ModelsByKind[Kind]; tokenizer: BaseTokenizer } {
  const { path, files, experiment } = checkpoint;
  const found = withPathInErrors(path, () => loadConfig(files, { experiment }));
  withPathInErrors(path, () => expectKind(found, kind), `; deno task ${COMMANDS[kindOf(found)]} uses it`);
  return openCheckpoint(backend, checkpoint, { kind, experiment });
}
