/**
 * Reading the folder of a model: a checkpoint, the folder of a run that has several, or any Hugging Face folder.
 *
 * @module
 */
import { join } from "node:path";
import { type CheckpointFiles, loadModel, restoreModel } from "../checkpoints/checkpoint.ts";
import { PYTORCH_FILES, SHARD_INDEX, shardNames } from "../checkpoints/weight_files.ts";
import { FORMER_TRAINING_STATE, TRAINING_STATE } from "../checkpoints/checkpoint_files.ts";
import type { Backend } from "../core/backend.ts";
import { allocateParameters, type ParameterStore } from "../core/module.ts";
import type { Experiment } from "../models/experiment.ts";
import { buildModel, type ModelKind, type ModelsByKind } from "../models/families.ts";
import type { BaseTokenizer } from "../tokenizers/base_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { entryAt, lenientJson } from "./disk.ts";
import { CHECKPOINT_FILES, pathsOf, TOKENIZER_INPUT_FILES } from "./folder_names.ts";
import { readFolder } from "./folders.ts";
import { isMissing } from "./reason.ts";
import { checkSums } from "../checkpoints/sums.ts";

/** Files and the folder they were found in. */
export interface FoundFolder {
  readonly path: string;
  readonly files: CheckpointFiles;
}

/** Of these files a checkpoint has one at least. */
const NEEDED = ["config.json", "model.safetensors", SHARD_INDEX];

/** The files that using a model needs, ours or those of another program, and the one that holds the checksums. */
const MODEL_FILES = [...NEEDED, ...TOKENIZER_INPUT_FILES, TRAINING_STATE, FORMER_TRAINING_STATE];

/** How a checkpoint is looked for. */
export interface FindOptions {
  /** Which checkpoints of a run to look for, in this order, unless it is the run that decides. */
  readonly prefer?: readonly string[];
  /** Whether to read what training needs, too. */
  readonly training?: boolean;
}

/** Finds and reads a checkpoint, or one of those in the folder of a run, and checks its checksums. */
export async function readCheckpoint(
  path: string,
  { prefer: asked, training = false }: FindOptions = {},
): Promise<FoundFolder> {
  const prefer = asked ?? await preferredIn(path);
  const names = training ? CHECKPOINT_FILES : MODEL_FILES;
  const found = await findFolder(path, { names, needed: NEEDED, among: prefer });
  if (found === undefined) {
    const folders = prefer.map((name) => `${name}/`).join(" or ");
    throw new Error(
      `Cannot read ${path}: it holds no checkpoint: expected config.json and model.safetensors, or ${folders}`,
    );
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
  for (const name of PYTORCH_FILES) if (await entryAt(join(path, name))) files[name] = "";
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
      if (candidate === folder || !isMissing((error as Error).cause)) throw error;
    }
  }
}

/** Reads the tokenizer of a checkpoint, or of the folder of a tokenizer. */
export function tokenizerOf({ path, files }: FoundFolder): BaseTokenizer {
  const texts: Record<string, string> = {}, decoder = new TextDecoder();
  for (const name of TOKENIZER_INPUT_FILES) {
    if (files[name] !== undefined) texts[name] = decoder.decode(files[name] as Uint8Array);
  }
  return withPathInErrors(path, () => loadTokenizer(texts));
}

/** Puts the model of a checkpoint on a device, and reads its tokenizer. A model of another kind is refused. */
export function openCheckpoint<Kind extends ModelKind>(
  backend: Backend,
  found: FoundFolder,
  { kind, experiment }: { readonly kind?: Kind; readonly experiment?: Experiment } = {},
): { model: ModelsByKind[Kind]; store: ParameterStore; tokenizer: BaseTokenizer } {
  const { path, files } = found;
  const { config, weights } = withPathInErrors(path, () => loadModel(files, { kind, experiment }));
  const tokenizer = tokenizerOf(found);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new Error(
      `${path}: the tokenizer has ${tokenizer.vocabSize} tokens, the model ${config.vocabSize}: ` +
        "they do not belong together",
    );
  }
  const model = withPathInErrors(path, () => buildModel<Kind>(config, experiment));
  const store = allocateParameters(backend, model);
  withPathInErrors(path, () => restoreModel(backend, store, weights));
  return { model, store, tokenizer };
}

/** Calls the body; an error that it throws is thrown anew with the path before its message, and the advice after it. */
export function withPathInErrors<Result>(path: string, body: () => Result, advice: string = ""): Result {
  try {
    return body();
  } catch (error) {
    throw new Error(`Cannot use ${path}: ${(error as Error).message}${advice}`, { cause: error });
  }
}
