import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import type { Experiment } from "../models/experiment.ts";
import { buildModel, kindOf, type ModelConfig } from "../models/families.ts";
import { Gpt } from "../models/gpt.ts";
import { PreNormBlock } from "../models/blocks.ts";
import {
  type CheckpointFiles,
  loadConfig,
  loadModel,
  loadSavedExperiment,
  modelFiles,
  restoreTraining,
  trainingFiles,
} from "../checkpoints/checkpoint.ts";
import { takeOver } from "../checkpoints/fine_tuning.ts";
import { expectExperiment, fromConfigJson, toConfigJson } from "../checkpoints/experiment_format.ts";
import { toHuggingFaceConfig } from "../checkpoints/hugging_face/formats.ts";
import { type NamedArray, readSafetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import { everyBackend } from "./_testing.ts";
import { allReports, newRun, small, stateOf } from "./_training.ts";
import { block } from "./_without_norm.ts";

const sha256 = "0123456789abcdef".repeat(4), otherSha256 = "f".repeat(64);
const withoutNorm: Experiment = { name: "without_norm", sha256, block };
const labels = ["even", "odd"];

const CONFIGS: ModelConfig[] = [
  small,
  { ...small, architecture: "gpt2", tied: false, initialStd: 0.5, feedForwardDim: 24 },
  { ...small, tied: true },
  { ...small, labels, padId: 4 },
  { ...small, labels },
  { ...small, architecture: "roberta" },
  { ...small, architecture: "roberta", labels, initialStd: 0 },
  { ...small, architecture: "roberta", labels, pooling: "mean" },
  { ...small, architecture: "roberta", padId: 2, tokenTypes: 2, tied: false, normEpsilon: 1e-12 },
  { ...small, architecture: "roberta", headless: true, activation: "relu", attentionDropoutRate: 0 },
  { ...small, architecture: "roberta", labels, headDropoutRate: 0, problemType: "regression" },
  { ...small, scaledAttention: false, layerScaledAttention: true, embeddingDropoutRate: 0.75 },
];

Deno.test("config.json of an experiment: every configuration comes back, in our words", () => {
  for (const config of CONFIGS) {
    const json = JSON.parse(JSON.stringify(toConfigJson(config, withoutNorm)));
    assertEquals(fromConfigJson(json), config);
    assertEquals(json.model_type, "miniformer");
    assertEquals(json.experiment, { name: "without_norm", sha256 });
    assertEquals(json.modelDim, config.modelDim);
  }
  assertEquals(toConfigJson(small, { name: "x" }).experiment, { name: "x", sha256: undefined });
});

/** The files of a model with or without an experiment. */
async function filesOf(experiment?: Experiment, config: ModelConfig = small): Promise<CheckpointFiles> {
  const backend = new CpuBackend(), model = buildModel(config, experiment);
  return await modelFiles(backend, model, initialize(backend, model, 1));
}

Deno.test("model.safetensors of an experiment has the parameters under our names, untransposed", async () => {
  const experiment: Experiment = {
    name: "own",
    block: (config, _layer, options) => new PreNormBlock(config, options),
  };
  const config: ModelConfig = { ...small, architecture: "roberta", labels }, backend = new CpuBackend();
  const model = buildModel(config, experiment), store = initialize(backend, model, 1);
  const arrays = readSafetensors(
    (await modelFiles(backend, model, store))["model.safetensors"] as Uint8Array,
  );
  assertEquals([...arrays.keys()].sort(), store.parameters.map(({ name }) => name).sort());
  for (const parameter of store.parameters) {
    const { shape, data } = arrays.get(parameter.name)!;
    assertEquals(shape, [...parameter.shape]);
    assertEquals(data, await backend.read(parameter));
  }
});

Deno.test("loadSavedExperiment: the name and the hash, without the experiment", async () => {
  assertEquals(loadSavedExperiment(await filesOf(withoutNorm)), { name: "without_norm", sha256 });
  assertEquals(loadSavedExperiment(await filesOf({ name: "x", block })), { name: "x" });
  assertEquals(loadSavedExperiment(await filesOf()), undefined);
});

const saved = `the experiment "without_norm" (SHA-256 ${sha256})`;
const REFUSED: Record<
  string,
  [saved: Experiment | undefined, given: Experiment | undefined, message: string]
> = {
  "none is given": [
    withoutNorm,
    undefined,
    `config.json: the model was saved with ${saved}, whose code is not in the checkpoint: give it again to use the model`,
  ],
  "another name is given": [
    withoutNorm,
    { ...withoutNorm, name: "with_norm" },
    `config.json: the model was saved with ${saved}, given is the experiment "with_norm" (SHA-256 ${sha256}): ` +
    "give the one it was trained with",
  ],
  "another file is given": [
    withoutNorm,
    { ...withoutNorm, sha256: otherSha256 },
    `config.json: the model was saved with ${saved}, given is the experiment "without_norm" (SHA-256 ${otherSha256}): ` +
    "give the one it was trained with",
  ],
  "another name is given, without hashes": [
    { name: "a", block },
    { name: "b", block },
    'saved with the experiment "a" (without a SHA-256), given is the experiment "b" (without a SHA-256)',
  ],
  "one is given and none was saved": [
    undefined,
    withoutNorm,
    `config.json: the model was saved without an experiment, given is ${saved}: leave it out`,
  ],
};

for (const [what, [saved, given, message]] of Object.entries(REFUSED)) {
  Deno.test(`a checkpoint is refused when ${what}`, async () => {
    const files = await filesOf(saved);
    for (const load of [loadConfig, loadModel]) {
      const error = assertThrows(() => load(files, { experiment: given }), TypeError, message);
      assert(error.message.length < 500 && !error.message.includes("\n"), error.message);
    }
    const run = newRun(new CpuBackend(), new Gpt(small, given)), before = await stateOf(run);
    const trained = newRun(new CpuBackend(), new Gpt(small, saved));
    const all = { ...files, ...await trainingFiles(trained) };
    assertThrows(() => restoreTraining(run, all), TypeError);
    assertEquals(await stateOf(run), before);
  });
}

Deno.test("hashes are compared only where both sides have one", () => {
  for (const [saved, given] of [[undefined, sha256], [sha256, undefined], [sha256, sha256]]) {
    expectExperiment({ name: "x", sha256: saved }, { name: "x", sha256: given });
  }
  assertThrows(() => expectExperiment({ name: "x", sha256 }, { name: "x", sha256: otherSha256 }), TypeError);
});

Deno.test("a checkpoint of an experiment that fits its model otherwise is not loaded as a plain one", async () => {
  // same parameters, another function
  const relabelled: Experiment = {
    name: "causal_no_more",
    block: (config, _layer, options) => new PreNormBlock(config, options),
  };
  const files = await filesOf(relabelled, { ...small, architecture: "gpt2" });
  assertThrows(() => loadModel(files), TypeError, "causal_no_more");
});

const pooled: ModelConfig = { ...small, architecture: "roberta", labels, pooling: "mean" };

Deno.test("a classifier by the mean of its tokens is written in our words, and comes back", async () => {
  const files = await filesOf(undefined, pooled), json = JSON.parse(files["config.json"] as string);
  assertEquals([json.model_type, json.pooling, json.architectures], ["miniformer", "mean", undefined]);
  assertEquals(Object.hasOwn(json, "experiment"), false);
  const { config, weights } = loadModel(files, { kind: "classifier" }), backend = new CpuBackend();
  assertEquals(config, pooled);
  const model = buildModel(config), store = initialize(backend, model, 1);
  for (const parameter of store.parameters) {
    assertEquals(await backend.read(parameter), weights.get(parameter.name)!.data, parameter.name);
  }
  assertEquals(loadSavedExperiment(files), undefined);
  assertThrows(() => loadModel(files, { experiment: withoutNorm }), TypeError, "saved without an experiment");
  const first = await filesOf(undefined, { ...pooled, pooling: "first" });
  assertEquals(first, await filesOf(undefined, { ...small, architecture: "roberta", labels }));
  assertThrows(
    () => toHuggingFaceConfig(pooled),
    RangeError,
    'Cannot write a classifier with pooling "mean"',
  );
});

Deno.test("config.json with a pooling: one that there is not, and one of another model, are refused", async () => {
  const json = JSON.parse((await filesOf(undefined, pooled))["config.json"] as string);
  const refuse = (changes: Json, message: string) => {
    const files = { "config.json": JSON.stringify({ ...json, ...changes }) };
    assertThrows(() => loadConfig(files), TypeError, `config.json: ${message}`);
  };
  refuse({ pooling: "max" }, 'pooling is "max", expected "first" or "mean"');
  refuse({ pooling: "first" }, "experiment is missing");
  refuse({ pooling: undefined }, "experiment is missing");
  refuse({ labels: undefined }, 'field "pooling" is unknown');
  refuse({ architecture: "gpt2" }, 'field "pooling" is unknown');
});

type Json = Record<string, unknown>;
const DAMAGED: Record<string, [change: (json: Json) => void, message: string]> = {
  "no experiment": [
    (json) => delete json.experiment,
    "experiment is missing, expected an object with a name",
  ],
  "a list of experiments": [(json) => json.experiment = ["x"], 'experiment is ["x"], expected an object'],
  "a path for code": [
    (json) => json.experiment = { name: "without_norm", sha256, path: "evil.ts" },
    'experiment has a field "path", expected name and sha256',
  ],
  "a name of control characters": [
    (json) => json.experiment = { name: "\x1b[31m" },
    "The name of an experiment is",
  ],
  "half a hash": [
    (json) => json.experiment = { name: "without_norm", sha256: "0123" },
    'has the SHA-256 "0123", expected 64 hexadecimal digits',
  ],
  "an unknown architecture": [
    (json) => json.architecture = "__proto__",
    'architecture is "__proto__", expected "gpt1" or "gpt2" or "roberta"',
  ],
  "a field too many": [
    (json) => json.nonlinearity = "relu",
    'field "nonlinearity" is unknown in this kind of file',
  ],
  "padding without labels": [(json) => json.padId = 1, 'field "padId" is unknown'],
  "a size too few": [
    (json) => delete json.modelDim,
    "modelDim is missing, expected a positive integer up to",
  ],
  "no dropout": [
    (json) => delete json.dropoutRate,
    "dropoutRate is missing, expected a number from 0 to below 1",
  ],
  "too many layers": [
    (json) => json.layers = 1e9,
    "layers is 1000000000, expected a positive integer up to 10000",
  ],
  "labels that are none": [(json) => json.labels = "ab", 'labels is "ab", expected a list of at most'],
  "no label": [(json) => json.labels = [], "Cannot classify into 0 classes"],
  "an unknown activation": [(json) => json.activation = "mish", 'activation is "mish", expected "gelu" or'],
  "a word for tied": [(json) => json.tied = "yes", 'tied is "yes", expected true or false'],
  "heads that do not divide": [(json) => json.heads = 3, "Cannot divide modelDim 16 into 3 heads"],
};

for (const [what, [change, message]] of Object.entries(DAMAGED)) {
  Deno.test(`config.json of an experiment: ${what} is refused`, async () => {
    const files = await filesOf(withoutNorm), json = JSON.parse(files["config.json"] as string);
    change(json);
    files["config.json"] = JSON.stringify(json);
    const error = assertThrows(() => loadModel(files, { experiment: withoutNorm }), TypeError, message);
    assert(error.message.includes("config.json: "), error.message);
    assert(error.message.length < 400, error.message);
  });
}

Deno.test("config.json of an experiment: what another family has is refused", () => {
  const json = toConfigJson({ ...small, architecture: "roberta" }, withoutNorm);
  const scaled = { ...json, scaledAttention: false };
  assertThrows(() => fromConfigJson(scaled), TypeError, 'field "scaledAttention" is unknown');
});

Deno.test("model.safetensors of an experiment: a tensor too few, too many, or of another shape is refused", async () => {
  const files = await filesOf(withoutNorm), name = "blocks.0.mlp.expand.bias";
  const arrays = readSafetensors(files["model.safetensors"] as Uint8Array);
  const load = (
    change: (arrays: Map<string, NamedArray>) => void,
    message: string,
  ) => {
    const changed = new Map(arrays);
    change(changed);
    const bytes = writeSafetensors([...changed.values()]);
    const all = { ...files, "model.safetensors": bytes };
    assertThrows(
      () => loadModel(all, { experiment: withoutNorm }),
      TypeError,
      `model.safetensors: tensor ${message}`,
    );
  };
  load((changed) => changed.delete(name), `${name} is missing`);
  load(
    (changed) => changed.set("x", { name: "x", shape: [1], data: new Float32Array(1) }),
    "x belongs to no part",
  );
  load(
    (changed) => changed.set(name, { name, shape: [3], data: new Float32Array(3) }),
    `${name} is (3), the model`,
  );
  load(
    (changed) => changed.set(name, { name, shape: [64], data: new Float32Array(64).fill(NaN) }),
    `${name} holds NaN at index 0`,
  );
});

everyBackend(
  "an experiment resumes: 20 steps are 10, a checkpoint, and 10 more, bit for bit",
  async (backend) => {
    for (const architecture of ["gpt1", "gpt2"] as const) {
      const config = { ...small, architecture }, changes = { steps: 20 };
      const build = () => new Gpt(config, withoutNorm);
      const whole = newRun(backend, build(), changes), first = newRun(backend, build(), changes);
      const reports = await allReports(whole);
      await allReports(first, 5, 10);
      const files = {
        ...await modelFiles(backend, { config, experiment: withoutNorm }, first.store),
        ...await trainingFiles(first),
      };
      const second = newRun(backend, build(), { ...changes, seed: 3 });
      restoreTraining(second, files);
      assertEquals(await allReports(second), reports.slice(10));
      assertEquals(await stateOf(second), await stateOf(whole));
    }
  },
);

Deno.test("fine-tuning takes over an experiment's language model", async () => {
  const backend = new CpuBackend();
  for (const config of [small, { ...small, architecture: "roberta" }] as ModelConfig[]) {
    assertNotEquals(kindOf(config), "classifier");
    const { weights } = loadModel(await filesOf(withoutNorm, config), { experiment: withoutNorm });
    const classifier = buildModel({ ...config, labels } as ModelConfig, withoutNorm);
    const store = initialize(backend, classifier, 7), taken = await takeOver(backend, store, weights);
    const inside = store.parameters.filter(({ name }) => /^(gpt|encoder)\./.test(name));
    assertEquals(taken, inside.map(({ name }) => name));
    for (const parameter of inside) {
      const source = weights.get(parameter.name) ?? weights.get(parameter.name.slice(4))!;
      assertEquals(await backend.read(parameter), source.data, parameter.name);
    }
  }
});
