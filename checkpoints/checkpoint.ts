/**
 * A checkpoint is a Hugging Face folder: what `transformers` loads, and what resuming needs.
 *
 *     config.json             the model's sizes, in Hugging Face's words
 *     model.safetensors       the parameters, under Hugging Face's names
 *     tokenizer.json, …       added by the caller
 *     optimizer.safetensors   what the optimizer keeps about every parameter, under our names
 *     training_state.json     the step, and the settings it was reached with
 *
 * The first two are in `model_files.ts`. Those of a model that Hugging Face's format cannot express are in our own words
 * instead, which `transformers` refuses, see `experiment_format.ts`.
 *
 * This file turns a run into named byte arrays and back; where they are kept is the caller's business, so it works in a
 * browser as well. Whatever does not fit is refused by file and tensor, before anything is changed.
 *
 * @module
 */

import { quoted, shortened } from "../core/quoted.ts";
import {
  type CheckpointFiles,
  inFile,
  readBytes,
  readJson,
  TRAINING_STATE,
  trainingStateName,
} from "./checkpoint_files.ts";
import { flatten, readOptimizerState, readParameters } from "./checkpoint_tensors.ts";
import { loadModel, restoreModel } from "./model_files.ts";
import { type NamedArray, readTensorEntries, writeSafetensors } from "./safetensors.ts";
import type { SavedLossScale } from "../kernels/optimizers/loss_scale.ts";
import type { TrainingRun } from "../training/train.ts";

export {
  loadConfig,
  type LoadedModel,
  loadModel,
  type LoadOptions,
  loadSavedExperiment,
  modelFiles,
  type ModelFilesOptions,
  restoreModel,
} from "./model_files.ts";
export type { SavedExperiment } from "./experiment_format.ts";
export type { CheckpointFiles };

/**
 * What `training_state.json` holds.
 *
 * @category Checkpoints
 */
export interface TrainingState {
  /** Updates done. */
  readonly step: number;
  /** Of a run in half precision. */
  readonly lossScale?: SavedLossScale;
  /** Whatever else the caller saves with it. */
  readonly [key: string]: unknown;
}

/**
 * The files that training needs to go on from here.
 *
 * @param run The run.
 * @param state What else to save; the step is the run's own.
 * @returns `optimizer.safetensors` and `training_state.json`.
 * @category Checkpoints
 */
export async function trainingFiles(
  run: TrainingRun,
  state: Record<string, unknown> = {},
): Promise<CheckpointFiles> {
  const { backend, store, optimizer } = run;
  const lossScale = await run.lossScale?.save();
  const arrays: NamedArray[] = [];
  for (const [name, tensor] of Object.entries(optimizer.state)) {
    arrays.push(...await readParameters(backend, tensor, store, `${name}.`));
  }
  return {
    "optimizer.safetensors": writeSafetensors(arrays),
    [TRAINING_STATE]: JSON.stringify({ ...state, lossScale, step: run.step }, null, 2) + "\n",
  };
}

/**
 * Reads `training_state.json`, or in earlier checkpoints `trainer_state.json`.
 *
 * @param files The files of a checkpoint.
 * @returns Its content.
 * @throws {TypeError} If it is missing or damaged.
 * @category Checkpoints
 */
export function loadTrainingState(files: CheckpointFiles): TrainingState {
  const name = trainingStateName(files), state = readJson(files, name), { step } = state;
  if (!Number.isSafeInteger(step) || step as number < 0) {
    throw new TypeError(`${name}: step is ${quoted(step)}, expected an integer of 0 or more`);
  }
  return state as unknown as TrainingState;
}

/** Refuses weights that were rounded when they were saved: a run that goes on from them is another one. */
function expectExact(bytes: Uint8Array): void {
  inFile("model.safetensors", () => {
    for (const { name, dtype } of readTensorEntries(bytes).values()) {
      if (!["F16", "BF16"].includes(dtype)) continue;
      throw new TypeError(
        `tensor ${shortened(name)} is ${dtype}, and resuming needs F32, which last/ of the run has`,
      );
    }
  });
}

function readLossScale(files: CheckpointFiles): SavedLossScale {
  const { lossScale } = loadTrainingState(files), { scale, steps } = lossScale ?? {};
  if (!(Number.isFinite(scale) && scale! > 0 && Number.isSafeInteger(steps) && steps! >= 0)) {
    throw new TypeError(
      `${trainingStateName(files)}: lossScale is ${
        quoted(lossScale)
      }, expected the scale and steps of a run in f16`,
    );
  }
  return lossScale!;
}

/**
 * Sets a run back to where a checkpoint was written: parameters, the state of the optimizer, the loss scale, and step.
 *
 * @param run A new run with the same model and settings. Make it with `allocateParameters(backend, model)`: initial values
 * would be overwritten.
 * @param files The files of the checkpoint.
 * @throws {TypeError} If a file is missing, damaged, or does not fit the model; nothing is changed then.
 * @category Checkpoints
 */
export function restoreTraining(run: TrainingRun, files: CheckpointFiles): void {
  const { backend, store, optimizer } = run, { step } = loadTrainingState(files);
  const bytes = readBytes(files, "optimizer.safetensors"), lossScale = run.lossScale && readLossScale(files);
  const state = inFile("optimizer.safetensors", () => {
    const names = Object.keys(optimizer.state), arrays = readOptimizerState(bytes, store, names);
    return names.map((name) => ({ name, values: flatten(store, arrays, `${name}.`) }));
  });
  expectExact(readBytes(files, "model.safetensors"));
  restoreModel(backend, store, loadModel(files, { experiment: run.model.experiment }).weights);
  for (const { name, values } of state) backend.write(optimizer.state[name], values);
  if (lossScale) run.lossScale!.restore(lossScale);
  run.step = step;
}
