import { assert, assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { allocateParameters } from "../core/module.ts";
import { buildModel } from "../models/families.ts";
import { Gpt } from "../models/gpt.ts";
import {
  type CheckpointFiles,
  loadModel,
  modelFiles,
  restoreTraining,
  trainingFiles,
} from "../checkpoints/checkpoint.ts";
import { expectFinite } from "../checkpoints/checkpoint_tensors.ts";
import { readSafetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import { TrainingRun } from "../training/train.ts";
import { causalBatches } from "../data/batches.ts";
import { newRun, settings, small, stateOf, text } from "./_training.ts";

/** The files of a run after one step. */
async function filesOfRun(): Promise<CheckpointFiles> {
  const run = newRun(new CpuBackend(), new Gpt(small));
  run.advance();
  return {
    ...await modelFiles(run.backend, { config: small, experiment: undefined }, run.store),
    ...await trainingFiles(run),
  };
}

/** Puts a value into a tensor of a file. */
function put(
  files: CheckpointFiles,
  file: string,
  name: string,
  index: number,
  value: number,
): CheckpointFiles {
  const arrays = readSafetensors(files[file] as Uint8Array);
  arrays.get(name)!.data[index] = value;
  return { ...files, [file]: writeSafetensors([...arrays.values()]) };
}

/** Changes a value of config.json. */
function configured(files: CheckpointFiles, changes: Record<string, unknown>): CheckpointFiles {
  const json = JSON.parse(files["config.json"] as string);
  return { ...files, "config.json": JSON.stringify({ ...json, ...changes }) };
}

Deno.test("expectFinite names the first value that is not finite, and accepts the largest finite ones", () => {
  const array = (...values: number[]) => ({
    name: "x",
    shape: [values.length],
    data: Float32Array.from(values),
  });
  expectFinite(array(0, -0, 3.4028234663852886e38, -3.4028234663852886e38, 1e-45));
  for (const value of [NaN, Infinity, -Infinity]) {
    const message = `tensor x holds ${value} at index 2, expected finite numbers`;
    assertThrows(() => expectFinite(array(1, 2, value, NaN)), TypeError, message);
  }
});

Deno.test("weights and moments that are not finite are refused by file, tensor and index", async () => {
  const files = await filesOfRun(), weight = "transformer.h.0.mlp.c_fc.weight";
  for (const value of [NaN, Infinity, -Infinity]) {
    assertThrows(
      () => loadModel(put(files, "model.safetensors", weight, 7, value)),
      TypeError,
      `model.safetensors: tensor ${weight} holds ${value} at index 7`,
    );
  }
  for (const name of ["mean.tokenEmbedding", "square.blocks.0.norm2.bias"]) {
    const other = newRun(new CpuBackend(), new Gpt(small), { seed: 5 }), before = await stateOf(other);
    assertThrows(
      () => restoreTraining(other, put(files, "optimizer.safetensors", name, 3, NaN)),
      TypeError,
      `optimizer.safetensors: tensor ${name} holds NaN at index 3`,
    );
    assertEquals(await stateOf(other), before);
  }
});

Deno.test("sizes of config.json without bound, or without tensors, are refused before anything is built", async () => {
  const files = await filesOfRun(), begin = performance.now();
  const cases: [changes: Record<string, unknown>, message: string][] = [
    [{ n_layer: 1e8 }, "config.json: n_layer is 100000000, expected a positive integer up to 10000"],
    [{ vocab_size: 3e7 }, "config.json: vocab_size is 30000000, expected a positive integer up to 16777216"],
    [
      { n_positions: 1e15 },
      "config.json: n_positions is 1000000000000000, expected a positive integer up to",
    ],
    [{ n_embd: 2 ** 40 }, "config.json: n_embd is 1099511627776, expected a positive integer up to"],
    [
      { n_layer: 10_000 },
      "tensor transformer.h.1.attn.c_attn.weight is missing: config.json says 10000 layers, the file has 1",
    ],
    [
      { vocab_size: 2 ** 24 },
      "model.safetensors: tensor tokenEmbedding is (11, 16), the model expects (16777216, 16)",
    ],
    [
      { n_embd: 2 ** 20, n_head: 1 },
      "model.safetensors: tensor tokenEmbedding is (11, 16), the model expects (11, 1048576)",
    ],
    [{ n_head: 3 }, "config.json: Cannot divide modelDim 16 into 3 heads"],
    [{ architectures: 5 }, "config.json: architectures is 5, expected a list of names"],
    [
      { architectures: ["OpenAIGPTForSequenceClassification"], num_labels: 1e8 },
      "config.json: num_labels is 100000000, expected a positive integer up to 100000",
    ],
    [
      { architectures: ["OpenAIGPTForSequenceClassification"], num_labels: 100_000 },
      "model.safetensors: tensor score.weight is missing",
    ],
  ];
  for (const [changes, message] of cases) {
    assertThrows(() => loadModel(configured(files, changes)), TypeError, message);
  }
  assert(performance.now() - begin < 5000);
});

Deno.test("restoring into a run without initial values gives the run that was saved", async () => {
  const files = await filesOfRun(), { config } = loadModel(files, { kind: "causal" });
  const backend = new CpuBackend(), model = buildModel(config) as Gpt;
  const batches = causalBatches(text, {
    contextLength: small.contextLength,
    batchSize: 4,
    seed: settings.seed,
  });
  const run = new TrainingRun(backend, model, batches, settings, {
    store: allocateParameters(backend, model),
  });
  restoreTraining(run, files);
  const drawn = newRun(new CpuBackend(), new Gpt(small));
  restoreTraining(drawn, files);
  for (const one of [run, drawn]) one.advance();
  assertEquals(await stateOf(run), await stateOf(drawn));
});
