/**
 * The files of a model: `config.json` and `model.safetensors`.
 *
 * They are Hugging Face's, and theirs are read as well. A model with an experiment, or a classifier by the mean of its
 * tokens, has no name there: its files are in our own words, see `experiment_format.ts`.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { namedParameters, type Parameter, type ParameterStore } from "../core/module.ts";
import { shortened } from "../core/quoted.ts";
import type { Experiment } from "../models/experiment.ts";
import {
  buildModel,
  type ConfigsByKind,
  expectKind,
  type Model,
  type ModelConfig,
  type ModelKind,
} from "../models/families.ts";
import { type CheckpointFiles, inFile, readJson } from "./checkpoint_files.ts";
import { expectShape, flatten, readParameters } from "./checkpoint_tensors.ts";
import {
  expectExperiment,
  fromConfigJson,
  hasOwnFormat,
  ownTensors,
  readSavedExperiment,
  type SavedExperiment,
  toConfigJson,
} from "./experiment_format.ts";
import {
  exportTensors,
  type HostTensor,
  importShapes,
  importTensors,
  settleTied,
  usedTensors,
} from "./hugging_face/tensors.ts";
import { type SavedType, writeSafetensors } from "./safetensors.ts";
import { openWeights } from "./weight_files.ts";

/**
 * A model read from a checkpoint, not yet on a device.
 *
 * @category Checkpoints
 */
export interface LoadedModel<Config extends ModelConfig = ModelConfig> {
  /** Its sizes. */
  readonly config: Config;
  /** What to build it with in place of its family's parts: the experiment that was given. */
  readonly experiment?: Experiment;
  /** Its parameters, by our names. */
  readonly weights: ReadonlyMap<string, HostTensor>;
}

/**
 * What is expected of a checkpoint.
 *
 * @category Checkpoints
 */
export interface LoadOptions<Kind extends ModelKind = ModelKind> {
  /** What the model must be for; anything unless given. */
  readonly kind?: Kind;
  /** The experiment that the model was saved with. A checkpoint holds its name and hash, and never its code. */
  readonly experiment?: Experiment;
}

/**
 * How a model is written.
 *
 * @category Checkpoints
 */
export interface ModelFilesOptions {
  /**
   * What its numbers are rounded to; f32 unless given. Half the size serves for everything but resuming: that needs the
   * numbers as they were.
   */
  readonly type?: SavedType;
}

/** The names that transformers gives to the types. */
const TORCH_TYPES: Readonly<Record<SavedType, string>> = { f32: "float32", f16: "float16", bf16: "bfloat16" };

/**
 * The files that hold a model.
 *
 * @param backend Where it lives.
 * @param model The model: its sizes, and its experiment if it has one.
 * @param store Its parameters.
 * @param options In what type.
 * @returns `config.json` and `model.safetensors`.
 * @throws {RangeError} If the format cannot express the model, or the type one of its numbers.
 * @throws {TypeError} If the parameters are not those of a model with this configuration: as its checkpoint, they would be
 * refused, or load as another model.
 * @category Checkpoints
 */
export async function modelFiles(
  backend: Backend,
  { config, experiment }: Pick<Model, "config" | "experiment">,
  store: ParameterStore,
  { type = "f32" }: ModelFilesOptions = {},
): Promise<CheckpointFiles> {
  const parameters = await readParameters(backend, store.values, store);
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  expectParameters(namedParameters(buildModel(config, experiment)), byName);
  const isOwn = hasOwnFormat(config, experiment), tensors = isOwn ? byName : exportTensors(config, byName);
  const arrays = Array.from(tensors, ([name, tensor]) => ({ ...tensor, name }));
  const typed = type === "f32" || isOwn ? {} : { dtype: TORCH_TYPES[type] }; // for transformers; our reader sees the tensors
  return {
    "config.json": JSON.stringify({ ...toConfigJson(config, experiment), ...typed }, null, 2) + "\n",
    "model.safetensors": writeSafetensors(arrays, type),
  };
}

