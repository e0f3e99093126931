import { assert, assertEquals, assertThrows } from "@std/assert";
import { namedParameters } from "../core/module.ts";
import { buildModel, type ModelConfig } from "../models/families.ts";
import type { GptClassifierConfig } from "../models/classifiers/gpt_classifier.ts";
import type { RobertaClassifierConfig } from "../models/classifiers/roberta_classifier.ts";
import { exportTensors, importTensors, matchTensors } from "../checkpoints/hugging_face/tensors.ts";
import {
  fromHuggingFaceConfig,
  huggingFaceTensors,
  toHuggingFaceConfig,
} from "../checkpoints/hugging_face/formats.ts";
import type { RobertaConfig } from "../models/roberta.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";
import { readSafetensors } from "../checkpoints/safetensors.ts";
import { normals } from "./_testing.ts";

const small: RobertaConfig = {
  architecture: "roberta",
  vocabSize: 11,
  contextLength: 8,
  layers: 2,
  heads: 2,
  modelDim: 4,
  feedForwardDim: 6,
  dropoutRate: 0.25,
  initialStd: 0.07,
};
const labels = ["bad", "good", "so so"];
const gpt: GptClassifierConfig = {
  ...{ ...small, architecture: "gpt1" as const, feedForwardDim: 16, tied: true, labels, padId: 9 },
};
const otherwise = { attentionDropoutRate: 0, normEpsilon: 1e-12, activation: "silu" } as const;
const all: Record<string, ModelConfig> = {
  "masked, everything otherwise": { ...small, ...otherwise, padId: 3, tokenTypes: 2, tied: false },
  "encoder alone": { ...small, headless: true },
  "classifier, everything otherwise": {
    ...{ ...small, ...otherwise, activation: "gelu", padId: 0, tokenTypes: 5, labels: ["score"] },
    ...{ headDropoutRate: 0.5, problemType: "regression" },
  },
  "classifier of several labels": { ...small, labels, problemType: "multi_label_classification" },
  "masked": small,
  "classifier": { ...small, labels },
  "classifier from gpt1": gpt,
  "classifier from gpt2": { ...gpt, architecture: "gpt2" },
  "gpt2, everything otherwise": {
    ...{ ...small, ...otherwise, architecture: "gpt2", tied: false, embeddingDropoutRate: 0.5 },
    ...{ scaledAttention: false, layerScaledAttention: true, activation: "quickGelu" },
  },
};

const fixture = (path: string) => Deno.readFileSync(new URL(`../fixtures/${path}`, import.meta.url));
const theirConfig = (name: string) => JSON.parse(new TextDecoder().decode(fixture(`${name}/config.json`)));

/** Numbers for every parameter of a model, by our names. */
const parametersOf = (config: ModelConfig) =>
  new Map(namedParameters(buildModel(config)).map(({ name, shape }) => [name, normals(name, shape)]));

for (const [name, config] of Object.entries(all)) {
  Deno.test(`Hugging Face config: ${name}, there and back, through JSON`, () => {
    assertEquals(fromHuggingFaceConfig(JSON.parse(JSON.stringify(toHuggingFaceConfig(config)))), config);
  });

  Deno.test(`Hugging Face tensors: ${name}, there and back`, () => {
    const parameters = parametersOf(config), tensors = exportTensors(config, parameters);
    assertEquals([...huggingFaceTensors(config).keys()].sort(), [...parameters.keys()].sort());
    assertEquals(importTensors(config, tensors), parameters);
    const short = new Map(
      Array.from(tensors, ([name, tensor]) => [name.replace(/^(roberta|transformer)\./, ""), tensor]),
    );
    assertEquals(importTensors(config, short), parameters);
  });
}

for (const name of ["roberta-mini", "roberta-classifier-mini", "openai-gpt-classifier-mini"]) {
  Deno.test(`Hugging Face config: ours says of ${name} what theirs says`, () => {
    const theirs = theirConfig(name), ours = toHuggingFaceConfig(fromHuggingFaceConfig(theirs));
    for (const [key, value] of Object.entries(ours)) assertEquals(value, theirs[key], key);
  });

  Deno.test(`Hugging Face tensors: names and shapes of ${name} are ours`, () => {
    const config = fromHuggingFaceConfig(theirConfig(name)),
      tensors = exportTensors(config, parametersOf(config));
    const theirs = readSafetensors(fixture(`${name}/model.safetensors`));
    const shapesOf = (of: ReadonlyMap<string, { shape: readonly number[] }>) =>
      Array.from(of, ([name, { shape }]) => `${name} (${shape})`).sort();
    assertEquals(shapesOf(tensors), shapesOf(theirs));
  });
}

