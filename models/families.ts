/**
 * The families of models in one table: the objective of each, and how it is built. Outside this file and the families' own
 * files, no code asks for an architecture by name.
 *
 * A family is added by its own files, an entry in `FAMILIES`, its types in the unions above it, and an entry in
 * `checkpoints/hugging_face/formats.ts`.
 *
 * @module
 */

import type { Tensor } from "../core/tensor.ts";
import type { Block } from "./blocks.ts";
import type { TransformerConfig } from "./config.ts";
import type { Experiment } from "./experiment.ts";
import { Gpt, type GptConfig } from "./gpt.ts";
import { GptClassifier, type GptClassifierConfig } from "./classifiers/gpt_classifier.ts";
import type { HeadPatch } from "./forward_context.ts";
import { MaskedLanguageModel } from "./masked_language_model.ts";
import type { RobertaConfig } from "./roberta.ts";
import { RobertaClassifier, type RobertaClassifierConfig } from "./classifiers/roberta_classifier.ts";

/**
 * The configuration of a classifier of any family.
 *
 * @category Models
 */
export type ClassifierConfig = GptClassifierConfig | RobertaClassifierConfig;

/**
 * The configuration of any model: a classifier is one that has labels.
 *
 * @category Models
 */
export type ModelConfig = GptConfig | RobertaConfig | ClassifierConfig;

/**
 * The configurations of each kind of model.
 *
 * @category Models
 */
export interface ConfigsByKind {
  /** Predicts the next token. */
  causal: GptConfig;
  /** Predicts the tokens behind `<mask>`. */
  masked: RobertaConfig;
  /** Classifies texts. */
  classifier: ClassifierConfig;
}

/**
 * The models of each kind.
 *
 * @category Models
 */
export interface ModelsByKind {
  /** Predicts the next token. */
  causal: Gpt;
  /** Predicts the tokens behind `<mask>`. */
  masked: MaskedLanguageModel;
  /** Classifies texts. */
  classifier: GptClassifier | RobertaClassifier;
}

/**
 * What a model is for.
 *
 * @category Models
 */
export type ModelKind = keyof ConfigsByKind;

/**
 * Any model; its configuration is a {@linkcode ModelConfig}.
 *
 * @category Models
 */
export type Model = ModelsByKind[ModelKind];

const KIND_NAMES: Readonly<Record<ModelKind, string>> = {
  causal: "a causal language model, which predicts the next token",
  masked: "a masked language model, which fills <mask>",
  classifier: "a classifier",
};

/**
 * What a language model learns to predict: the next token, or the masked ones.
 *
 * @category Models
 */
export type Objective = "causal" | "mlm";

const KIND_OF_OBJECTIVE = { causal: "causal", mlm: "masked" } as const;

/**
 * A stack of blocks whose attention can be observed and changed: a GPT, or the encoder of a RoBERTa or BERT.
 *
 * @category Models
 */
export interface ObservableModel {
  /** Sizes. */
  readonly config: TransformerConfig;
  /**
   * Computes the hidden states of u32 (B, T). Every block adds its attention weights, (B, H, T, T), to `weights`, and what
   * its heads computed is replaced by `patch`.
   */
  states(ids: Tensor, context: { weights?: Tensor[]; patch?: HeadPatch }): Tensor;
}

/**
 * What has blocks.
 *
 * @category Models
 */
export interface WithBlocks {
  /** The blocks, the first layer first. */
  readonly blocks: readonly Block[];
}

/** What distinguishes a family from the others. */
interface Family<LanguageModel extends Model, Labelled extends ModelsByKind["classifier"]> {
  /** What its language models learn. */
  readonly objective: Objective;
  /** Builds a language model. */
  build(config: LanguageModel["config"], experiment?: Experiment): LanguageModel;
  /** Builds a classifier. */
  buildClassifier(config: Labelled["config"], experiment?: Experiment): Labelled;
  /** The part of either that has the blocks. */
  stackOf(model: LanguageModel | Labelled): ObservableModel & WithBlocks;
}

