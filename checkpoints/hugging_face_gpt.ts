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

/** Where each parameter of a GPT is stored: our name to their tensor. */
function gptTensors(config: GptConfig | GptClassifierConfig): Map<string, HuggingFaceTensor> {
  const gpt1 = config.architecture === "gpt1", tensors = new Map<string, HuggingFaceTensor>();
  const gpt = "labels" in config ? "gpt." : ""; // a classifier has a GPT inside
  const set = (ours: string, theirs: string) =>
    tensors.set(gpt + ours, { names: [theirs], transposed: false });
  set("tokenEmbedding", `transformer.${gpt1 ? "tokens_embed" : "wte"}.weight`);
  set("positionEmbedding", `transformer.${gpt1 ? "positions_embed" : "wpe"}.weight`);
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [ours, theirs] of BLOCK_NAMES) {
      for (const kind of ["weight", "bias"]) {
        set(`blocks.${layer}.${ours}.${kind}`, `transformer.h.${layer}.${theirs}.${kind}`);
      }
    }
  }
  if (!gpt1) { for (const kind of ["weight", "bias"]) set(`finalNorm.${kind}`, `transformer.ln_f.${kind}`); }
  if (config.tied === false) set("languageHead", "lm_head.weight");
  if ("labels" in config) tensors.set("score", { names: ["score.weight"], transposed: true });
  return tensors;
}

/** The `config.json` of a GPT; refused if the format cannot express it. */
function toGptJson(config: GptConfig | GptClassifierConfig): Record<string, unknown> {
  const { modelDim, feedForwardDim, dropoutRate } = config, classifier = "labels" in config;
  const common = {
    vocab_size: config.vocabSize,
    n_positions: config.contextLength,
    n_embd: modelDim,
    n_layer: config.layers,
    n_head: config.heads,
    resid_pdrop: dropoutRate,
    embd_pdrop: dropoutRate,
    attn_pdrop: dropoutRate,
    layer_norm_epsilon: LAYER_NORM_EPSILON,
    initializer_range: config.initialStd ?? INITIAL_STD,
    tie_word_embeddings: config.tied ?? true,
    ...classifier ? { pad_token_id: config.padId ?? null, ...labelTables(config.labels) } : {},
  };
  if (config.architecture === "gpt2") {
    return {
      architectures: [classifier ? "GPT2ForSequenceClassification" : "GPT2LMHeadModel"],
      model_type: "gpt2",
      ...common,
      activation_function: "gelu_new",
      n_inner: feedForwardDim,
      bos_token_id: null,
      eos_token_id: null,
    };
  }
  if (feedForwardDim !== 4 * modelDim) {
    throw new RangeError(
      `Cannot write a GPT-1 model with feedForwardDim ${feedForwardDim}: its Hugging Face format has only ` +
        `4 × modelDim = ${4 * modelDim}; use that, or architecture "gpt2"`,
    );
  }
  const architecture = classifier ? "OpenAIGPTForSequenceClassification" : "OpenAIGPTLMHeadModel";
  return { architectures: [architecture], model_type: "openai-gpt", ...common, afn: "gelu" };
}

/** Reads the `config.json` of a GPT, with labels if it is a classifier. */
function fromGptJson(json: ConfigJson): GptConfig | GptClassifierConfig {
  const gpt2 = json.model_type === "gpt2", file = new ConfigReader(json);
  if (gpt2) file.expect("activation_function", ["gelu_new", "gelu_pytorch_tanh"]);
  else file.expect("afn", ["gelu"]);
  file.expect("layer_norm_epsilon", [LAYER_NORM_EPSILON]);
  file.expect("scale_attn_weights", [true]);
  file.expect("scale_attn_by_inverse_layer_idx", [false]);
  const modelDim = file.count("n_embd", 768, MAX.width), labels = file.labels();
  const config: GptConfig = {
    architecture: gpt2 ? "gpt2" : "gpt1",
    vocabSize: file.count("vocab_size", gpt2 ? 50257 : 40478, MAX.vocabSize),
    contextLength: file.count("n_positions", gpt2 ? 1024 : 512, MAX.positions),
    layers: file.count("n_layer", 12, MAX.layers),
    heads: file.count("n_head", 12, MAX.width),
    modelDim,
    feedForwardDim: gpt2 ? file.count("n_inner", 4 * modelDim, 4 * MAX.width) : 4 * modelDim,
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
  modelTypes: ["openai-gpt", "gpt2"],
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