/** Refuses to save parameters that are not those of a model. */
function expectParameters(expected: readonly Parameter[], actual: ReadonlyMap<string, HostTensor>): void {
  const names = new Set(expected.map(({ name }) => name));
  const unknown = [...actual.keys()].find((name) => !names.has(name));
  try {
    for (const { name, shape } of expected) expectShape(name, actual.get(name)?.shape, shape);
    if (unknown !== undefined) throw new TypeError(`tensor ${shortened(unknown)} belongs to no part of it`);
  } catch (error) {
    throw new TypeError(
      `Cannot save a model that is not the one of its configuration: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * The experiment that a checkpoint was saved with. This needs no experiment, and checks nothing else.
 *
 * @param files At least `config.json`.
 * @returns Its name and hash, or nothing if the model has the parts of its family.
 * @throws {TypeError} If the file is missing or damaged.
 * @category Checkpoints
 */
export function loadSavedExperiment(files: CheckpointFiles): SavedExperiment | undefined {
  const json = readJson(files, "config.json");
  return inFile("config.json", () => readSavedExperiment(json));
}

/**
 * Reads the sizes of a model from the files of a checkpoint.
 *
 * @example
 * ```ts
 * import { loadConfig } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(loadConfig({ "config.json": `{ "model_type": "gpt2", "n_layer": 3 }` }).layers, 3);
 * ```
 *
 * @param files At least `config.json`.
 * @param options What the model must be for, and the experiment that it was saved with.
 * @returns The sizes.
 * @throws {TypeError} If the file is missing or damaged, describes another kind of model, or one with another experiment.
 * @category Checkpoints
 */
export function loadConfig<Kind extends ModelKind = ModelKind>(
  files: CheckpointFiles,
  { kind, experiment }: LoadOptions<Kind> = {},
): ConfigsByKind[Kind] {
  const json = readJson(files, "config.json");
  return inFile("config.json", () => {
    expectExperiment(readSavedExperiment(json), experiment);
    const config = fromConfigJson(json);
    return kind === undefined ? config as ConfigsByKind[Kind] : expectKind(config, kind);
  });
}

/**
 * Reads a model from the files of a checkpoint: ours, or a Hugging Face folder.
 *
 * @example A model with an experiment is loaded with the same experiment
 * ```ts
 * import { buildModel, CpuBackend, Gpt, initialize, loadModel, modelFiles, NoPositions, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const experiment = { name: "without_positions", positions: () => new NoPositions() };
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 5 }, experiment);
 * const files = await modelFiles(backend, model, initialize(backend, model, 1));
 * const loaded = loadModel(files, { experiment });
 * assertEquals(buildModel(loaded.config, loaded.experiment).experiment, experiment);
 * assertThrows(() => loadModel(files), TypeError, 'saved with the experiment "without_positions"');
 * ```
 *
 * @param files At least `config.json` and `model.safetensors`, or in place of the latter an index and its shards.
 * @param options What the model must be for, and the experiment that it was saved with.
 * @returns Sizes and parameters.
 * @throws {TypeError} If a file is missing or damaged, describes another kind of model or one with another experiment, or
 * holds numbers that are not finite; the message names file and tensor.
 * @category Checkpoints
 */
export function loadModel<Kind extends ModelKind = ModelKind>(
  files: CheckpointFiles,
  options: LoadOptions<Kind> = {},
): LoadedModel<ConfigsByKind[Kind]> {
  const declaredConfig = loadConfig(files, options), { experiment } = options;
  const stored = openWeights(files, declaredConfig), { entries } = stored;
  return inFile(stored.file, () => {
    // The headers are compared with the config before a model of its size is allocated or any data is read.
    const parametersOf = (config: ModelConfig) =>
      inFile("config.json", () => namedParameters(buildModel(config, experiment)));
    if (hasOwnFormat(declaredConfig, experiment)) {
      const names = ownTensors(parametersOf(declaredConfig), entries).keys();
      return { config: declaredConfig, experiment, weights: stored.read(names) };
    }
    const config = settleTied(declaredConfig, entries, (name) => stored.read([name]).get(name)!.data);
    const used = usedTensors(config, entries), shapes = importShapes(config, used);
    for (const { name, shape } of parametersOf(config)) expectShape(name, shapes.get(name), shape);
    return { config, weights: importTensors(config, stored.read(used.keys())) };
  });
}

/**
 * Writes loaded parameters into a model whose parameters are allocated, by `allocateParameters` or `initialize`.
 *
 * @param backend Where the model lives.
 * @param store Its parameters.
 * @param weights From {@linkcode loadModel}.
 * @throws {TypeError} If a tensor is missing or has another shape; nothing is changed then.
 * @category Checkpoints
 */
export function restoreModel(backend: Backend, store: ParameterStore, weights: LoadedModel["weights"]): void {
  backend.write(store.values, inFile("model.safetensors", () => flatten(store, weights)));
}
