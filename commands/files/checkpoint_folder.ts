/**
 * Reading checkpoints: the folder of a run, one of the checkpoints in it, or any Hugging Face folder.
 *
 * @module
 */
import { allocateParameters } from "../../core/module.ts";
import type { Backend } from "../../core/backend.ts";
import type { Experiment } from "../../models/experiment.ts";
import { buildModel, expectKind, kindOf, type ModelKind, type ModelsByKind } from "../../models/families.ts";
import type { BpeTokenizer } from "../../tokenizers/bpe_tokenizer.ts";
import type { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../../tokenizers/hugging_face.ts";
import { type CheckpointFiles, loadConfig, loadModel, restoreModel } from "../../checkpoints/checkpoint.ts";
import { FORMER_TRAINING_STATE, TRAINING_STATE } from "../../checkpoints/checkpoint_files.ts";
import { entryAt } from "./disk.ts";
import { cannotRead } from "../cli/errors.ts";
import { readFolder } from "./folders.ts";
import { CHECKPOINT_FOLDERS, CHECKPOINT_NAMES, placesOf, TOKENIZER_INPUT_NAMES } from "./own_names.ts";
import { checkSums } from "./sums.ts";

/** The files of a checkpoint and where they were found. */
export interface FoundCheckpoint {
  /** The folder they are in. */
  readonly path: string;
  /** Their content. */
  readonly files: CheckpointFiles;
  /** The experiment that the model is loaded with, see block_file.ts. */
  readonly experiment?: Experiment;
}

/** The files that using a model needs, ours or those of another program, and the one that holds the checksums. */
const MODEL_NAMES = [
  "config.json",
  "model.safetensors",
  ...TOKENIZER_INPUT_NAMES,
  TRAINING_STATE,
  FORMER_TRAINING_STATE,
];

/**
 * Finds and reads a checkpoint.
 *
 * @param path a checkpoint, or the folder of a run
 * @param options `prefer`: which checkpoints of a run to look for, in this order; `training`: whether to read what
 * training needs, too
 * @returns its files
 * @throws {Error} when there is none, it cannot be read, or a checksum does not match
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { findCheckpoint } from "./checkpoint_folder.ts";
 *
 * await assertRejects(() => findCheckpoint("commands"), Error, "Cannot read commands: it holds no checkpoint");
 * ```
 */
export async function findCheckpoint(
  path: string,
  options: { prefer?: readonly string[]; training?: boolean } = {},
): Promise<FoundCheckpoint> {
  const { prefer = ["best", "last"], training = false } = options;
  const folder = path.replace(/(?<=.)[/\\]+$/, "");
  const names = training ? CHECKPOINT_NAMES : MODEL_NAMES;
  let problem: unknown;
  for (const place of [folder, ...prefer.map((name) => `${folder}/${name}`)]) {
    try {
      const files = await readFolder(place, { names });
      if (!Object.hasOwn(files, "config.json") && !Object.hasOwn(files, "model.safetensors")) continue;
      await checkSums(place, files);
      return { path: place, files };
    } catch (error) {
      const { cause } = error as Error;
      if (!(cause instanceof Deno.errors.NotFound)) throw error;
      problem ??= place === folder ? error : undefined;
    }
  }
  if (problem) throw await cannotRead(path, (problem as Error).cause, "checkpoint");
  throw await cannotRead(
    path,
    new Error(
      `it holds no checkpoint: expected config.json and model.safetensors, or ${
        prefer.map((name) => `${name}/`).join(" or ")
      }`,
    ),
  );
}

/**
 * The run that trained last, of those that have saved a checkpoint.
 *
 * @returns its folder
 * @throws {Error} when there is no run in runs/
 */
export async function newestRun(): Promise<string> {
  const runs: { path: string; time: number }[] = [];
  for (const { name } of await Array.fromAsync(Deno.readDir("runs")).catch(() => [])) {
    const path = `runs/${name}`, info = await Deno.stat(`${path}/metrics.jsonl`).catch(() => undefined);
    if (info && await holdsCheckpoint(path)) runs.push({ path, time: info.mtime?.getTime() ?? 0 });
  }
  runs.sort((a, b) => b.time - a.time);
  if (runs.length > 0) return runs[0].path;
  throw new Error(
    "There is no run in runs/ yet: train one with deno task train, or name a folder with --checkpoint",
  );
}

async function holdsCheckpoint(path: string): Promise<boolean> {
  for (const name of CHECKPOINT_FOLDERS) {
    const { folder, former } = placesOf(`${path}/${name}`);
    for (const place of [folder, former]) if (await entryAt(`${place}/config.json`)) return true;
  }
  return false;
}

/**
 * Reads the tokenizer of a checkpoint.
 *
 * @param checkpoint the checkpoint
 * @returns the tokenizer
 * @throws {Error} when there is none, or it is broken
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
 * import { tokenizerOf } from "./checkpoint_folder.ts";
 *
 * const files = CharTokenizer.fromText("abc").toHuggingFace();
 * const bytes = { "tokenizer.json": new TextEncoder().encode(files["tokenizer.json"]) };
 * assertEquals(tokenizerOf({ path: "runs/mine", files: bytes }).vocabSize, 3);
 * ```
 */
export function tokenizerOf({ path, files }: FoundCheckpoint): BpeTokenizer | CharTokenizer {
  const texts: Record<string, string> = {}, decoder = new TextDecoder();
  for (const name of TOKENIZER_INPUT_NAMES) {
    if (files[name] !== undefined) texts[name] = decoder.decode(files[name] as Uint8Array);
  }
  return naming(path, () => loadTokenizer(texts));
}

/** The command that uses a model of each kind. */
const servants: Readonly<Record<ModelKind, string>> = {
  causal: "generate",
  masked: "fill-mask",
  classifier: "classify",
};

/** A model on a device, and its tokenizer. */
export interface OpenedModel<Kind extends ModelKind> {
  /** The model. */
  readonly model: ModelsByKind[Kind];
  /** The tokenizer. */
  readonly tokenizer: BpeTokenizer | CharTokenizer;
}

/**
 * Puts the model of a checkpoint on a device.
 *
 * @param backend the device
 * @param checkpoint the checkpoint
 * @param kind what the model must be for
 * @returns model and tokenizer
 * @throws {Error} when a file is missing, damaged, or does not fit the others, or the model is for something else
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { CpuBackend } from "../../core/cpu_backend.ts";
 * import { openModel } from "./checkpoint_folder.ts";
 *
 * const open = () => openModel(new CpuBackend(), { path: "runs/mine", files: {} }, "causal");
 * assertThrows(open, Error, "Cannot use runs/mine: config.json is missing");
 * ```
 */
export function openModel<Kind extends ModelKind>(
  backend: Backend,
  checkpoint: FoundCheckpoint,
  kind: Kind,
): OpenedModel<Kind> {
  const { path, files, experiment } = checkpoint;
  naming(path, () => checkKind(checkpoint, kind));
  const { config, weights } = naming(path, () => loadModel(files, { kind, experiment }));
  const tokenizer = tokenizerOf(checkpoint);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new Error(
      `${path}: the tokenizer has ${tokenizer.vocabSize} tokens and the model knows ${config.vocabSize}: ` +
        "they do not belong together",
    );
  }
  const model = naming(path, () => buildModel(config, experiment)) as ModelsByKind[Kind];
  const store = allocateParameters(backend, model);
  naming(path, () => restoreModel(backend, store, weights));
  return { model, tokenizer };
}

/** Throws for a model of another kind, with the command that it is for. */
function checkKind({ files, experiment }: FoundCheckpoint, kind: ModelKind): void {
  const config = loadConfig(files, { experiment });
  try {
    expectKind(config, kind);
  } catch (error) {
    throw new TypeError(`${(error as Error).message}; deno task ${servants[kindOf(config)]} uses it`);
  }
}

/**
 * Does something with files, and names their folder when it fails.
 *
 * @param path the folder
 * @param body what to do
 * @returns what it returns
 * @throws {Error} when it throws
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { naming } from "./checkpoint_folder.ts";
 *
 * const read = () => naming("runs/mine", () => JSON.parse("{"));
 * assertThrows(read, Error, "Cannot use runs/mine: Expected property name");
 * ```
 */
export function naming<Result>(path: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw new Error(`Cannot use ${path}: ${(error as Error).message}`, { cause: error });
  }
}