/** GPT-1 and GPT-2 differ in their blocks only, see `gpt.ts`. */
const GPT: Family<Gpt, GptClassifier> = {
  objective: "causal",
  build: (config, experiment) => new Gpt(config, experiment),
  buildClassifier: (config, experiment) => new GptClassifier(config, experiment),
  stackOf: (model) => "gpt" in model ? model.gpt : model,
};

/** RoBERTa and BERT differ in positions and heads only, see `roberta.ts` and `masked_language_model.ts`. */
const ROBERTA: Family<MaskedLanguageModel, RobertaClassifier> = {
  objective: "mlm",
  build: (config, experiment) => new MaskedLanguageModel(config, experiment),
  buildClassifier: (config, experiment) => new RobertaClassifier(config, experiment),
  stackOf: ({ encoder }) => encoder,
};

/** Every architecture with its family. */
const FAMILIES: Readonly<Record<ModelConfig["architecture"], Family<Model, ModelsByKind["classifier"]>>> = {
  gpt1: GPT,
  gpt2: GPT,
  roberta: ROBERTA,
  bert: ROBERTA,
};

/**
 * The names of all architectures.
 *
 * @category Models
 */
export const ARCHITECTURES: readonly ModelConfig["architecture"][] = Object.keys(
  FAMILIES,
) as ModelConfig["architecture"][];

/**
 * What the language models of an architecture learn.
 *
 * @param config The architecture.
 * @returns The objective.
 * @category Models
 */
export function objectiveOf({ architecture }: Pick<ModelConfig, "architecture">): Objective {
  return FAMILIES[architecture].objective;
}

/**
 * What a model is for.
 *
 * @param config Its configuration.
 * @returns Its kind.
 * @category Models
 */
export function kindOf(config: ModelConfig): ModelKind {
  return "labels" in config ? "classifier" : KIND_OF_OBJECTIVE[objectiveOf(config)];
}

/**
 * Refuses a model of another kind.
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
 * @throws {TypeError} If it is for something else; the message names both kinds.
 * @category Models
 */
export function expectKind<Kind extends ModelKind>(config: ModelConfig, kind: Kind): ConfigsByKind[Kind] {
  const found = kindOf(config);
  if (found === kind) return config as ConfigsByKind[Kind];
  throw new TypeError(`This is ${KIND_NAMES[found]}; expected ${KIND_NAMES[kind]}`);
}

/**
 * Builds the model of a configuration. Its type is that of any model; after `expectKind`, name the kind as the type
 * argument.
 *
 * @example
 * ```ts
 * import { buildModel, expectKind, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const config = expectKind({ ...PRESETS.tiny.model, vocabSize: 7 }, "causal");
 * assertEquals(buildModel<"causal">(config).tokenEmbedding.shape, [7, config.modelDim]);
 * ```
 *
 * @param config Its configuration.
 * @param experiment Parts that replace those of its family; none unless given.
 * @returns The model; `initialize` gives it values.
 * @throws {RangeError} If a size makes no sense.
 * @throws {TypeError} If the experiment is not valid.
 * @category Models
 */
export function buildModel<Kind extends ModelKind = ModelKind>(
  config: ConfigsByKind[Kind],
  experiment?: Experiment,
): ModelsByKind[Kind] {
  const family = FAMILIES[config.architecture];
  const model = "labels" in config
    ? family.buildClassifier(config, experiment)
    : family.build(config, experiment);
  return model as ModelsByKind[Kind];
}

/**
 * The part of a model that returns its attention weights.
 *
 * @example
 * ```ts
 * import { attentionStack, Gpt, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * assertEquals(attentionStack(model), model);
 * ```
 *
 * @param model Any model.
 * @returns A GPT itself, the GPT in a classifier, or the encoder of a RoBERTa.
 * @category Models
 */
export function attentionStack(model: Model): ObservableModel & WithBlocks {
  return FAMILIES[model.config.architecture].stackOf(model);
}
