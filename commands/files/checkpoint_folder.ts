/**
 * Reading checkpoints: the folder of a run, one of the checkpoints in it, or any Hugging Face folder.
 *
 * @module
 */
import { basename, join } from "@std/path";
import type { BaseTokenizer } from "../../tokenizers/base_tokenizer.ts";
import { allocateParameters } from "../../core/module.ts";
import type { Backend } from "../../core/backend.ts";
import type { Experiment } from "../../models/experiment.ts";
import { buildModel, expectKind, kindOf, type ModelKind, type ModelsByKind } from "../../models/families.ts";
import { loadTokenizer } from "../../tokenizers/hugging_face/hugging_face.ts";
import { type CheckpointFiles, loadConfig, loadModel, restoreModel } from "../../checkpoints/checkpoint.ts";
import { PYTORCH_FILES, SHARD_INDEX, shardNames } from "../../checkpoints/weight_files.ts";
import { FORMER_TRAINING_STATE, TRAINING_STATE } from "../../checkpoints/checkpoint_files.ts";
import { cannotRead } from "../cli/errors.ts";
import { quote } from "../cli/terminal.ts";
import { isAnyThere, lenientJson } from "./disk.ts";
import { readFolder } from "./folders.ts";
import {
  CHECKPOINT_FILES,
  CHECKPOINT_FOLDERS,
  checkpointNamed,
  type FolderPaths,
  pathsOf,
  RUNS,
  TOKENIZER_INPUT_FILES,
} from "./own_names.ts";
import { checkSums } from "./sums.ts";

/** Files and the folder they were found in. */
export interface FoundFolder {
  readonly path: string;
  readonly files: CheckpointFiles;
}

/** The files of a checkpoint and the folder they were found in. */
export interface FoundCheckpoint extends FoundFolder {
  /** The experiment that the model is loaded with, see block_file.ts. */
  readonly experiment?: Experiment;
}

/** Of these files a checkpoint has one at least. */
const NEEDED = ["config.json", "model.safetensors", SHARD_INDEX];

/** The files that using a model needs, ours or those of another program, and the one that holds the checksums. */
const MODEL_FILES = [...NEEDED, ...TOKENIZER_INPUT_FILES, TRAINING_STATE, FORMER_TRAINING_STATE];

/**
 * Finds and reads a checkpoint, or one of those in the folder of a run, and checks its checksums.
 *
 * @param options `prefer`: which checkpoints of a run to look for, in this order, unless it is the run that decides;
 * `training`: whether to read what training needs, too
 */
export async function findCheckpoint(
  path: string,
  { prefer: asked, training = false }: {
    readonly prefer?: readonly string[];
    readonly training?: boolean;
  } = {},
): Promise<FoundCheckpoint> {
  await refusePytorchFile(path, training ? "resume" : "checkpoint");
  const prefer = asked ?? await preferredIn(path);
  const names = training ? CHECKPOINT_FILES : MODEL_FILES;
  const found = await findFolder(path, "checkpoint", { names, needed: NEEDED, among: prefer });
  if (found === undefined) {
    const folders = prefer.map((name) => `${name}/`).join(" or ");
    const expected = `it holds no checkpoint: expected config.json and model.safetensors, or ${folders}`;
    throw await cannotRead(path, new Error(expected));
  }
  if (!training) await addWeights(found);
  await checkSums(found.path, found.files);
  return found;
}

/** Reads the shards that the index names. Of weights in a format that is not read only the name is added. */
async function addWeights({ path, files }: FoundFolder): Promise<void> {
  if (Object.hasOwn(files, "model.safetensors")) return;
  const names = withPathInErrors(path, () => shardNames(files));
  Object.assign(files, names.length === 0 ? {} : await readFolder(path, { names }));
  for (const name of PYTORCH_FILES) if (await isAnyThere([join(path, name)])) files[name] = "";
}

/** The checkpoints of a run, the one to use first: the best, unless `last/` says that there was too little text to choose by. */
async function preferredIn(run: string): Promise<readonly string[]> {
  const files = await readFolder(`${pathsOf(run).folder}/last`, { names: [TRAINING_STATE] }).catch(() =>
    undefined
  );
  return lenientJson(files?.[TRAINING_STATE]).prefer === "last" ? ["last", "best"] : ["best", "last"];
}

/** Reads files of these names from a folder or one of those in it: from the first that has one of the files needed. */
export async function findFolder(
  path: string,
  kind: "checkpoint" | "tokenizer",
  { names, needed = names, among }: {
    readonly names: readonly string[];
    readonly needed?: readonly string[];
    readonly among: readonly string[];
  },
): Promise<FoundFolder | undefined> {
  const { folder } = pathsOf(path);
  for (const candidate of [folder, ...among.map((name) => `${folder}/${name}`)]) {
    try {
      const files = await readFolder(candidate, { names });
      if (needed.some((name) => Object.hasOwn(files, name))) return { path: candidate, files };
    } catch (error) {
      const { cause } = error as Error;
      if (!(cause instanceof Deno.errors.NotFound)) throw error;
      if (candidate === folder) throw await cannotRead(path, cause, kind);
    }
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

/** Reads the tokenizer of a checkpoint, or of the folder of a tokenizer. */
export function tokenizerOf({ path, files }: FoundFolder): BaseTokenizer {
  const texts: Record<string, string> = {}, decoder = new TextDecoder();
  for (const name of TOKENIZER_INPUT_FILES) {
    if (files[name] !== undefined) texts[name] = decoder.decode(files[name] as Uint8Array);
  }
  return withPathInErrors(path, () => loadTokenizer(texts));
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
  const { config, weights } = withPathInErrors(path, () => loadModel(files, { kind, experiment }));
  const tokenizer = tokenizerOf(checkpoint);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new Error(
      `${path}: the tokenizer has ${tokenizer.vocabSize} tokens, the model ${config.vocabSize}: ` +
        "they do not belong together",
    );
  }
  const model = withPathInErrors(path, () => buildModel<Kind>(config, experiment));
  const store = allocateParameters(backend, model);
  withPathInErrors(path, () => restoreModel(backend, store, weights));
  return { model, tokenizer };
}

/** Calls the body; an error that it throws is thrown anew with the path before its message, and the advice after it. */
export function withPathInErrors<Result>(path: string, body: () => Result, advice: string = ""): Result {
  try {
    return body();
  } catch (error) {
    throw new Error(`Cannot use ${path}: ${(error as Error).message}${advice}`, { cause: error });
  }
}
