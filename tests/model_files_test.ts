import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { scoresOf, writtenCheckpoints } from "../fixtures/transformers_write.ts";
import { buildModel, type ModelsByKind } from "../models/families.ts";
import { Gpt } from "../models/gpt.ts";
import type { CheckpointFiles } from "../checkpoints/checkpoint_files.ts";
import {
  loadConfig,
  loadModel,
  loadSavedExperiment,
  modelFiles,
  restoreModel,
} from "../checkpoints/model_files.ts";
import { readSafetensors } from "../checkpoints/safetensors.ts";
import { golden } from "./_golden.ts";
import { assertClose, everyBackend, type Tolerance, type Values } from "./_testing.ts";
import { small } from "./_training.ts";

/** How far logits may lie from Hugging Face's. */
const allowed = ({ name }: Backend): Tolerance => ({ rtol: name === "cpu" ? 1e-5 : 1e-4, atol: 0 });

/** A model made from the files of a checkpoint alone. */
function modelOf(backend: Backend, files: CheckpointFiles): ModelsByKind["causal"] {
  const { config, weights } = loadModel(files, { kind: "causal" }), model = buildModel<"causal">(config);
  restoreModel(backend, initialize(backend, model, 0), weights);
  return model;
}

const logitsOf = (backend: Backend, model: ModelsByKind["causal"], ids: Uint32Array, shape: number[]) =>
  backend.read(backend.scope(() => model.forward(backend.from(ids, shape))));

for (const name of ["openai-gpt-mini", "gpt2-mini"]) {
  const read = (file: string) => Deno.readFileSync(new URL(`../fixtures/${name}/${file}`, import.meta.url));
  const files = { "config.json": read("config.json"), "model.safetensors": read("model.safetensors") };

  everyBackend(`model files: ${name}, read from its folder, has Hugging Face's logits`, async (backend) => {
    const [{ ids, logits }] = golden<{ ids: Values<Uint32Array>; logits: Values }>(name),
      shape = ids.shape.slice(1);
    const first = ids.data.slice(0, shape[0] * shape[1]);
    const actual = await logitsOf(backend, modelOf(backend, files), first, shape);
    assertClose(actual, logits, allowed(backend), name);
  });

  Deno.test(`model files: ${name}, written again, has the same tensors`, async () => {
    const backend = new CpuBackend(),
      { config, weights } = loadModel(files, { kind: "causal" }),
      model = buildModel<"causal">(config);
    const store = initialize(backend, model, 0);
    restoreModel(backend, store, weights);
    const again = await modelFiles(backend, { config, experiment: undefined }, store);
    assertEquals(
      readSafetensors(again["model.safetensors"] as Uint8Array),
      readSafetensors(files["model.safetensors"]),
    );
    assertEquals(loadModel(again).config, config);
  });
}

interface Checked {
  readonly name: string;
  readonly digests: Record<string, string>;
  readonly ids: Values;
  readonly logits: Values;
}

