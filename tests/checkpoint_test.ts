import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { buildModel } from "../models/families.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import {
  type CheckpointFiles,
  loadModel,
  loadTrainingState,
  modelFiles,
  restoreTraining,
  trainingFiles,
} from "../checkpoints/checkpoint.ts";
import { readSafetensors, writeSafetensors } from "../checkpoints/safetensors.ts";
import type { OptimizerName } from "../training/optimizers.ts";
import type { TrainingRun, TrainingSettings } from "../training/train.ts";
import { everyBackend } from "./_testing.ts";
import { allReports, newRun, small, stateOf } from "./_training.ts";

const decode = (content: Uint8Array | string) =>
  typeof content === "string" ? content : new TextDecoder().decode(content);

const accumulated: Partial<TrainingSettings> = { accumulation: 2 };
const gpt2: GptConfig = { ...small, architecture: "gpt2", layers: 2, tied: false };

/** Everything that is saved of a run. */
async function filesOf(
  run: TrainingRun,
  config: GptConfig,
  state?: Record<string, unknown>,
): Promise<CheckpointFiles> {
  return {
    ...await modelFiles(run.backend, { config, experiment: undefined }, run.store),
    ...await trainingFiles(run, state),
  };
}

for (const config of [small, gpt2]) {
  everyBackend(
    `checkpoint: ${config.architecture}, 40 steps are 20, a checkpoint, and 20 more, bit for bit`,
    async (backend) => {
      assertNotEquals(config.dropoutRate, 0);
      const whole = newRun(backend, new Gpt(config), accumulated), reports = await allReports(whole, 7);
      const first = newRun(backend, new Gpt(config), accumulated),
        firstReports = await allReports(first, 4, 20);
      assertEquals(first.step, 20);
      const files = await filesOf(first, config);
      const second = newRun(backend, buildModel(loadModel(files, { kind: "causal" }).config), accumulated);
      restoreTraining(second, files);
      assertEquals([...firstReports, ...await allReports(second, 10)], reports);
      assertEquals(await stateOf(second), await stateOf(whole));
      assertEquals(await filesOf(second, config), await filesOf(whole, config));
    },
  );
}

everyBackend(
  "checkpoint: with SGD, 40 steps are 20, a checkpoint, and 20 more, bit for bit",
  async (backend) => {
    const changes = { ...accumulated, optimizer: "sgd", learningRate: 0.1 } as const;
    const whole = newRun(backend, new Gpt(small), changes), reports = await allReports(whole, 7);
    const first = newRun(backend, new Gpt(small), changes), firstReports = await allReports(first, 4, 20);
    const files = await filesOf(first, small);
    const names = [...readSafetensors(files["optimizer.safetensors"] as Uint8Array).keys()];
    assertEquals(names.every((name) => name.startsWith("velocity.")), true);
    const second = newRun(backend, new Gpt(small), changes);
    restoreTraining(second, files);
    assertEquals([...firstReports, ...await allReports(second, 10)], reports);
    assertEquals(await filesOf(second, small), await filesOf(whole, small));
  },
);

Deno.test("checkpoint: the state of another optimizer is refused by name, and nothing is changed", async () => {
  const runOf = (optimizer: OptimizerName) => newRun(new CpuBackend(), new Gpt(small), { optimizer });
  const messages = {
    adamw: "sgd wrote it (it holds velocity), but this run uses adamw (mean, square): resume with the",
    sgd: "adamw wrote it (it holds mean, square), but this run uses sgd (velocity): resume with the",
  };
  for (const [one, other] of [["adamw", "sgd"], ["sgd", "adamw"]] as const) {
    const written = runOf(other), run = runOf(one);
    written.advance();
    const files = await filesOf(written, small), before = await stateOf(run);
    assertThrows(() => restoreTraining(run, files), TypeError, `optimizer.safetensors: ${messages[one]}`);
    assertEquals([run.step, await stateOf(run)], [0, before]);
  }
  const strange = Array.from(
    { length: 9 },
    (_, i) => ({ name: `${i}${"\x1b[2J".repeat(99)}.x`, shape: [1] }),
  );
  const files = {
    ...await filesOf(runOf("sgd"), small),
    "optimizer.safetensors": writeSafetensors(strange.map((one) => ({ ...one, data: new Float32Array(1) }))),
  };
  const { message } = assertThrows(
    () => restoreTraining(runOf("sgd"), files),
    TypeError,
    "another kind wrote it",
  );
  assertEquals([message.length < 1000, message.includes("\x1b")], [true, false]);
});

everyBackend("checkpoint: what one backend wrote, another one restores to the same bits", async (backend) => {
  const run = newRun(new CpuBackend(), new Gpt(small));
  await allReports(run, 10, 10);
  const restored = newRun(backend, new Gpt(small));
  restoreTraining(restored, await filesOf(run, small));
  assertEquals(await stateOf(restored), await stateOf(run));
  assertEquals(restored.step, 10);
});

