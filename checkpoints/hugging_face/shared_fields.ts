/**
 * What the Hugging Face formats of all model families share.
 *
 * @module
 */

import type { ActivationName } from "../../kernels/activations.ts";
import { type ClassifierOptions, PROBLEM_TYPES } from "../../models/classifiers/classifier.ts";
import { LAYER_NORM_EPSILON, type TransformerConfig } from "../../models/config.ts";
import type { ModelConfig } from "../../models/families.ts";
import type { ConfigJson, ConfigReader } from "./config_reader.ts";

/** Names of activations, and which of ours each is. Of several names the first is written. */
export const ACTIVATION_NAMES: readonly (readonly [theirs: string, ours: ActivationName])[] = [
  ["gelu_new", "gelu"],
  ["gelu_pytorch_tanh", "gelu"],
  ["gelu_fast", "gelu"],
  ["gelu_accurate", "gelu"],
  ["gelu_python_tanh", "gelu"],
  ["gelu", "geluErf"],
  ["gelu_python", "geluErf"],
  ["relu", "relu"],
  ["silu", "silu"],
  ["swish", "silu"],
  ["tanh", "tanh"],
  ["quick_gelu", "quickGelu"],
];

/** What the configurations of a family call the fields that all transformers have. */
export interface SharedNames {
  /** Layer normalization: the name, and the value of a file without. */
  readonly epsilon: readonly [name: string, fallback: number];
  /** Activation: the name, the value of a file without, the names it can have, and ours in a model that names none. */
  readonly activation: readonly [
    name: string,
    fallback: string,
    names: typeof ACTIVATION_NAMES,
    own: ActivationName,
  ];
  /** Rates: of the residual stream, of attention, and of the embedding sum if it has one of its own. */
  readonly rates: readonly [residual: string, attention: string, embedding?: string];
}

/** What {@linkcode readShared} reads. */
export type SharedFields = Pick<
  TransformerConfig,
  | "dropoutRate"
  | "attentionDropoutRate"
  | "embeddingDropoutRate"
  | "normEpsilon"
  | "activation"
  | "initialStd"
>;

/**
 * Reads the fields that all transformers have, under the names of a family. What is as usual is left out.
 *
 * @param file The file.
 * @param names What the family calls them.
 * @returns Our fields.
 * @throws {TypeError} If one is not valid; the message names it.
 */
export function readShared(file: ConfigReader, { epsilon, activation, rates }: SharedNames): SharedFields {
  const [dropoutRate, attentionDropoutRate, embeddingDropoutRate = dropoutRate] = rates.map((name) =>
    name === undefined ? undefined : file.rate(name, 0.1)
  ) as [number, number, number?];
  const normEpsilon = file.positive(...epsilon), [name, fallback, meanings, own] = activation;
  const used = file.meaning(name, meanings, fallback);
  return {
    dropoutRate,
    ...attentionDropoutRate === dropoutRate ? {} : { attentionDropoutRate },
    ...embeddingDropoutRate === dropoutRate ? {} : { embeddingDropoutRate },
    ...normEpsilon === LAYER_NORM_EPSILON ? {} : { normEpsilon },
    ...used === own ? {} : { activation: used },
    initialStd: file.initialStd(),
  };
}

/**
 * Writes the fields that all transformers have, under the names of a family.
 *
 * @param config The model.
 * @param names What the family calls them.
 * @returns Fields of `config.json`, in three parts.
 * @throws {RangeError} If the family has no name for the activation, or one rate for what has two here.
 */
export function writeShared(
  config: TransformerConfig,
  names: SharedNames,
): Record<keyof SharedNames, Record<string, unknown>> {
  const { dropoutRate, attentionDropoutRate = dropoutRate, embeddingDropoutRate = dropoutRate } = config;
  const { epsilon, activation: [name, , meanings, own], rates: [residual, attention, embedding] } = names;
  const { activation = own } = config, theirs = meanings.find(([, ours]) => ours === activation)?.[0];
  if (theirs === undefined) {
    throw new RangeError(
      `Cannot write activation "${activation}": the Hugging Face format has no name for it`,
    );
  }
  if (embedding === undefined && embeddingDropoutRate !== dropoutRate) {
    throw new RangeError(
      `Cannot write embeddingDropoutRate ${embeddingDropoutRate}: the Hugging Face format has one rate for it and ` +
        `dropoutRate ${dropoutRate}`,
    );
  }
  return {
    activation: { [name]: theirs },
    rates: {
      [residual]: dropoutRate,
      ...embedding === undefined ? {} : { [embedding]: embeddingDropoutRate },
      [attention]: attentionDropoutRate,
    },
    epsilon: { [epsilon[0]]: config.normEpsilon ?? LAYER_NORM_EPSILON },
  };
}

/**
 * Reads what a classifier has besides its labels.
 *
 * @param file The file.
 * @returns Our fields.
 * @throws {TypeError} If `problem_type` is none of theirs.
 */
export function readProblem(file: ConfigReader): Pick<ClassifierOptions, "problemType"> {
  const problemType = file.optional("problem_type", (name) => file.oneOf(name, PROBLEM_TYPES));
  return problemType === undefined ? {} : { problemType };
}

