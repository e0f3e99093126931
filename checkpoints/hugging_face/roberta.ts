/**
 * What Hugging Face calls the parts of a RoBERTa.
 *
 * Weights are stored (out, in) there and (in, out) here; query, key and value are three matrices there and one here. A
 * one-row table of token types, a remnant of BERT, is added to every position: on reading it goes into the position
 * embedding, on writing it is zero. A larger one is kept. The decoder is written if it is not tied to the token embedding;
 * its bias then has two names there, of which the decoder's counts.
 *
 * Checked against `RobertaForMaskedLM` and `RobertaForSequenceClassification` of transformers.
 *
 * @module
 */

import { POOLINGS } from "../../models/classifier.ts";
import type { RobertaClassifierConfig } from "../../models/roberta_classifier.ts";
import { INITIAL_STD, PAD_ID } from "../../models/config.ts";
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
} from "./shared.ts";
import type { RobertaConfig } from "../../models/roberta.ts";

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

const TOKEN_TYPES = "roberta.embeddings.token_type_embeddings.weight";

/** The classes of `transformers` that are read. */
const CLASSES = ["RobertaForMaskedLM", "RobertaForSequenceClassification", "RobertaModel"] as const;

const SHARED: SharedNames = {
  epsilon: ["layer_norm_eps", 1e-12],
  activation: ["hidden_act", "gelu", ACTIVATION_NAMES, "geluErf"],
  rates: ["hidden_dropout_prob", "attention_probs_dropout_prob"],
};

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
  if ((config.tokenTypes ?? 1) > 1) setTable("encoder.tokenTypeEmbedding", TOKEN_TYPES);
  if ("labels" in config) {
    for (const row of CLASSIFICATION_ROWS) setRow(row);
  } else if (!config.headless) {
    const untied = config.tied === false;
    for (const row of HEAD_ROWS) setRow(row);
    tensors.set("languageHead.bias", {
      names: ["lm_head.bias"],
      transposed: false,
      preferred: "lm_head.decoder.bias",
      doubled: untied,
    });
    if (untied) setTable("languageHead.decoder", "lm_head.decoder.weight");
  }
  return tensors;
}

/** The `config.json` of a RoBERTa; one with a pooling that Hugging Face has not is refused. */
function toRobertaJson(config: RobertaConfig | RobertaClassifierConfig): Record<string, unknown> {
  const labelled = "labels" in config ? config : undefined, { padId = PAD_ID } = config;
  if (labelled?.pooling === "mean") {
    throw new RangeError(
      "Cannot write a classifier by the mean of its tokens for Hugging Face: it has no class for one",
    );
  }
  const { activation, rates, epsilon } = writeShared(config, SHARED);
  return {
    architectures: [CLASSES[labelled ? 1 : config.headless ? 2 : 0]],
    model_type: "roberta",
    vocab_size: config.vocabSize,
    max_position_embeddings: config.contextLength + padId + 1,
    hidden_size: config.modelDim,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.feedForwardDim,
    ...activation,
    ...rates,
    type_vocab_size: config.tokenTypes ?? 1,
    ...epsilon,
    initializer_range: config.initialStd ?? INITIAL_STD,
    bos_token_id: 0,
    pad_token_id: padId,
    eos_token_id: 2,
    tie_word_embeddings: labelled !== undefined || config.tied !== false, // a classifier has nothing to tie
    ...labelled === undefined ? {} : labelTables(labelled.labels),
    ...definedOnly({ problem_type: labelled?.problemType, classifier_dropout: labelled?.headDropoutRate }),
  };
}

/** Reads the `config.json` of a RoBERTa, with labels if it is a classifier. */
function fromRobertaJson(json: ConfigJson): RobertaConfig | RobertaClassifierConfig {
  const file = new ConfigReader(json), name = file.expectClass(CLASSES), labels = file.labels();
  expectFixed(file, "roberta");
  const vocabSize = file.count("vocab_size", 50265, MAX.vocabSize);
  const padId = file.id("pad_token_id", vocabSize) ?? PAD_ID;
  const positions = file.count("max_position_embeddings", 512, MAX.positions), unused = padId + 1;
  if (json.pad_token_id === null) {
    throw new TypeError("pad_token_id is null, expected an id: positions begin after it");
  }
  if (positions <= unused) {
    throw new TypeError(
      `max_position_embeddings is ${positions}, expected at least ${unused + 1}: ` +
        `with pad_token_id ${padId} positions begin at ${unused}`,
    );
  }
  const shared = readShared(file, SHARED), tokenTypes = file.count("type_vocab_size", 2, MAX.tokenTypes);
  const config: RobertaConfig = {
    architecture: "roberta",
    vocabSize,
    contextLength: positions - unused,
    layers: file.count("num_hidden_layers", 12, MAX.layers),
    heads: file.count("num_attention_heads", 12, MAX.width),
    modelDim: file.count("hidden_size", 768, MAX.width),
    feedForwardDim: file.count("intermediate_size", 3072, 4 * MAX.width),
    ...shared,
    ...padId === PAD_ID ? {} : { padId },
    ...tokenTypes === 1 ? {} : { tokenTypes },
  };
  const tied = file.choice("tie_word_embeddings") !== false;
  if (labels === undefined) {
    return { ...config, ...tied ? {} : { tied }, ...name === "RobertaModel" ? { headless: true } : {} };
  }
  // without a rate of its own, or with null, the head uses that of the residual stream
  const headDropoutRate = file.rate("classifier_dropout", shared.dropoutRate);
  return {
    ...config,
    labels,
    ...headDropoutRate === shared.dropoutRate ? {} : { headDropoutRate },
    ...readProblem(file),
  };
}

/** The checkpoints of RoBERTa. */
export const ROBERTA_FORMAT: Format<RobertaConfig | RobertaClassifierConfig> = {
  modelTypes: ["roberta"],
  fromJson: fromRobertaJson,
  toJson: toRobertaJson,
  ownFields(file, classifier) {
    const vocabSize = file.count("vocabSize", undefined, MAX.vocabSize);
    const tokenTypes = file.count("tokenTypes", 1, MAX.tokenTypes);
    const pooling = classifier ? file.oneOf("pooling", POOLINGS, "first") : "first";
    const fields = {
      padId: file.id("padId", vocabSize),
      tokenTypes: tokenTypes === 1 ? undefined : tokenTypes,
      tied: file.choice("tied"),
      headless: file.choice("headless"),
      pooling: pooling === "first" ? undefined : pooling,
      headDropoutRate: file.optional("headDropoutRate", (name) => file.rate(name)),
    };
    return definedOnly(fields);
  },
  tensors: robertaTensors,
  prefix: "roberta.",
  headOf: () => ({
    head: "lm_head.decoder.weight",
    embedding: "roberta.embeddings.word_embeddings.weight",
  }),
  layer: /(?:^|\.)layer\.(\d+)\./,
  // counted positions, the tied decoder, BERT's pooler
  leftover:
    /(^|\.)embeddings\.(position_ids|token_type_embeddings\.weight)$|^lm_head\.decoder\.|(^|\.)pooler\./,
  tokenTypes: {
    name: TOKEN_TYPES,
    positions: "encoder.positionEmbedding",
  },
};
