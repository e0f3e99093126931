/**
 * A checkpoint is a Hugging Face folder: what `transformers` loads, and what resuming needs.
 *
 *     config.json             the model's sizes, in Hugging Face's words
 *     model.safetensors       the parameters, under Hugging Face's names
 *     tokenizer.json, …       added by the caller
 *     optimizer.safetensors   both moments of every parameter, under our names
 *     trainer_state.json      the step, and the settings it was reached with
 *
 * The first two are in `model_files.ts`. Those of a model with an experiment are in our own words instead, which
 * `transformers` refuses, see `experiment_format.ts`.
 *
 * This file turns a run into named byte arrays and back; where they are kept is the caller's business, so it works in a
 * browser as well. Whatever does not fit is refused by file and tensor, before anything is changed.
 *
 * @module
 */

import { quoted } from "../core/quoted.ts";
import { type CheckpointFiles, inFile, readBytes, readJson } from "./checkpoint_files.ts";
import { flatten, readMoments, readParameters } from "./checkpoint_tensors.ts";
import { loadModel, restoreModel } from "./model_files.ts";
import { writeSafetensors } from "./safetensors.ts";
import type { TrainingRun } from "../training/train.ts";

export {
  loadConfig,
  type LoadedModel,
  loadModel,
  type LoadOptions,
  loadSavedExperiment,
  modelFiles,
  restoreModel,
} from "./model_files.ts";
export type { SavedExperiment } from "./experiment_format.ts";
export type { CheckpointFiles };

/** What `trainer_state.json` holds. */
export interface TrainerState {
  /** Updates done. */
  readonly step: number;
  /** Whatever else the caller wants to find again. */
  readonly [key: string]: unknown;
}

/**
 * The files that training needs to go on from here.
 *
 * @param run The run.
 * @param state What else to remember; the step is the run's own.
 * @returns `optimizer.safetensors` and `trainer_state.json`.
 */
export async function trainingFiles(
  run: TrainingRun,
  state: Record<string, unknown> = {},
): Promise<CheckpointFiles> {
  const { backend, store, optimizer } = run;
  const mean = await readParameters(backend, optimizer.mean, store, "mean.");
  const square = await readParameters(backend, optimizer.square, store, "square.");
  return {
    "optimizer.safetensors": writeSafetensors([...mean, ...square]),
    "trainer_state.json": JSON.stringify({ ...state, step: run.step }, null, 2) + "\n",
  };
}

/**
 * Reads `trainer_state.json`.
 *
 * @param files The files of a checkpoint.
 * @returns Its content.
 * @throws {TypeError} If it is missing or damaged.
 */
export function loadTrainerState(files: CheckpointFiles): TrainerState {
  const state = readJson(files, "trainer_state.json");
  const { step } = state;
  if (!Number.isSafeInteger(step) || step as number < 0) {
    throw new TypeError(`trainer_state.json: step is ${quoted(step)}, expected an integer of 0 or more`);
  }
  return state as unknown as TrainerState;
}

/**
 * Sets a run back to where a checkpoint was written: parameters, moments and step.
 *
 * @param run A new run with the same model and settings. Make it with `allocateParameters(backend, model)`: initial values
 * would be overwritten.
 * @param files The files of the checkpoint.
 * @throws {TypeError} If a file is missing, damaged, or does not fit the model; nothing is changed then.
 */
export function restoreTraining(run: TrainingRun, files: CheckpointFiles): void {
  const { backend, store, optimizer } = run, { step } = loadTrainerState(files);
  const bytes = readBytes(files, "optimizer.safetensors");
  const { mean, square } = inFile("optimizer.safetensors", () => {
    const moments = readMoments(bytes, store);
    return { mean: flatten(store, moments, "mean."), square: flatten(store, moments, "square.") };
  });
  restoreModel(backend, store, loadModel(files, { experiment: run.model.experiment }).weights);
  backend.write(optimizer.mean, mean);
  backend.write(optimizer.square, square);
  run.step = step;
}
