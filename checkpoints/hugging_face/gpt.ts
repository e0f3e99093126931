/**
 * What Hugging Face calls the parts of a GPT.
 *
 * GPT checkpoints store weights as (in, out), as we do, so tensors are copied unchanged and only names differ; all but the
 * `score` of a classifier, which is (out, in). A tied language head is not written: it is the token embedding.
 *
 * Checked against `OpenAIGPTLMHeadModel`, `GPT2LMHeadModel` and `OpenAIGPTForSequenceClassification` of transformers.
 *
 * @module
 */

import type { GptClassifierConfig } from "../../models/classifiers/gpt_classifier.ts";
import { INITIAL_STD, LAYER_NORM_EPSILON } from "../../models/config.ts";
import type { GptConfig } from "../../models/gpt.ts";
import { type ConfigJson, ConfigReader, MAX } from "./config_reader.ts";
import {
  ACTIVATION_NAMES,
  definedOnly,
  expectFixed,
  type Format,
  type HuggingFaceTensor,
  labelTables,
  readProblem,
  readShared,
  type SharedNames,
  writeShared,
} from "./shared_fields.ts";

/** The tensors of a block: ours, theirs. */
const BLOCK_NAMES = [
  ["attention.queryKeyValue", "attn.c_attn"],
  ["attention.projection", "attn.c_proj"],
  ["norm1", "ln_1"],
  ["mlp.expand", "mlp.c_fc"],
  ["mlp.contract", "mlp.c_proj"],
  ["norm2", "ln_2"],
] as const;

/** What differs between the checkpoints of the two. */
interface Dialect {
  /** `model_type`. */
  readonly modelType: string;
  /** `architectures` of a language model, of a classifier, and of a language model without its tied head. */
  readonly classes: { readonly languageModel: string; readonly classifier: string; readonly bare: string };
  /** The tensors outside the blocks: ours, theirs. */
  readonly tensors: readonly (readonly [ours: string, theirs: string])[];
  /** What the fields of all transformers are called. */
  readonly shared: SharedNames;
  /** Further fields that are read. */
  ownFields(file: ConfigReader): Partial<GptConfig>;
  /** Fields that are written besides; refused if the format cannot express the model. */
  furtherFields(config: GptConfig): Record<string, unknown>;
  /** The width of the feed-forward network of a file. */
  feedForwardDim(file: ConfigReader, modelDim: number): number;
  /** Values of a file that leaves them out. */
  readonly defaults: { readonly vocabSize: number; readonly contextLength: number; readonly endId?: number };
}

const SHARED = {
  epsilon: ["layer_norm_epsilon", LAYER_NORM_EPSILON],
  rates: ["resid_pdrop", "attn_pdrop", "embd_pdrop"],
} as const;

const DIALECTS: Readonly<Record<GptConfig["architecture"], Dialect>> = {
  gpt1: {
    modelType: "openai-gpt",
    classes: {
      languageModel: "OpenAIGPTLMHeadModel",
      classifier: "OpenAIGPTForSequenceClassification",
      bare: "OpenAIGPTModel",
    },
    tensors: [["tokenEmbedding", "tokens_embed.weight"], ["positionEmbedding", "positions_embed.weight"]],
    shared: {
      ...SHARED,
      // its "gelu" is the tanh form
      activation: [
        "afn",
        "gelu",
        [["gelu", "gelu"], ["relu", "relu"], ["silu", "silu"], ["swish", "silu"]],
        "gelu",
      ],
    },
    ownFields: () => ({}),
    furtherFields({ modelDim, feedForwardDim, scaledAttention, layerScaledAttention }) {
      if (scaledAttention === false || layerScaledAttention) {
        throw new RangeError(
          `Cannot write a GPT-1 model with another scale of attention than 1/√D: use architecture "gpt2"`,
        );
      }
      if (feedForwardDim === 4 * modelDim) return {};
      throw new RangeError(
        `Cannot write a GPT-1 model with feedForwardDim ${feedForwardDim}: its Hugging Face format has only ` +
          `4 × modelDim = ${4 * modelDim}; use that, or architecture "gpt2"`,
      );
    },
    feedForwardDim: (_file, modelDim) => 4 * modelDim,
    defaults: { vocabSize: 40478, contextLength: 512 },
  },
  gpt2: {
    modelType: "gpt2",
    classes: {
      languageModel: "GPT2LMHeadModel",
      classifier: "GPT2ForSequenceClassification",
      bare: "GPT2Model",
    },
    tensors: [
      ["tokenEmbedding", "wte.weight"],
      ["positionEmbedding", "wpe.weight"],
      ["finalNorm.weight", "ln_f.weight"],
      ["finalNorm.bias", "ln_f.bias"],
    ],
    shared: { ...SHARED, activation: ["activation_function", "gelu_new", ACTIVATION_NAMES, "gelu"] },
    ownFields: (file) => ({
      ...file.choice("scale_attn_weights") === false ? { scaledAttention: false } : {},
      ...file.choice("scale_attn_by_inverse_layer_idx") ? { layerScaledAttention: true } : {},
    }),
    furtherFields: ({ feedForwardDim, scaledAttention, layerScaledAttention }) => ({
      n_inner: feedForwardDim,
      ...scaledAttention === false ? { scale_attn_weights: false } : {},
      ...layerScaledAttention ? { scale_attn_by_inverse_layer_idx: true } : {},
      bos_token_id: null,
      eos_token_id: null,
    }),
    feedForwardDim: (file, modelDim) => file.count("n_inner", 4 * modelDim, 4 * MAX.width),
    defaults: { vocabSize: 50257, contextLength: 1024, endId: 50256 },
  },
};

