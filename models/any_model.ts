/**
 * All models of this library under one roof: what a checkpoint may hold, and how to build it.
 *
 * @module
 */

import { type Classifier, type ClassifierConfig, GptClassifier, RobertaClassifier } from "./classifier.ts";
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

/**
 * Tells what a model is for.
 *
 * @param config Its configuration.
 * @returns Its kind.
 */
export function kindOf(config: ModelConfig): ModelKind {
  if ("labels" in config) return "classifier";
  return config.architecture === "roberta" ? "masked" : "causal";
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
  if ("labels" in config) {
    return config.architecture === "roberta" ? new RobertaClassifier(config) : new GptClassifier(config);
  }
  return config.architecture === "roberta" ? new MaskedLanguageModel(config) : new Gpt(config);
}
