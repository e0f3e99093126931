/**
 * What Hugging Face calls the parts of a RoBERTa or BERT; where the two differ, `roberta_dialects.ts` says how.
 *
 * Weights are stored (out, in) there and (in, out) here; query, key and value are three matrices there and one here. A
 * one-row table of token types is added to every position: on reading it goes into the position embedding, on writing it
 * is zero. A larger one is kept. The decoder is written if it is not tied to the token embedding; its bias then has two
 * names there, of which the decoder's counts.
 *
 * Checked against `RobertaForMaskedLM`, `RobertaForSequenceClassification` and their twins of BERT in transformers.
 *
 * @module
 */

import { POOLINGS } from "../../models/classifiers/classifier.ts";
import type { RobertaClassifierConfig } from "../../models/classifiers/roberta_classifier.ts";
import { INITIAL_STD, PAD_ID } from "../../models/config.ts";
import type { RobertaConfig } from "../../models/roberta.ts";
import { type ConfigJson, ConfigReader, MAX } from "./config_reader.ts";
import { DIALECTS, type Row } from "./roberta_dialects.ts";
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

const BLOCK_ROWS: readonly Row[] = [
  ["attention.queryKeyValue", ["query", "key", "value"].map((name) => `attention.self.${name}`), true],
  ["attention.projection", ["attention.output.dense"], true],
  ["norm1", ["attention.output.LayerNorm"], false],
  ["mlp.expand", ["intermediate.dense"], true],
  ["mlp.contract", ["output.dense"], true],
  ["norm2", ["output.LayerNorm"], false],
];

type Architecture = RobertaConfig["architecture"];
type Config = RobertaConfig | RobertaClassifierConfig;

const SHARED: SharedNames = {
  epsilon: ["layer_norm_eps", 1e-12],
  activation: ["hidden_act", "gelu", ACTIVATION_NAMES, "geluErf"],
  rates: ["hidden_dropout_prob", "attention_probs_dropout_prob"],
};

/** Where the tensors of a row are stored: our name to theirs. */
function* placesOf(
  [ours, theirs, isLinear]: Row,
  ourPath = "",
  theirPath = "",
): Generator<[string, HuggingFaceTensor]> {
  for (const kind of ["weight", "bias"]) {
    const names = theirs.map((name) => `${theirPath}${name}.${kind}`);
    yield [`${ourPath}${ours}.${kind}`, { names, transposed: isLinear && kind === "weight" }];
  }
}

/** Where each parameter is stored: our name to their tensors. */
function encoderTensors(config: Config): Map<string, HuggingFaceTensor> {
  const { modelType, headRows, head, classifierRows, pooler } = DIALECTS[config.architecture];
  const tensors = new Map<string, HuggingFaceTensor>();
  const setRow = (...row: Parameters<typeof placesOf>) => {
    for (const [ours, place] of placesOf(...row)) tensors.set(ours, place);
  };
  const setTable = (ours: string, theirs: string) =>
    tensors.set(ours, { names: [theirs], transposed: false });
  setTable("encoder.tokenEmbedding", `${modelType}.embeddings.word_embeddings.weight`);
  setTable("encoder.positionEmbedding", `${modelType}.embeddings.position_embeddings.weight`);
  setRow(["encoder.embeddingNorm", [`${modelType}.embeddings.LayerNorm`], false]);
  for (let layer = 0; layer < config.layers; layer++) {
    const path = `${modelType}.encoder.layer.${layer}.`;
    for (const row of BLOCK_ROWS) setRow(row, `encoder.blocks.${layer}.`, path);
  }
  if ((config.tokenTypes ?? 1) > 1) setTable("encoder.tokenTypeEmbedding", tokenTypesOf(modelType));
  const isLabelled = "labels" in config;
  if (pooler && (isLabelled || config.headless)) setRow(pooler);
  if (isLabelled) {
    for (const row of classifierRows) setRow(row);
  } else if (!config.headless) {
    const untied = config.tied === false;
    for (const row of headRows) setRow(row);
    tensors.set("languageHead.bias", {
      names: [head.bias],
      transposed: false,
      preferred: `${head.decoder}.bias`,
      doubled: untied,
    });
    if (untied) setTable("languageHead.decoder", `${head.decoder}.weight`);
  }
  return tensors;
}