/**
 * Writes the names of the classes.
 *
 * @param labels The names in the order of the classes.
 * @returns The two tables of `config.json`.
 */
export function labelTables(labels: readonly string[]): Record<string, unknown> {
  return {
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  };
}

/**
 * Leaves out what is undefined.
 *
 * @param fields Fields with their values.
 * @returns Those that have one.
 */
export function definedOnly<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<Fields>;
}

/** A field with one supported value. */
export interface FixedField {
  /** Its name. */
  readonly field: string;
  /** Values of `model_type` of the files where it counts. */
  readonly modelTypes: readonly string[];
  /** The supported value, which is that of a file without the field; nothing if the field must be absent, null or empty. */
  readonly supported?: unknown;
  /** Why another is refused. */
  readonly why: string;
}

const GPT = ["openai-gpt", "gpt2"], ENCODERS = ["roberta", "bert"], ALL = [...GPT, ...ENCODERS];

/** Names that transformers also takes for fields of a GPT, but never writes. */
const OTHER_NAMES = {
  hidden_size: "n_embd",
  num_attention_heads: "n_head",
  num_hidden_layers: "n_layer",
  max_position_embeddings: "n_positions",
};

/**
 * Fields that change what a model computes and have one supported value. A file with another is refused: it would load, and
 * compute something else without an error.
 */
export const FIXED_FIELDS: readonly FixedField[] = [
  {
    field: "is_decoder",
    modelTypes: ENCODERS,
    supported: false,
    why: "a RoBERTa or BERT here attends in both directions",
  },
  {
    field: "is_causal",
    modelTypes: ["gpt2"],
    supported: true,
    why: "a GPT attends to earlier positions only; transformers would let it attend in both directions",
  },
  {
    field: "position_embedding_type",
    modelTypes: ENCODERS,
    supported: "absolute",
    why: "relative positions, which earlier versions of transformers had, are not built",
  },
  {
    field: "add_cross_attention",
    modelTypes: ["gpt2", ...ENCODERS],
    supported: false,
    why: "there is no encoder to attend to",
  },
  {
    field: "is_encoder_decoder",
    modelTypes: ALL,
    supported: false,
    why: "there is no encoder to attend to",
  },
  {
    field: "pruned_heads",
    modelTypes: ALL,
    why: "every layer has the same number of heads",
  },
  {
    field: "quantization_config",
    modelTypes: ALL,
    why: "weights are read as floating-point numbers; save the model without quantization",
  },
  ...Object.entries(OTHER_NAMES).map(([field, name]) => ({
    field,
    modelTypes: GPT,
    why: `another name of \`${name}\` for transformers, which writes only that; use it`,
  })),
];

/**
 * Refuses a file that has another than the supported value in one of these fields.
 *
 * @param file The file.
 * @param modelType Its `model_type`.
 * @throws {TypeError} If it has; the message names field and value.
 */
export function expectFixed(file: ConfigReader, modelType: string): void {
  for (const { field, modelTypes, supported } of FIXED_FIELDS) {
    if (modelTypes.includes(modelType)) file.expect(field, supported);
  }
}

/** What the checkpoints of a family look like. */
export interface Format<Config extends ModelConfig> {
  /** Values of `model_type` in its `config.json`. */
  readonly modelTypes: readonly string[];
  /** Reads `config.json`. */
  fromJson(json: ConfigJson): Config;
  /** Writes `config.json`. */
  toJson(config: Config): Record<string, unknown>;
  /** Reads what its configurations, or those of its classifiers, have beside the sizes of all transformers, under our names. */
  ownFields(file: ConfigReader, classifier: boolean): Partial<Config>;
  /** Where each parameter is stored. */
  tensors(config: Config): Map<string, HuggingFaceTensor>;
  /** Tensors that a file may have for a model made from this one: read where they are there, and not written. */
  spareTensors?(config: Config): Map<string, HuggingFaceTensor>;
  /** The prefix of the names of tensors, which may be missing in files on the hub. */
  readonly prefix: string;
  /** Finds the number of the block in the name of a tensor. */
  readonly layer: RegExp;
  /** Tensors that files may hold and no parameter is made from. */
  readonly leftover: RegExp;
  /** The weight of the language head and that of the token embedding, which are one where the head is tied. */
  headOf(config: Config): { readonly head: string; readonly embedding: string };
  /** A tensor of one row that is added to every position, and our name of the positions; written as zeros. */
  readonly tokenTypes?: { readonly name: string; readonly positions: string };
}

/** Where a Hugging Face file stores the values of a parameter. */
export interface HuggingFaceTensor {
  /** The tensors that hold it: several, if what is one matrix here is cut by columns there. */
  readonly names: readonly string[];
  /** Whether they are stored (out, in), we store (in, out). */
  readonly transposed: boolean;
  /** Another name of the only tensor, which is read in preference where a file has both. */
  readonly preferred?: string;
  /** Whether both names are written. */
  readonly doubled?: boolean;
}
