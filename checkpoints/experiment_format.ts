/**
 * The files of a model that Hugging Face's format cannot express, in our own words: one with an experiment, or a classifier
 * by the mean of its tokens.
 *
 * Hugging Face's names would be wrong here: a custom function with the same tensors would load there, silently, as a
 * plain GPT-2, and a RoBERTa would classify by its first token. So `config.json` has a `model_type` that `transformers`
 * refuses, the name of the experiment if there is one, and the SHA-256 of the file that it came from; `model.safetensors`
 * has every parameter under our name, as it is in memory.
 *
 *     { "model_type": "miniformer", "experiment": { "name": "without_norm", "sha256": "…" }, "architecture": "gpt2", … }
 *     { "model_type": "miniformer", "architecture": "roberta", …, "pooling": "mean" }
 *
 * No code is saved, and none is run because a file names it: the experiment is given each time a model is loaded, and
 * compared with what was saved.
 *
 * @module
 */

import type { Parameter } from "../core/module.ts";
import { quoted, shortened } from "../core/quoted.ts";
import { type ActivationName, activations } from "../kernels/activations.ts";
import { PROBLEM_TYPES } from "../models/classifiers/classifier.ts";
import { checkExperiment, type Experiment } from "../models/experiment.ts";
import { ARCHITECTURES, type ModelConfig } from "../models/families.ts";
import { expectShape } from "./checkpoint_tensors.ts";
import { type ConfigJson, ConfigReader, MAX } from "./hugging_face/config_reader.ts";
import { formatOf, fromHuggingFaceConfig, toHuggingFaceConfig } from "./hugging_face/formats.ts";
import { definedOnly } from "./hugging_face/shared_fields.ts";
import type { TensorEntry } from "./safetensors.ts";

/**
 * What a checkpoint holds of an experiment.
 *
 * @category Checkpoints
 */
export type SavedExperiment = Pick<Experiment, "name" | "sha256">;

/** Our value of `model_type`. */
const MODEL_TYPE = "miniformer";

const OWN_ACTIVATIONS = Object.keys(activations) as ActivationName[];

/**
 * Whether the files of a model are in our own words, because Hugging Face's cannot express it.
 *
 * @param config Its sizes.
 * @param experiment What it was built with; nothing for a model with the parts of its family.
 * @returns True for one with an experiment, or with a pooling that Hugging Face has not.
 */
export function hasOwnFormat(config: ModelConfig, experiment?: Experiment): boolean {
  return experiment !== undefined || "pooling" in config && config.pooling === "mean";
}

/**
 * The `config.json` of a model.
 *
 * @example
 * ```ts
 * import { toConfigJson } from "./experiment_format.ts";
 * import { PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const config = { ...PRESETS.tiny.model, vocabSize: 5 };
 * assertEquals(toConfigJson(config).model_type, "gpt2");
 * assertEquals(toConfigJson(config, { name: "mine" }).model_type, "miniformer");
 * ```
 *
 * @param config Its sizes.
 * @param experiment What it was built with; nothing for a model with the parts of its family.
 * @returns An object to write as JSON.
 * @throws {RangeError} If neither format can express it.
 */
export function toConfigJson(config: ModelConfig, experiment?: Experiment): Record<string, unknown> {
  if (!hasOwnFormat(config, experiment)) return toHuggingFaceConfig(config);
  const { name, sha256 } = experiment ?? {};
  return { model_type: MODEL_TYPE, ...experiment && { experiment: { name, sha256 } }, ...config };
}

/**
 * The experiment in a `config.json`.
 *
 * @param json The parsed file.
 * @returns Its name and hash, or nothing if there is none: in a file of Hugging Face's format, or with a pooling of ours.
 * @throws {TypeError} If the file names an experiment that cannot be one.
 */
export function readSavedExperiment(json: ConfigJson): SavedExperiment | undefined {
  if (json.model_type !== MODEL_TYPE) return undefined;
  const { experiment } = json;
  if (experiment === undefined && (json.pooling ?? "first") !== "first") return undefined;
  if (typeof experiment !== "object" || experiment === null || Array.isArray(experiment)) {
    throw new TypeError(`experiment is ${quoted(experiment)}, expected an object with a name`);
  }
  const { name, sha256, ...others } = experiment as Record<string, unknown>, [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new TypeError(`experiment has a field ${quoted(unknown)}, expected name and sha256`);
  }
  const saved = { name, ...sha256 === undefined ? {} : { sha256 } } as SavedExperiment;
  checkExperiment(saved);
  return saved;
}