Deno.test("checkpoint: what the caller adds to the state is found again, the step is the run's", async () => {
  const run = newRun(new CpuBackend(), new Gpt(small));
  run.advance();
  const files = await trainingFiles(run, { step: 99, seed: 3, name: "tales" });
  assertEquals({ ...loadTrainingState(files) }, { step: 1, seed: 3, name: "tales" });
  assertEquals(loadTrainingState({ "training_state.json": new TextEncoder().encode('{"step": 7}') }).step, 7);
});

Deno.test("checkpoint: config.json is readable text that ends with a line", async () => {
  const run = newRun(new CpuBackend(), new Gpt(small)), files = await filesOf(run, small);
  for (const name of ["config.json", "training_state.json"]) {
    const text = decode(files[name]);
    assertEquals(text, JSON.stringify(JSON.parse(text), null, 2) + "\n");
  }
});

type Damage = (files: CheckpointFiles) => void;

/** Writes a file of tensors again with one of them changed. */
const changing = (file: string, name: string, shape?: number[]): Damage => (files) => {
  const arrays = readSafetensors(files[file] as Uint8Array);
  arrays.delete(name);
  if (shape) {
    arrays.set(name, {
      name,
      shape,
      data: new Float32Array(shape.reduce((size, length) => size * length)),
    });
  }
  files[file] = writeSafetensors([...arrays.values()]);
};

const DAMAGED: Record<string, [damage: Damage, message: string]> = {
  "no config.json": [(files) => delete files["config.json"], "config.json is missing"],
  "no model.safetensors": [(files) => delete files["model.safetensors"], "model.safetensors is missing"],
  "no optimizer.safetensors": [
    (files) => delete files["optimizer.safetensors"],
    "optimizer.safetensors is missing",
  ],
  "no training_state.json": [
    (files) => delete files["training_state.json"],
    "training_state.json is missing",
  ],
  "a config.json that is cut": [(files) => files["config.json"] = '{"n_embd": 1', "config.json: "],
  "a config.json that is a list": [(files) => files["config.json"] = "[]", "config.json: expected an object"],
  "a config.json of another model": [
    (files) => files["config.json"] = '{"model_type": "llama"}',
    'config.json: model_type is "llama", expected',
  ],
  "a config.json with another number of layers": [
    (files) => files["config.json"] = decode(files["config.json"]).replace('"n_layer": 1', '"n_layer": 2'),
    "model.safetensors: tensor transformer.h.1.attn.c_attn.weight is missing",
  ],
  "a model.safetensors that is cut": [
    (files) =>
      files["model.safetensors"] = (files["model.safetensors"] as Uint8Array<ArrayBuffer>).slice(0, -4),
    "model.safetensors: tensor transformer.h.0.ln_2.bias ends at byte",
  ],
  "a tensor too few": [
    changing("model.safetensors", "transformer.h.0.ln_1.bias"),
    "model.safetensors: tensor transformer.h.0.ln_1.bias is missing",
  ],
  "a tensor too many": [
    changing("model.safetensors", "score.weight", [3]),
    "model.safetensors: tensor score.weight belongs to no part of the model",
  ],
  "a tensor of another shape": [
    changing("model.safetensors", "transformer.h.0.attn.c_proj.weight", [4, 64]),
    "model.safetensors: tensor blocks.0.attention.projection.weight is (4, 64), the model expects (16, 16)",
  ],
  "a moment too few": [
    changing("optimizer.safetensors", "square.blocks.0.norm2.bias"),
    "optimizer.safetensors: tensor square.blocks.0.norm2.bias is missing",
  ],
  "a moment of another shape": [
    changing("optimizer.safetensors", "mean.tokenEmbedding", [12, 16]),
    "optimizer.safetensors: tensor mean.tokenEmbedding is (12, 16), the model expects (11, 16)",
  ],
  "an optimizer.safetensors that is something else": [
    (files) => files["optimizer.safetensors"] = "<html>",
    "optimizer.safetensors: the file has 6 bytes: it is no safetensors file",
  ],
  "half a step": [
    (files) => files["training_state.json"] = '{"step": 2.5}',
    "training_state.json: step is 2.5, expected an integer of 0 or more",
  ],
  "a step before the first": [
    (files) => files["training_state.json"] = '{"step": -1}',
    "training_state.json: step is -1, expected an integer of 0 or more",
  ],
  "no step": [
    (files) => files["training_state.json"] = "{}",
    "training_state.json: step is missing, expected an integer of 0 or more",
  ],
};

for (const [what, [damage, message]] of Object.entries(DAMAGED)) {
  Deno.test(`checkpoint: ${what} is refused, and nothing is changed`, async () => {
    const run = newRun(new CpuBackend(), new Gpt(small)),
      other = newRun(new CpuBackend(), new Gpt(small), { seed: 5 });
    run.advance();
    const files = await filesOf(run, small), before = await stateOf(other);
    damage(files);
    assertThrows(() => restoreTraining(other, files), TypeError, message);
    assertEquals(await stateOf(other), before);
    assertEquals(other.step, 0);
  });
}