Deno.test("model files: our files are those that transformers has loaded", async () => {
  const checked = new Map(golden<Checked>("transformers").map((one) => [one.name, one]));
  for (const { name, files, ids } of await writtenCheckpoints()) {
    const digests: Record<string, string> = {};
    for (const [file, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      digests[file] = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    }
    assertEquals(
      digests,
      checked.get(name)!.digests,
      "the files changed: run fixtures/check_transformers.py again",
    );
    assertEquals(ids, checked.get(name)!.ids.data);
    checked.delete(name);
  }
  assertEquals(checked.size, 0);
});

everyBackend("model files: our files give the logits that transformers gives", async (backend) => {
  const checked = new Map(golden<Checked>("transformers").map((one) => [one.name, one]));
  for (const { name, config: expected, files, ids } of await writtenCheckpoints()) {
    const { config, weights } = loadModel(files), model = buildModel(config);
    for (const [key, value] of Object.entries(expected)) {
      assertEquals(config[key as keyof typeof config], value, key);
    }
    restoreModel(backend, initialize(backend, model, 0), weights);
    const actual = await backend.read(backend.scope(() => scoresOf(backend, model, ids)));
    assertClose(actual, checked.get(name)!.logits, allowed(backend), name);
  }
});

Deno.test("model files: a model of other sizes is refused by tensor", async () => {
  const backend = new CpuBackend(), model = new Gpt(small);
  const { weights } = loadModel(await modelFiles(backend, model, initialize(backend, model, 1)));
  const wide = initialize(backend, new Gpt({ ...small, contextLength: 9 }), 0);
  assertThrows(
    () => restoreModel(backend, wide, weights),
    TypeError,
    "model.safetensors: tensor positionEmbedding is (8, 16), the model expects (9, 16)",
  );
});

Deno.test("model files: a model that the format cannot express is not written", async () => {
  const config = { ...small, feedForwardDim: 24 }, backend = new CpuBackend(), model = new Gpt(config);
  await assertRejects(
    () => modelFiles(backend, model, initialize(backend, model, 1)),
    RangeError,
    "feedForwardDim 24",
  );
});

Deno.test("model files: the kind that is asked for is the one that is read, and no other", async () => {
  const backend = new CpuBackend(), model = new Gpt(small);
  const files = await modelFiles(backend, model, initialize(backend, model, 1));
  assertEquals(loadConfig(files, { kind: "causal" }), loadConfig(files));
  assertEquals(loadSavedExperiment(files), undefined);
  for (const kind of ["masked", "classifier"] as const) {
    const message = "config.json: This is a causal language model";
    assertThrows(() => loadConfig(files, { kind }), TypeError, message);
    assertThrows(() => loadModel(files, { kind }), TypeError, message);
  }
});

everyBackend("model files: what is restored is what was saved, bit for bit", async (backend) => {
  const model = new Gpt(small),
    store = initialize(backend, model, 3),
    files = await modelFiles(backend, model, store);
  const other = initialize(backend, new Gpt(small), 4);
  restoreModel(backend, other, loadModel(files).weights);
  assertEquals(await backend.read(other.values), await backend.read(store.values));
});

Deno.test("model files: tensors of other shapes than config.json's are refused where they are read", async () => {
  const backend = new CpuBackend(), model = new Gpt(small);
  const files = await modelFiles(backend, model, initialize(backend, model, 1));
  const config = { ...JSON.parse(files["config.json"] as string), n_positions: 9 };
  const message = "model.safetensors: tensor positionEmbedding is (8, 16), the model expects (9, 16)";
  assertThrows(() => loadModel({ ...files, "config.json": JSON.stringify(config) }), TypeError, message);
});

Deno.test("modelFiles: parameters that are not those of the configuration are not saved", async () => {
  const backend = new CpuBackend(), model = new Gpt(small), cut = { config: small, experiment: undefined };
  const save = async (change: (all: Record<string, unknown>) => void) => {
    const other = new Gpt(small) as unknown as Record<string, unknown>;
    change(other);
    await modelFiles(backend, cut, initialize(backend, other, 1));
  };
  await modelFiles(backend, cut, initialize(backend, model, 1));
  const start = "Cannot save a model that is not the one of its configuration: tensor ";
  await assertRejects(
    () => save((all) => delete all.positionEmbedding),
    TypeError,
    `${start}positionEmbedding is missing`,
  );
  await assertRejects(
    () => save((all) => all.further = new Gpt(small).tokenEmbedding),
    TypeError,
    `${start}further belongs to no part of it`,
  );
  await assertRejects(
    () => save((all) => all.tokenEmbedding = new Gpt({ ...small, vocabSize: 3 }).tokenEmbedding),
    TypeError,
    `${start}tokenEmbedding is (3, 16)`,
  );
});

Deno.test("model files: in 16 bits they take half the size, and every kind of model is read again", async () => {
  const backend = new CpuBackend(), experiment = { name: "mine" };
  for (const own of [undefined, experiment]) {
    const model = new Gpt(small, own), store = initialize(backend, model, 1);
    const full = await modelFiles(backend, model, store);
    for (const [type, torch, digits] of [["f16", "float16", 11], ["bf16", "bfloat16", 8]] as const) {
      const files = await modelFiles(backend, model, store, { type });
      const size = (some: CheckpointFiles) => some["model.safetensors"].length;
      assertEquals(size(files) < 0.6 * size(full), true);
      assertEquals(JSON.parse(files["config.json"] as string).dtype, own ? undefined : torch);
      const { config, weights } = loadModel(files, { experiment: own });
      assertEquals(config, loadModel(full, { experiment: own }).config);
      const exact = loadModel(full, { experiment: own }).weights.get("tokenEmbedding")!.data;
      assertClose(weights.get("tokenEmbedding")!.data, { shape: [exact.length], data: exact }, {
        rtol: 2 ** -digits,
        atol: 0,
      }, type);
    }
  }
});
