/**
 * The families of models in one table: what each learns, and how it is built. Outside this file and the families' own,
 * no code asks for an architecture by name.
 *
 * @module
 */

import {
  type Classifier,
  type ClassifierConfig,
  GptClassifier,
  type GptClassifierConfig,
  RobertaClassifier,
  type RobertaClassifierConfig,
} from "./classifier.ts";
import { Gpt, type GptConfig } from "./gpt.ts";
import { MaskedLanguageModel, type RobertaConfig } from "./roberta.ts";

/** The configuration of any model: a classifier is one that has labels. */
export type ModelConfig = GptConfig | RobertaConfig | ClassifierConfig;

/** What models are for, and the configurations of each kind. */
export interface ConfigsByKind {
  /** Predicts the next token. */
  causal: GptConfig;
  /** Tells what is hidden behind `<mask>`. */
  masked: RobertaConfig;
  /** Tells texts apart. */
  classifier: ClassifierConfig;
}

/** What a model is for. */
export type ModelKind = keyof ConfigsByKind;

const KIND_NAMES: Readonly<Record<ModelKind, string>> = {
  causal: "a causal language model, which predicts the next token",
  masked: "a masked language model, which fills <mask>",
  classifier: "a classifier",
};

/** What a language model learns to predict: the next token, or the tokens hidden behind `<mask>`. */
export type Objective = "causal" | "mlm";

/** What the library knows of a family of models. */
interface Family<Config extends ModelConfig, Labelled extends ClassifierConfig> {
  /** What its language models learn. */
  readonly objective: Objective;
  /** Builds a language model. */
  build(config: Config): Gpt | MaskedLanguageModel;
  /** Builds a classifier. */
  buildClassifier(config: Labelled): Classifier;
}

/** GPT-1 and GPT-2 differ in their blocks only, see `gpt.ts`. */
const GPT: Family<GptConfig, GptClassifierConfig> = {
  objective: "causal",
  build: (config) => new Gpt(config),
  buildClassifier: (config) => new GptClassifier(config),
};

const ROBERTA: Family<RobertaConfig, RobertaClassifierConfig> = {
  objective: "mlm",
  build: (config) => new MaskedLanguageModel(config),
  buildClassifier: (config) => new RobertaClassifier(config),
};

/** Every architecture with its family; what a checkpoint calls its tensors is in `checkpoints/hugging_face.ts`. */
const FAMILIES = { gpt1: GPT, gpt2: GPT, roberta: ROBERTA } as const satisfies Record<
  ModelConfig["architecture"],
  Family<never, never>
>;

/** The family of a model, for its own configurations only. */
function familyOf(
  { architecture }: Pick<ModelConfig, "architecture">,
): Family<ModelConfig, ClassifierConfig> {
  return FAMILIES[architecture] as Family<ModelConfig, ClassifierConfig>;
}

/**
 * What the language models of an architecture learn.
 *
 * @param config The architecture.
 * @returns The objective.
 */
export function objectiveOf(config: Pick<ModelConfig, "architecture">): Objective {
  return familyOf(config).objective;
}

/**
 * Tells what a model is for.
 *
 * @param config Its configuration.
 * @returns Its kind.
 */
export function kindOf(config: ModelConfig): ModelKind {
  if ("labels" in config) return "classifier";
  return objectiveOf(config) === "mlm" ? "masked" : "causal";
}

/**
 * Insists on a kind of model.
 *
 * @example
 * ```ts
 * import { expectKind, PRESETS } from "@miniformer/miniformer";
 * import { assertThrows } from "@std/assert";
 *
 * const config = { ...PRESETS.tiny.model, vocabSize: 10 };
 * assertThrows(() => expectKind(config, "masked"), TypeError, "expected a masked language model");
 * ```
 *
 * @param config The configuration of a model.
 * @param kind What it must be for.
 * @returns The same configuration.
 * @throws {TypeError} If it is for something else; the message says for what.
 */
export function expectKind<Kind extends ModelKind>(config: ModelConfig, kind: Kind): ConfigsByKind[Kind] {
  const found = kindOf(config);
  if (found === kind) return config as ConfigsByKind[Kind];
  throw new TypeError(`This is ${KIND_NAMES[found]}; expected ${KIND_NAMES[kind]}`);
}

/**
 * Builds the model of a configuration.
 *
 * @param config Its configuration.
 * @returns The model; `initialize` gives it values.
 * @throws {RangeError} If a size makes no sense.
 */
export function buildModel(config: ModelConfig): Gpt | MaskedLanguageModel | Classifier {
  const family = familyOf(config);
  return "labels" in config ? family.buildClassifier(config) : family.build(config);
}