/** What `RobertaForMaskedLM(RobertaConfig(max_position_embeddings=514, ...))` of the hub's roberta-base has a layer. */
const BASE_LAYER: Record<string, number[]> = {
  "attention.self.query.weight": [768, 768],
  "attention.self.query.bias": [768],
  "attention.self.key.weight": [768, 768],
  "attention.self.key.bias": [768],
  "attention.self.value.weight": [768, 768],
  "attention.self.value.bias": [768],
  "attention.output.dense.weight": [768, 768],
  "attention.output.dense.bias": [768],
  "attention.output.LayerNorm.weight": [768],
  "attention.output.LayerNorm.bias": [768],
  "intermediate.dense.weight": [3072, 768],
  "intermediate.dense.bias": [3072],
  "output.dense.weight": [768, 3072],
  "output.dense.bias": [768],
  "output.LayerNorm.weight": [768],
  "output.LayerNorm.bias": [768],
};

for (const [name, layers] of [["roberta-base", 12], ["distilroberta-base", 6]] as const) {
  Deno.test(`a downloaded ${name} finds a place for every tensor, of the right shape`, () => {
    const json = {
      architectures: ["RobertaForMaskedLM"],
      attention_probs_dropout_prob: 0.1,
      bos_token_id: 0,
      eos_token_id: 2,
      hidden_act: "gelu",
      hidden_dropout_prob: 0.1,
      hidden_size: 768,
      initializer_range: 0.02,
      intermediate_size: 3072,
      layer_norm_eps: 1e-5,
      max_position_embeddings: 514,
      model_type: "roberta",
      num_attention_heads: 12,
      num_hidden_layers: layers,
      pad_token_id: 1,
      type_vocab_size: 1,
      vocab_size: 50265,
    };
    const config = fromHuggingFaceConfig(json);
    if (name === "roberta-base") {
      assertEquals(config, { ...MASKED_PRESETS[name].model, vocabSize: 50265, initialStd: 0.02 });
    }
    const embeddings = "roberta.embeddings.",
      theirs: Record<string, number[]> = {
        [`${embeddings}word_embeddings.weight`]: [50265, 768],
        [`${embeddings}position_embeddings.weight`]: [514, 768],
        [`${embeddings}token_type_embeddings.weight`]: [1, 768],
        [`${embeddings}position_ids`]: [1, 514],
        [`${embeddings}LayerNorm.weight`]: [768],
        [`${embeddings}LayerNorm.bias`]: [768],
        "roberta.pooler.dense.weight": [768, 768],
        "roberta.pooler.dense.bias": [768],
        "lm_head.bias": [50265],
        "lm_head.dense.weight": [768, 768],
        "lm_head.dense.bias": [768],
        "lm_head.layer_norm.weight": [768],
        "lm_head.layer_norm.bias": [768],
        "lm_head.decoder.weight": [50265, 768],
        "lm_head.decoder.bias": [50265],
      };
    for (let layer = 0; layer < layers; layer++) {
      for (const [name, shape] of Object.entries(BASE_LAYER)) {
        theirs[`roberta.encoder.layer.${layer}.${name}`] = shape;
      }
    }
    const matched = matchTensors(config, Object.keys(theirs));
    for (const { name, shape } of namedParameters(buildModel(config))) {
      const { names, transposed } = matched.get(name)!, parts = names.map((theirName) => theirs[theirName]);
      const expected = transposed ? shape.toReversed() : [...shape],
        axis = transposed ? 0 : expected.length - 1;
      expected[axis] /= parts.length;
      for (const part of parts) assertEquals(part, expected, name);
    }
  });
}

Deno.test("a row of token types that is not zero becomes part of every position", () => {
  const parameters = parametersOf(small), tensors = exportTensors(small, parameters);
  const types = "roberta.embeddings.token_type_embeddings.weight";
  assertEquals(tensors.get(types), { shape: [1, 4], data: new Float32Array(4) });
  tensors.set(types, { shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) });
  const { data } = importTensors(small, tensors).get("encoder.positionEmbedding")!;
  data.forEach((value, at) =>
    assertEquals(value, Math.fround(parameters.get("encoder.positionEmbedding")!.data[at] + at % 4 + 1))
  );
});