const ARCHITECTURE_NAMES = Object.keys(DIALECTS) as GptConfig["architecture"][];

/** Where each parameter of a GPT is stored: our name to their tensor. */
function gptTensors(config: GptConfig | GptClassifierConfig): Map<string, HuggingFaceTensor> {
  const tensors = new Map<string, HuggingFaceTensor>();
  const gpt = "labels" in config ? "gpt." : ""; // a classifier has a GPT inside
  const set = (ours: string, theirs: string) =>
    tensors.set(gpt + ours, { names: [theirs], transposed: false });
  for (const [ours, theirs] of DIALECTS[config.architecture].tensors) set(ours, `transformer.${theirs}`);
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [ours, theirs] of BLOCK_NAMES) {
      for (const kind of ["weight", "bias"]) {
        set(`blocks.${layer}.${ours}.${kind}`, `transformer.h.${layer}.${theirs}.${kind}`);
      }
    }
  }
  if (config.tied === false) set("languageHead", "lm_head.weight");
  if ("labels" in config) tensors.set("score", { names: ["score.weight"], transposed: true });
  return tensors;
}

/** The `config.json` of a GPT; refused if the format cannot express it. */
function toGptJson(config: GptConfig | GptClassifierConfig): Record<string, unknown> {
  const { modelType, classes, shared, furtherFields } = DIALECTS[config.architecture];
  const { activation, rates, epsilon } = writeShared(config, shared);
  return {
    architectures: ["labels" in config ? classes.classifier : classes.languageModel],
    model_type: modelType,
    vocab_size: config.vocabSize,
    n_positions: config.contextLength,
    n_embd: config.modelDim,
    n_layer: config.layers,
    n_head: config.heads,
    ...rates,
    ...epsilon,
    initializer_range: config.initialStd ?? INITIAL_STD,
    tie_word_embeddings: config.tied ?? true,
    ..."labels" in config
      ? {
        pad_token_id: config.padId ?? null,
        ...labelTables(config.labels),
        ...definedOnly({ problem_type: config.problemType }),
      }
      : {},
    ...activation,
    ...furtherFields(config),
    ..."labels" in config ? {} : definedOnly({ eos_token_id: config.endId }),
  };
}

/** Reads the `config.json` of a GPT, with labels if it is a classifier. */
function fromGptJson(json: ConfigJson): GptConfig | GptClassifierConfig {
  const architecture = ARCHITECTURE_NAMES.find((name) => DIALECTS[name].modelType === json.model_type)!;
  const dialect = DIALECTS[architecture];
  const file = new ConfigReader(json), { defaults, classes } = dialect;
  file.expectClass(Object.values(classes));
  expectFixed(file, dialect.modelType);
  const modelDim = file.count("n_embd", 768, MAX.width), labels = file.labels();
  const config: GptConfig = {
    architecture,
    vocabSize: file.count("vocab_size", defaults.vocabSize, MAX.vocabSize),
    contextLength: file.count("n_positions", defaults.contextLength, MAX.positions),
    layers: file.count("n_layer", 12, MAX.layers),
    heads: file.count("n_head", 12, MAX.width),
    modelDim,
    feedForwardDim: dialect.feedForwardDim(file, modelDim),
    ...readShared(file, dialect.shared),
    tied: file.choice("tie_word_embeddings") !== false,
    ...dialect.ownFields(file),
  };
  if (labels === undefined) {
    // null is no token, and not the same as no field
    const endId = json.eos_token_id === undefined ? defaults.endId : file.id("eos_token_id");
    return endId === undefined ? config : { ...config, endId };
  }
  const padId = file.id("pad_token_id", config.vocabSize);
  return { ...config, labels, ...padId === undefined ? {} : { padId }, ...readProblem(file) };
}

/** The checkpoints of GPT-1 and GPT-2. */
export const GPT_FORMAT: Format<GptConfig | GptClassifierConfig> = {
  modelTypes: ARCHITECTURE_NAMES.map((name) => DIALECTS[name].modelType),
  fromJson: fromGptJson,
  toJson: toGptJson,
  ownFields(file) {
    return definedOnly({
      tied: file.choice("tied"),
      scaledAttention: file.choice("scaledAttention"),
      layerScaledAttention: file.choice("layerScaledAttention"),
      endId: file.id("endId", MAX.vocabSize),
    });
  },
  tensors: gptTensors,
  prefix: "transformer.",
  headOf: ({ architecture }) => ({
    head: "lm_head.weight",
    embedding: `transformer.${DIALECTS[architecture].tensors[0][1]}`,
  }),
  layer: /(?:^|\.)h\.(\d+)\./,
  // the causal mask of old files, and a tied head
  leftover: /(^|\.)attn\.(bias|masked_bias)$|^lm_head\.weight$/,
};
