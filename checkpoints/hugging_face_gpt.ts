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

import type { GptClassifierConfig } from "../models/gpt_classifier.ts";
import { INITIAL_STD, LAYER_NORM_EPSILON } from "../models/config.ts";
import type { GptConfig } from "../models/gpt.ts";
import { type ConfigJson, ConfigReader, MAX } from "./config_reader.ts";
import { type Format, type HuggingFaceTensor, labelTables } from "./hugging_face_json.ts";

/** The tensors of a block: ours, theirs. */
const BLOCK_NAMES = [
  ["attention.queryKeyValue", "attn.c_attn"],
  ["attention.projection", "attn.c_proj"],
  ["norm1", "ln_1"],
  ["mlp.expand", "mlp.c_fc"],
  ["mlp.contract", "mlp.c_proj"],
  ["norm2", "ln_2"],
] as const;

/** What the checkpoints of one architecture have that those of the others have not. */
interface Dialect {
  /** `model_type`. */
  readonly modelType: string;
  /** `architectures` of a language model and of a classifier. */
  readonly classes: { readonly languageModel: string; readonly classifier: string };
  /** The tensors outside the blocks: ours, theirs. */
  readonly tensors: readonly (readonly [ours: string, theirs: string])[];
  /** The field of the activation function: its name, the value that is written, and others with the same meaning. */
  readonly activation: readonly [name: string, ...values: string[]];
  /** Fields that are written besides; refused if the format cannot express the model. */
  furtherFields(config: GptConfig): Record<string, unknown>;
  /** The width of the feed-forward network of a file. */
  feedForwardDim(file: ConfigReader, modelDim: number): number;
  /** Sizes of a file that leaves them out. */
  readonly defaults: { readonly vocabSize: number; readonly contextLength: number };
}

const DIALECTS: Readonly<Record<GptConfig["architecture"], Dialect>> = {
  gpt1: {
    modelType: "openai-gpt",
    classes: { languageModel: "OpenAIGPTLMHeadModel", classifier: "OpenAIGPTForSequenceClassification" },
    tensors: [["tokenEmbedding", "tokens_embed.weight"], ["positionEmbedding", "positions_embed.weight"]],
    activation: ["afn", "gelu"],
    furtherFields({ modelDim, feedForwardDim }) {
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
    classes: { languageModel: "GPT2LMHeadModel", classifier: "GPT2ForSequenceClassification" },
    tensors: [
      ["tokenEmbedding", "wte.weight"],
      ["positionEmbedding", "wpe.weight"],
      ["finalNorm.weight", "ln_f.weight"],
      ["finalNorm.bias", "ln_f.bias"],
    ],
    activation: ["activation_function", "gelu_new", "gelu_pytorch_tanh"],
    furtherFields: ({ feedForwardDim }) => ({
      n_inner: feedForwardDim,
      bos_token_id: null,
      eos_token_id: null,
    }),
    feedForwardDim: (file, modelDim) => file.count("n_inner", 4 * modelDim, 4 * MAX.width),
    defaults: { vocabSize: 50257, contextLength: 1024 },
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
  const { dropoutRate } = config,
    { modelType, classes, activation, furtherFields } = DIALECTS[config.architecture];
  return {
    architectures: ["labels" in config ? classes.classifier : classes.languageModel],
    model_type: modelType,
    vocab_size: config.vocabSize,
    n_positions: config.contextLength,
    n_embd: config.modelDim,
    n_layer: config.layers,
    n_head: config.heads,
    resid_pdrop: dropoutRate,
    embd_pdrop: dropoutRate,
    attn_pdrop: dropoutRate,
    layer_norm_epsilon: LAYER_NORM_EPSILON,
    initializer_range: config.initialStd ?? INITIAL_STD,
    tie_word_embeddings: config.tied ?? true,
    ..."labels" in config ? { pad_token_id: config.padId ?? null, ...labelTables(config.labels) } : {},
    [activation[0]]: activation[1],
    ...furtherFields(config),
  };
}

/** Reads the `config.json` of a GPT, with labels if it is a classifier. */
function fromGptJson(json: ConfigJson): GptConfig | GptClassifierConfig {
  const architecture = ARCHITECTURE_NAMES.find((name) => DIALECTS[name].modelType === json.model_type)!;
  const dialect = DIALECTS[architecture];
  const file = new ConfigReader(json), { activation: [activation, ...activations], defaults } = dialect;
  file.expect(activation, activations);
  file.expect("layer_norm_epsilon", [LAYER_NORM_EPSILON]);
  file.expect("scale_attn_weights", [true]);
  file.expect("scale_attn_by_inverse_layer_idx", [false]);
  const modelDim = file.count("n_embd", 768, MAX.width), labels = file.labels();
  const config: GptConfig = {
    architecture,
    vocabSize: file.count("vocab_size", defaults.vocabSize, MAX.vocabSize),
    contextLength: file.count("n_positions", defaults.contextLength, MAX.positions),
    layers: file.count("n_layer", 12, MAX.layers),
    heads: file.count("n_head", 12, MAX.width),
    modelDim,
    feedForwardDim: dialect.feedForwardDim(file, modelDim),
    dropoutRate: file.dropoutRate("resid_pdrop", "embd_pdrop", "attn_pdrop"),
    tied: json.tie_word_embeddings !== false,
    initialStd: file.initialStd(),
  };
  if (labels === undefined) return config;
  const padId = file.id("pad_token_id", config.vocabSize);
  return { ...config, labels, ...padId === undefined ? {} : { padId } };
}

/** The checkpoints of GPT-1 and GPT-2. */
export const GPT_FORMAT: Format<GptConfig | GptClassifierConfig> = {
  modelTypes: ARCHITECTURE_NAMES.map((name) => DIALECTS[name].modelType),
  fromJson: fromGptJson,
  toJson: toGptJson,
  ownFields(file) {
    const tied = file.choice("tied");
    return tied === undefined ? {} : { tied };
  },
  tensors: gptTensors,
  prefix: "transformer.",
  layer: /(?:^|\.)h\.(\d+)\./,
  // the causal mask of old files, and a tied head
  leftover: /(^|\.)attn\.(bias|masked_bias)$|^lm_head\.weight$/,
};