Deno.test("Hugging Face tensors of a RoBERTa: what is missing, left over, or does not fit together, is named", () => {
  const tensors = exportTensors(small, parametersOf(small));
  for (const missing of tensors.keys()) {
    if (missing.includes("token_type")) continue;
    const rest = [...tensors.keys()].filter((name) => name !== missing);
    assertThrows(() => matchTensors(small, rest), TypeError, `tensor ${missing} is missing`);
  }
  const extra = [...tensors.keys(), "classifier.dense.weight"];
  assertThrows(
    () => matchTensors(small, extra),
    TypeError,
    "tensor classifier.dense.weight belongs to no part",
  );
  const key = "roberta.encoder.layer.1.attention.self.key.weight";
  tensors.set(key, { shape: [2, 4], data: new Float32Array(8) });
  assertThrows(
    () => importTensors(small, tensors),
    TypeError,
    `tensor ${key} is (2, 4), ${key.replace("key", "query")} is (`,
  );
});

const REFUSED: [change: Record<string, unknown>, message: string][] = [
  [{ architectures: ["RobertaForCausalLM"] }, 'architectures names "RobertaForCausalLM"'],
  [{ hidden_act: "mish" }, 'hidden_act is "mish", expected "gelu_new" or'],
  [{ layer_norm_eps: -1 }, "layer_norm_eps is -1, expected a positive number"],
  [{ type_vocab_size: 0 }, "type_vocab_size is 0, expected a positive integer up to 1024"],
  [{ pad_token_id: 11 }, "pad_token_id is 11, expected an id below the vocabulary size 11"],
  [{ pad_token_id: null }, "pad_token_id is null, expected an id: positions begin after it"],
  [{ is_decoder: true }, "is_decoder is true, only false is supported"],
  [{ position_embedding_type: "relative_key" }, 'position_embedding_type is "relative_key"'],
  [
    { max_position_embeddings: 2 },
    "max_position_embeddings is 2, expected at least 3: with pad_token_id 1 positions begin at 2",
  ],
  [{ num_hidden_layers: 1.5 }, "num_hidden_layers is 1.5, expected a positive integer"],
  [{ initializer_range: null, hidden_dropout_prob: "0" }, 'hidden_dropout_prob is "0", expected a number'],
  [{ initializer_range: "0.02" }, 'initializer_range is "0.02", expected a number of 0 or more'],
];

for (const [change, message] of REFUSED) {
  Deno.test(`Hugging Face config of a RoBERTa: refused, because ${message}`, () => {
    assertThrows(
      () => fromHuggingFaceConfig({ ...toHuggingFaceConfig(small), ...change }),
      TypeError,
      message,
    );
  });
}

Deno.test("Hugging Face config of a classifier: labels without names are numbered, gaps are refused", () => {
  const read = (change: Record<string, unknown>) =>
    fromHuggingFaceConfig({ ...toHuggingFaceConfig({ ...small, labels }), ...change });
  const labelsOf = (change: Record<string, unknown>) => (read(change) as RobertaClassifierConfig).labels;
  assertEquals(labelsOf({ id2label: undefined }), ["LABEL_0", "LABEL_1"]);
  assertEquals(labelsOf({ id2label: undefined, num_labels: 3 }), ["LABEL_0", "LABEL_1", "LABEL_2"]);
  assertEquals(labelsOf({ id2label: { 1: "b", 0: "a" } }), ["a", "b"]);
  assertThrows(() => read({ id2label: { 0: "a", 2: "c" } }), TypeError, "id2label has no name for class 1");
  const rateOf = (rate: unknown) =>
    (read({ classifier_dropout: rate }) as RobertaClassifierConfig).headDropoutRate;
  assertEquals([rateOf(0.5), rateOf(0.25), rateOf(null)], [0.5, undefined, undefined]);
  const json = toHuggingFaceConfig({ ...small, labels });
  assert(JSON.stringify(json.label2id) === '{"bad":0,"good":1,"so so":2}');
});

Deno.test("an untied RoBERTa has its bias under both names, and an encoder alone leaves a language head out", () => {
  const untied: RobertaConfig = { ...small, tied: false },
    tensors = exportTensors(untied, parametersOf(untied));
  assertEquals(tensors.get("lm_head.decoder.bias"), tensors.get("lm_head.bias"));
  assertEquals(tensors.has("lm_head.decoder.weight"), true);
  assertEquals(exportTensors(small, parametersOf(small)).has("lm_head.decoder.bias"), false);
  const headless: RobertaConfig = { ...small, headless: true };
  const imported = importTensors(headless, exportTensors(small, parametersOf(small)));
  assertEquals([...imported.keys()].sort(), [...parametersOf(headless).keys()].sort());
});
