import { assert, assertEquals, assertThrows } from "@std/assert";
import { namedParameters } from "../core/module.ts";
import { buildModel, type ModelConfig } from "../models/families.ts";
import type { RobertaConfig } from "../models/roberta.ts";
import { exportTensors, importTensors, matchTensors } from "../checkpoints/hugging_face/tensors.ts";
import {
  fromHuggingFaceConfig,
  huggingFaceTensors,
  toHuggingFaceConfig,
} from "../checkpoints/hugging_face/formats.ts";
import { readSafetensors } from "../checkpoints/safetensors.ts";
import { normals } from "./_testing.ts";

const small: RobertaConfig = {
  architecture: "bert",
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
const otherwise = { attentionDropoutRate: 0, normEpsilon: 1e-12, activation: "silu", padId: 0 } as const;
const all: Record<string, ModelConfig> = {
  masked: small,
  "masked, everything otherwise": { ...small, ...otherwise, tokenTypes: 2, tied: false },
  "encoder alone": { ...small, ...otherwise, headless: true },
  classifier: { ...small, labels },
  "classifier, everything otherwise": {
    ...{ ...small, ...otherwise, tokenTypes: 3, labels: ["score"] },
    ...{ headDropoutRate: 0.5, problemType: "regression" },
  },
};

const fixture = (path: string) => Deno.readFileSync(new URL(`../fixtures/${path}`, import.meta.url));
const theirConfig = (name: string) => JSON.parse(new TextDecoder().decode(fixture(`${name}/config.json`)));

/** Numbers for every parameter of a model, by our names. */
const parametersOf = (config: ModelConfig) =>
  new Map(namedParameters(buildModel(config)).map(({ name, shape }) => [name, normals(name, shape)]));

for (const [name, config] of Object.entries(all)) {
  Deno.test(`BERT's config.json: ${name}, there and back, and never as a RoBERTa`, () => {
    const written = JSON.parse(JSON.stringify(toHuggingFaceConfig(config)));
    assertEquals([written.model_type, written.architectures[0].startsWith("Bert")], ["bert", true]);
    assertEquals(fromHuggingFaceConfig(written), config);
  });

  Deno.test(`BERT's tensors: ${name}, there and back, with and without prefix, and under the oldest names`, () => {
    const parameters = parametersOf(config), tensors = exportTensors(config, parameters);
    assertEquals([...huggingFaceTensors(config).keys()].sort(), [...parameters.keys()].sort());
    assert([...tensors.keys()].every((name) => /^(bert|cls|classifier)\./.test(name)));
    const renamed = (change: (name: string) => string) =>
      new Map(Array.from(tensors, ([name, tensor]) => [change(name), tensor]));
    const old = (name: string) => name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta");
    for (const change of [(name: string) => name, (name: string) => name.replace(/^bert\./, ""), old]) {
      assertEquals(importTensors(config, renamed(change)), parameters);
    }
  });
}

for (const name of ["bert-mini", "bert-classifier-mini"]) {
  Deno.test(`BERT's folder: ours says of ${name} what theirs says, with tensors of the same names and shapes`, () => {
    const theirs = theirConfig(name), config = fromHuggingFaceConfig(theirs);
    for (const [key, value] of Object.entries(toHuggingFaceConfig(config))) {
      assertEquals(value, theirs[key], key);
    }
    const shapesOf = (of: ReadonlyMap<string, { shape: readonly number[] }>) =>
      Array.from(of, ([name, { shape }]) => `${name} (${shape})`).sort();
    const tensors = exportTensors(config, parametersOf(config));
    assertEquals(shapesOf(tensors), shapesOf(readSafetensors(fixture(`${name}/model.safetensors`))));
  });
}

/** What the hub's bert-base-uncased has in a layer. */
const BASE_LAYER: Record<string, number[]> = {
  "attention.self.query.weight": [768, 768],
  "attention.self.query.bias": [768],
  "attention.self.key.weight": [768, 768],
  "attention.self.key.bias": [768],
  "attention.self.value.weight": [768, 768],
  "attention.self.value.bias": [768],
  "attention.output.dense.weight": [768, 768],
  "attention.output.dense.bias": [768],
  "attention.output.LayerNorm.gamma": [768],
  "attention.output.LayerNorm.beta": [768],
  "intermediate.dense.weight": [3072, 768],
  "intermediate.dense.bias": [3072],
  "output.dense.weight": [768, 3072],
  "output.dense.bias": [768],
  "output.LayerNorm.gamma": [768],
  "output.LayerNorm.beta": [768],
};

Deno.test("a downloaded bert-base-uncased finds a place for every tensor, of the right shape, and keeps its pooler", () => {
  const config = fromHuggingFaceConfig({
    architectures: ["BertForMaskedLM"],
    attention_probs_dropout_prob: 0.1,
    gradient_checkpointing: false,
    hidden_act: "gelu",
    hidden_dropout_prob: 0.1,
    hidden_size: 768,
    initializer_range: 0.02,
    intermediate_size: 3072,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 512,
    model_type: "bert",
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 0,
    position_embedding_type: "absolute",
    transformers_version: "4.6.0.dev0",
    type_vocab_size: 2,
    use_cache: true,
    vocab_size: 30522,
  });
  const theirs: Record<string, number[]> = {
    "bert.embeddings.word_embeddings.weight": [30522, 768],
    "bert.embeddings.position_embeddings.weight": [512, 768],
    "bert.embeddings.position_ids": [1, 512],
    "bert.embeddings.token_type_embeddings.weight": [2, 768],
    "bert.embeddings.LayerNorm.gamma": [768],
    "bert.embeddings.LayerNorm.beta": [768],
    "bert.pooler.dense.weight": [768, 768],
    "bert.pooler.dense.bias": [768],
    "cls.predictions.bias": [30522],
    "cls.predictions.transform.dense.weight": [768, 768],
    "cls.predictions.transform.dense.bias": [768],
    "cls.predictions.transform.LayerNorm.gamma": [768],
    "cls.predictions.transform.LayerNorm.beta": [768],
    "cls.predictions.decoder.weight": [30522, 768],
    "cls.seq_relationship.weight": [2, 768],
    "cls.seq_relationship.bias": [2],
  };
  for (let layer = 0; layer < 12; layer++) {
    for (const [name, shape] of Object.entries(BASE_LAYER)) {
      theirs[`bert.encoder.layer.${layer}.${name}`] = shape;
    }
  }
  const matched = matchTensors(config, Object.keys(theirs)), parameters = namedParameters(buildModel(config));
  for (const { name, shape } of parameters) {
    const { names, transposed } = matched.get(name)!;
    const expected = transposed ? shape.toReversed() : [...shape],
      axis = transposed ? 0 : expected.length - 1;
    expected[axis] /= names.length;
    for (const theirName of names) assertEquals(theirs[theirName], expected, name);
  }
  const spare = ["encoder.pooler.weight", "encoder.pooler.bias"];
  assertEquals([...matched.keys()].slice(parameters.length), spare);
  assertEquals(matched.get(spare[0]), { names: ["bert.pooler.dense.weight"], transposed: true });
});

Deno.test("BERT's tensors: what is missing or left over is named", () => {
  for (const config of [all.masked, all["encoder alone"], all.classifier]) {
    const names = [...exportTensors(config, parametersOf(config)).keys()];
    for (const missing of names.filter((name) => !name.includes("token_type"))) {
      const rest = names.filter((name) => name !== missing);
      assertThrows(() => matchTensors(config, rest), TypeError, `tensor ${missing} is missing`);
    }
    const extra = "bert.encoder.layer.2.output.dense.bias";
    assertThrows(
      () => matchTensors(config, [...names, extra]),
      TypeError,
      `tensor ${extra} belongs to no part`,
    );
  }
});

const REFUSED: [change: Record<string, unknown>, message: string][] = [
  [
    { architectures: ["BertLMHeadModel"] },
    'architectures names "BertLMHeadModel": expected "BertForMaskedLM"',
  ],
  [{ architectures: ["BertForTokenClassification"] }, 'architectures names "BertForTokenClassification"'],
  [{ hidden_act: "mish" }, 'hidden_act is "mish", expected "gelu_new" or'],
  [{ is_decoder: true }, "is_decoder is true, only false is supported"],
  [{ position_embedding_type: "relative_key" }, 'position_embedding_type is "relative_key"'],
  [{ max_position_embeddings: 0 }, "max_position_embeddings is 0, expected a positive integer"],
  [{ pad_token_id: 11 }, "pad_token_id is 11, expected an id below the vocabulary size 11"],
];

for (const [change, message] of REFUSED) {
  Deno.test(`BERT's config.json: refused, because ${message}`, () => {
    const json = { ...toHuggingFaceConfig(small), ...change };
    assertThrows(() => fromHuggingFaceConfig(json), TypeError, message);
  });
}

Deno.test("BERT's config.json: padding is 0 where it is null or missing, and takes no position", () => {
  const json = toHuggingFaceConfig({ ...small, padId: 0 });
  for (const pad_token_id of [0, null, undefined]) {
    const { padId, contextLength } = fromHuggingFaceConfig({ ...json, pad_token_id }) as RobertaConfig;
    assertEquals([padId, contextLength], [0, 8]);
  }
  assertEquals((fromHuggingFaceConfig({ ...json, pad_token_id: 5 }) as RobertaConfig).contextLength, 8);
});
