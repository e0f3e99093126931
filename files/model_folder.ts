/**
 * Models in folders: saving one with its tokenizer, and loading it again.
 *
 * @module
 */
import { join } from "node:path";
import { modelFiles, trainingFiles } from "../checkpoints/checkpoint.ts";
import type { Backend } from "../core/backend.ts";
import type { ParameterStore } from "../core/module.ts";
import { openBackend } from "../core/open_backend.ts";
import type { TextModel } from "../inference/generate_text.ts";
import type { Experiment } from "../models/experiment.ts";
import type { Model, ModelKind, ModelsByKind } from "../models/families.ts";
import type { BaseTokenizer } from "../tokenizers/base_tokenizer.ts";
import type { TrainingRun } from "../training/train.ts";
import { openCheckpoint, readCheckpoint } from "./checkpoint_folder.ts";
import { entryAt, type FolderFiles } from "./disk.ts";
import { pathsOf } from "./folder_names.ts";
import { refuseForeign, SaveError, saveFolder } from "./folders.ts";
import { reason } from "./reason.ts";
import { withSums } from "../checkpoints/sums.ts";

/**
 * What is saved: a model with its parameters and its tokenizer.
 *
 * @category Files
 */
export interface SavableModel {
  /** The device. */
  readonly backend: Backend;
  /** The model. */
  readonly model: Pick<Model, "config" | "experiment">;
  /** Its parameters: those of a `TrainingRun`, or what `initialize` gives. */
  readonly store: ParameterStore;
  /** Its tokenizer. */
  readonly tokenizer: BaseTokenizer;
  /** The run that trains it. Then the state of training is saved, too, from which `restoreTraining` goes on. */
  readonly run?: TrainingRun;
}

/**
 * A model in a folder that was loaded, on a device. It can be saved again.
 *
 * @category Files
 */
export interface LoadedFolder<Kind extends ModelKind = ModelKind>
  extends TextModel<ModelsByKind[Kind]>, SavableModel {
  /** The model. */
  readonly model: ModelsByKind[Kind];
  /** Its tokenizer. */
  readonly tokenizer: BaseTokenizer;
  /** The folder that it was found in: of a run, that of the checkpoint. */
  readonly path: string;
}

/**
 * How a folder is loaded.
 *
 * @category Files
 */
export interface LoadFolderOptions<Kind extends ModelKind = ModelKind> {
  /** Where to put the model; the device that `openBackend()` takes, unless given. */
  readonly backend?: Backend;
  /** What the model must be for; anything unless given. */
  readonly kind?: Kind;
  /** The experiment that the model was saved with, if it was. */
  readonly experiment?: Experiment;
}

/** The save of each folder that has not ended. */
const saving = new Map<string, Promise<void>>();

/**
 * Saves a model with its tokenizer as a Hugging Face folder, which `transformers` loads, too.
 *
 * A folder is saved whole or not at all: whenever the process ends, {@linkcode loadFolder} reads the new model or the one
 * before. What else the folder of a model holds stays there; any other folder that is not empty is refused. Two processes must not save the same folder at once.
 *
 * @example
 * ```ts ignore
 * import { saveModel } from "@miniformer/miniformer/files";
 *
 * await saveModel("models/cats", { backend, model, store: run.store, tokenizer }); // after training, see README.md
 * ```
 *
 * @param folder The folder. It and those it lies in are made where they are missing.
 * @param saved The model and its tokenizer; with `run`, what training needs, too.
 * @throws {SaveError} If the folder cannot be saved; what was there before is unharmed.
 * @throws {RangeError} If the tokenizer has more tokens than the model.
 * @category Files
 */
export async function saveModel(folder: string, saved: SavableModel): Promise<void> {
  const { backend, model, store, tokenizer, run } = saved, { vocabSize } = model.config;
  if (tokenizer.vocabSize > vocabSize) {
    throw new RangeError(
      `Cannot save ${folder}: the tokenizer has ${tokenizer.vocabSize} tokens, the model ${vocabSize}: ` +
        "they do not belong together",
    );
  }
  const plain = { ...await modelFiles(backend, model, store), ...tokenizer.toHuggingFace() };
  const files = run ? withSums({ ...plain, ...await trainingFiles(run) }) : plain;
  await saveInTurn(pathsOf(folder).folder, files);
}

/** Replaces the folder of a model, and refuses any other that holds something. */
async function replaceModel(folder: string, files: FolderFiles): Promise<void> {
  try {
    const isModel = await entryAt(join(folder, "config.json")) !== undefined;
    if (!isModel) await refuseForeign(folder, new Set(Object.keys(files)));
  } catch (error) {
    throw new SaveError(`Cannot save ${folder}: ${reason(error)}`, { cause: error });
  }
  await saveFolder(folder, files, { foreign: "keep" });
}

/** Saves of one folder wait for each other. */
async function saveInTurn(folder: string, files: FolderFiles): Promise<void> {
  const before = saving.get(folder) ?? Promise.resolve();
  const own = before.catch(() => {}).then(() => replaceModel(folder, files));
  saving.set(folder, own);
  try {
    await own;
  } finally {
    if (saving.get(folder) === own) saving.delete(folder);
  }
}

/**
 * Loads a model with its tokenizer: from a folder of {@linkcode saveModel}, a run or checkpoint of the command line, or a
 * Hugging Face folder. Files that the command line, or `saveModel` with a run, has saved are compared with their checksums.
 *
 * @example
 * ```ts ignore
 * import { generateText, loadFolder } from "@miniformer/miniformer/files";
 *
 * const loaded = await loadFolder("runs/tales");
 * for await (const piece of generateText(loaded, { prompt: "One sunny day" })) console.log(piece);
 * loaded.backend.close();
 * ```
 *
 * @param folder The folder.
 * @param options Device, expected kind and experiment.
 * @returns Model, tokenizer and parameters on the device. Close the backend at the end.
 * @throws {Error} If the folder cannot be read, or holds no model that fits; the message names folder and file.
 * @category Files
 */
export async function loadFolder<Kind extends ModelKind = ModelKind>(
  folder: string,
  { backend: given, ...expected }: LoadFolderOptions<Kind> = {},
): Promise<LoadedFolder<Kind>> {
  const found = await readCheckpoint(folder), backend = given ?? await openBackend();
  try {
    return { ...openCheckpoint(backend, found, expected), backend, path: found.path };
  } catch (error) {
    if (!given) backend.close();
    throw error;
  }
}