/**
 * Reads a `config.json`, ours or Hugging Face's.
 *
 * @param json The parsed file.
 * @returns The model's sizes.
 * @throws {TypeError} If it describes a model we do not build; the message names the field.
 */
export function fromConfigJson(json: ConfigJson): ModelConfig {
  if (json.model_type !== MODEL_TYPE) return fromHuggingFaceConfig(json);
  const file = new ConfigReader(json);
  const architecture = file.oneOf("architecture", ARCHITECTURES);
  const vocabSize = file.count("vocabSize", undefined, MAX.vocabSize);
  const labels = file.texts("labels", MAX.classes), padId = labels && file.id("padId", vocabSize);
  const config = {
    architecture,
    vocabSize,
    contextLength: file.count("contextLength", undefined, MAX.positions),
    layers: file.count("layers", undefined, MAX.layers),
    heads: file.count("heads", undefined, MAX.width),
    modelDim: file.count("modelDim", undefined, MAX.width),
    feedForwardDim: file.count("feedForwardDim", undefined, 4 * MAX.width),
    dropoutRate: file.rate("dropoutRate"),
    ...json.initialStd === undefined ? {} : { initialStd: file.initialStd("initialStd") },
    ...definedOnly({
      attentionDropoutRate: file.optional("attentionDropoutRate", (name) => file.rate(name)),
      embeddingDropoutRate: file.optional("embeddingDropoutRate", (name) => file.rate(name)),
      normEpsilon: file.optional("normEpsilon", (name) => file.positive(name)),
      activation: file.optional("activation", (name) => file.oneOf(name, OWN_ACTIVATIONS)),
      problemType: labels && file.optional("problemType", (name) => file.oneOf(name, PROBLEM_TYPES)),
    }),
    ...formatOf({ architecture }).ownFields(file, labels !== undefined),
    ...labels === undefined ? {} : { labels },
    ...padId === undefined ? {} : { padId },
  };
  file.expectNoOther(["model_type", "experiment"]);
  return config as ModelConfig;
}

/** An experiment in words. */
function described({ name, sha256 }: SavedExperiment): string {
  return `the experiment ${quoted(name)} (${
    sha256 === undefined ? "without a SHA-256" : `SHA-256 ${sha256}`
  })`;
}

/**
 * Compares the experiment that is given with the one in a checkpoint. Hashes are compared where both sides have one: an
 * experiment that was written inside a program has none.
 *
 * @example
 * ```ts
 * import { expectExperiment } from "./experiment_format.ts";
 * import { assertThrows } from "@std/assert";
 *
 * expectExperiment({ name: "mine" }, { name: "mine" });
 * assertThrows(() => expectExperiment({ name: "mine" }, { name: "other" }), TypeError, "given is");
 * ```
 *
 * @param saved What the checkpoint holds.
 * @param given What loading was given.
 * @throws {TypeError} If only one of them is there, or they differ; the message names both.
 */
export function expectExperiment(saved: SavedExperiment | undefined, given: Experiment | undefined): void {
  if (saved === undefined && given === undefined) return;
  if (given === undefined) {
    throw new TypeError(
      `the model was saved with ${
        described(saved!)
      }, whose code is not in the checkpoint: give it again to use the model`,
    );
  }
  if (saved === undefined) {
    throw new TypeError(
      `the model was saved without an experiment, given is ${described(given)}: leave it out`,
    );
  }
  const hashes = [saved.sha256, given.sha256].filter((hash) => hash !== undefined);
  if (saved.name === given.name && new Set(hashes).size <= 1) return;
  throw new TypeError(
    `the model was saved with ${described(saved)}, given is ${
      described(given)
    }: give the one it was trained with`,
  );
}

/**
 * Compares the tensors of a file with the parameters of a model.
 *
 * @param parameters The parameters.
 * @param tensors The entries in the header of the file, by name.
 * @returns The entries of all parameters, in the model's order.
 * @throws {TypeError} If a tensor is missing, of another shape, or belongs to no parameter.
 */
export function ownTensors(
  parameters: readonly Parameter[],
  tensors: ReadonlyMap<string, TensorEntry>,
): Map<string, TensorEntry> {
  const used = new Map<string, TensorEntry>();
  for (const { name, shape } of parameters) {
    const entry = tensors.get(name);
    expectShape(name, entry?.shape, shape);
    used.set(name, entry!);
  }
  const unknown = [...tensors.keys()].find((name) => !used.has(name));
  if (unknown !== undefined) {
    throw new TypeError(`tensor ${shortened(unknown)} belongs to no part of the model`);
  }
  return used;
}