const tokenTypesOf = (modelType: string): string => `${modelType}.embeddings.token_type_embeddings.weight`;

/** The pooler that a file of a language model may have: a classifier that is made from it takes it over. */
function spareTensors(config: Config): Map<string, HuggingFaceTensor> {
  const { pooler } = DIALECTS[config.architecture];
  return new Map(pooler && !("labels" in config) && !config.headless ? placesOf(pooler) : []);
}

/** The `config.json` of a model; a classifier by the mean of its tokens is refused, since transformers has none. */
function toEncoderJson(config: Config): Record<string, unknown> {
  const labelled = "labels" in config ? config : undefined, { padId = PAD_ID } = config;
  const { modelType, classes, firstPosition, tokenIds } = DIALECTS[config.architecture];
  if (labelled?.pooling === "mean") {
    throw new RangeError(
      'Cannot write a classifier with pooling "mean" for Hugging Face: transformers has classes for "first" only',
    );
  }
  const { activation, rates, epsilon } = writeShared(config, SHARED);
  return {
    architectures: [classes[labelled ? "classifier" : config.headless ? "bare" : "masked"]],
    model_type: modelType,
    vocab_size: config.vocabSize,
    max_position_embeddings: config.contextLength + firstPosition(padId),
    hidden_size: config.modelDim,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.feedForwardDim,
    ...activation,
    ...rates,
    type_vocab_size: config.tokenTypes ?? 1,
    ...epsilon,
    initializer_range: config.initialStd ?? INITIAL_STD,
    ...tokenIds(padId),
    tie_word_embeddings: labelled !== undefined || config.tied !== false, // a classifier has nothing to tie
    ...labelled === undefined ? {} : labelTables(labelled.labels),
    ...definedOnly({ problem_type: labelled?.problemType, classifier_dropout: labelled?.headDropoutRate }),
  };
}

/** Reads a `config.json`, with labels if it is that of a classifier. */
function fromEncoderJson(architecture: Architecture, json: ConfigJson): Config {
  const { modelType, classes, firstPosition, defaults } = DIALECTS[architecture];
  const file = new ConfigReader(json),
    name = file.expectClass(Object.values(classes)),
    labels = file.labels();
  expectFixed(file, modelType);
  const vocabSize = file.count("vocab_size", defaults.vocabSize, MAX.vocabSize);
  const padId = file.id("pad_token_id", vocabSize) ?? defaults.padId, unused = firstPosition(padId);
  const positions = file.count("max_position_embeddings", 512, MAX.positions);
  if (json.pad_token_id === null && unused > 0) {
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
    architecture,
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
    return { ...config, ...tied ? {} : { tied }, ...name === classes.bare ? { headless: true } : {} };
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

/** The format of an architecture. */
function formatFor(architecture: Architecture): Format<Config> {
  const { modelType, head, leftover } = DIALECTS[architecture];
  return {
    modelTypes: [modelType],
    fromJson: (json) => fromEncoderJson(architecture, json),
    toJson: toEncoderJson,
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
    tensors: encoderTensors,
    spareTensors,
    prefix: `${modelType}.`,
    headOf: () => ({
      head: `${head.decoder}.weight`,
      embedding: `${modelType}.embeddings.word_embeddings.weight`,
    }),
    layer: /(?:^|\.)layer\.(\d+)\./,
    leftover,
    tokenTypes: { name: tokenTypesOf(modelType), positions: "encoder.positionEmbedding" },
  };
}

/** The checkpoints of RoBERTa. */
export const ROBERTA_FORMAT: Format<Config> = formatFor("roberta");

/** The checkpoints of BERT. */
export const BERT_FORMAT: Format<Config> = formatFor("bert");
