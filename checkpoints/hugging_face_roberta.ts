/**
 * What Hugging Face calls the parts of a RoBERTa.
 *
 * Weights are stored (out, in) there and (in, out) here; query, key and value are three matrices there and one here. A
 * one-row table of token types, a remnant of BERT, is added to every position: on reading it goes into the position
 * embedding, on writing it is zero. The decoder is tied to the token embedding and not written.
 *
 * Checked against `RobertaForMaskedLM` and `RobertaForSequenceClassification` of transformers.
 *
 * @module
 */

import { quoted } from "../core/quoted.ts";
import { POOLINGS } from "../models/classifier.ts";
import type { RobertaClassifierConfig } from "../models/roberta_classifier.ts";
import { INITIAL_STD, LAYER_NORM_EPSILON } from "../models/config.ts";
import { type ConfigJson, ConfigReader, MAX } from "./config_reader.ts";
import { type Format, type HuggingFaceTensor, labelTables } from "./hugging_face_json.ts";
import type { RobertaConfig } from "../models/roberta.ts";

/** Ours, theirs, and whether it is a linear layer. */
type Row = readonly [ours: string, theirs: readonly string[], isLinear: boolean];

const BLOCK_ROWS: readonly Row[] = [
  ["attention.queryKeyValue", ["query", "key", "value"].map((name) => `attention.self.${name}`), true],
  ["attention.projection", ["attention.output.dense"], true],
  ["norm1", ["attention.output.LayerNorm"], false],
  ["mlp.expand", ["intermediate.dense"], true],
  ["mlp.contract", ["output.dense"], true],
  ["norm2", ["output.LayerNorm"], false],
];

const HEAD_ROWS: readonly Row[] = [
  ["languageHead.dense", ["lm_head.dense"], true],
  ["languageHead.norm", ["lm_head.layer_norm"], false],
];

const CLASSIFICATION_ROWS: readonly Row[] = [
  ["classificationHead.dense", ["classifier.dense"], true],
  ["classificationHead.projection", ["classifier.out_proj"], true],
];

/** Where each parameter of a RoBERTa is stored: our name to their tensors. */
function robertaTensors(
  config: RobertaConfig | RobertaClassifierConfig,
): Map<string, HuggingFaceTensor> {
  const tensors = new Map<string, HuggingFaceTensor>();
  const setRow = ([ours, theirs, isLinear]: Row, ourPath = "", theirPath = "") => {
    for (const kind of ["weight", "bias"]) {
      const names = theirs.map((name) => `${theirPath}${name}.${kind}`);
      tensors.set(`${ourPath}${ours}.${kind}`, { names, transposed: isLinear && kind === "weight" });
    }
  };
  const setTable = (ours: string, theirs: string) =>
    tensors.set(ours, { names: [theirs], transposed: false });
  setTable("encoder.tokenEmbedding", "roberta.embeddings.word_embeddings.weight");
  setTable("encoder.positionEmbedding", "roberta.embeddings.position_embeddings.weight");
  setRow(["encoder.embeddingNorm", ["roberta.embeddings.LayerNorm"], false]);
  for (let layer = 0; layer < config.layers; layer++) {
    const path = `roberta.encoder.layer.${layer}.`;
    for (const row of BLOCK_ROWS) setRow(row, `encoder.blocks.${layer}.`, path);
  }
  for (const row of "labels" in config ? CLASSIFICATION_ROWS : HEAD_ROWS) setRow(row);
  if (!("labels" in config)) setTable("languageHead.bias", "lm_head.bias");
  return tensors;
}

/** The `config.json` of a RoBERTa; one with a pooling that Hugging Face has not is refused. */
function toRobertaJson(config: RobertaConfig | RobertaClassifierConfig): Record<string, unknown> {
  const classifier = "labels" in config;
  if (classifier && config.pooling === "mean") {
    throw new RangeError(
      "Cannot write a classifier by the mean of its tokens for Hugging Face: it has no class for one",
    );
  }
  return {
    architectures: [classifier ? "RobertaForSequenceClassification" : "RobertaForMaskedLM"],
    model_type: "roberta",
    vocab_size: config.vocabSize,
    max_position_embeddings: config.contextLength + 2,
    hidden_size: config.modelDim,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.feedForwardDim,
    hidden_act: "gelu",
    hidden_dropout_prob: config.dropoutRate,
    attention_probs_dropout_prob: config.dropoutRate,
    type_vocab_size: 1,
    layer_norm_eps: LAYER_NORM_EPSILON,
    initializer_range: config.initialStd ?? INITIAL_STD,
    bos_token_id: 0,
    pad_token_id: 1,
    eos_token_id: 2,
    tie_word_embeddings: true,
    ...classifier ? labelTables(config.labels) : {},
  };
}

/** Reads the `config.json` of a RoBERTa, with labels if it is a classifier. */
function fromRobertaJson(json: ConfigJson): RobertaConfig | RobertaClassifierConfig {
  const file = new ConfigReader(json), labels = file.labels();
  const architecture = file.architecture() ?? "RobertaForMaskedLM";
  if (labels === undefined && architecture !== "RobertaForMaskedLM") {
    throw new TypeError(
      `architectures names ${quoted(architecture)}: expected "RobertaForMaskedLM" or ` +
        `"RobertaForSequenceClassification"`,
    );
  }
  file.expect("hidden_act", ["gelu"]);
  file.expect("layer_norm_eps", [LAYER_NORM_EPSILON], 1e-12);
  file.expect("type_vocab_size", [1], 2);
  file.expect("pad_token_id", [1]);
  file.expect("position_embedding_type", ["absolute"]);
  file.expect("is_decoder", [false]);
  file.expect("tie_word_embeddings", [true]);
  const positions = file.count("max_position_embeddings", 512, MAX.positions);
  if (positions < 3) {
    throw new TypeError(
      `max_position_embeddings is ${positions}, expected 2 more than the context, at least 3`,
    );
  }
  const rates = ["hidden_dropout_prob", "attention_probs_dropout_prob"];
  if (labels && json.classifier_dropout != null) rates.push("classifier_dropout"); // else it is the first one
  const config: RobertaConfig = {
    architecture: "roberta",
    vocabSize: file.count("vocab_size", 50265, MAX.vocabSize),
    contextLength: positions - 2,
    layers: file.count("num_hidden_layers", 12, MAX.layers),
    heads: file.count("num_attention_heads", 12, MAX.width),
    modelDim: file.count("hidden_size", 768, MAX.width),
    feedForwardDim: file.count("intermediate_size", 3072, 4 * MAX.width),
    dropoutRate: file.dropoutRate(...rates),
    initialStd: file.initialStd(),
  };
  return labels === undefined ? config : { ...config, labels };
}

/** The checkpoints of RoBERTa. */
export const ROBERTA_FORMAT: Format<RobertaConfig | RobertaClassifierConfig> = {
  modelTypes: ["roberta"],
  fromJson: fromRobertaJson,
  toJson: toRobertaJson,
  ownFields(file, classifier) {
    const pooling = classifier ? file.oneOf("pooling", POOLINGS, "first") : "first";
    return pooling === "first" ? {} : { pooling };
  },
  tensors: robertaTensors,
  prefix: "roberta.",
  layer: /(?:^|\.)layer\.(\d+)\./,
  // counted positions, the tied decoder, BERT's pooler
  leftover:
    /(^|\.)embeddings\.(position_ids|token_type_embeddings\.weight)$|^lm_head\.decoder\.|(^|\.)pooler\./,
  tokenTypes: {
    name: "roberta.embeddings.token_type_embeddings.weight",
    positions: "encoder.positionEmbedding",
  },
};
