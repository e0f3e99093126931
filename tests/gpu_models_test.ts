import { assertEquals } from "@std/assert";
import { fittingBatch, GPU_MODELS, quickConfig } from "../bench/gpu/gpu_models.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { estimateMemory } from "../training/memory.ts";

const GIB = 2 ** 30, parameters = (name: string) => estimateMemory(GPU_MODELS[name].model, 1).parameters;

Deno.test("the models are those that others report times of", () => {
  assertEquals(parameters("GPT-2 124M"), 124_439_808);
  assertEquals((parameters("shakespeare-char") / 1e6).toFixed(1), "10.8");
  const { model, training: { batchSize } } = PRESETS["shakespeare-char"];
  const ours = GPU_MODELS["shakespeare-char"];
  assertEquals({ ...ours.model, ...model, dropoutRate: 0 }, ours.model);
  assertEquals(ours.batchSize, batchSize);
});

Deno.test("a batch is halved until the device can bind its largest tensor", () => {
  const config = GPU_MODELS["GPT-2 124M"], logits = 1024 * 50_257 * 4;
  const batchOf = (bytes: number) =>
    fittingBatch(config, { maxBufferSize: 100 * GIB, maxStorageBufferBindingSize: bytes }).batchSize;
  assertEquals([batchOf(4 * GIB), batchOf(2 * GIB), batchOf(8 * logits), batchOf(8 * logits - 1)], [
    16,
    8,
    8,
    4,
  ]);
  assertEquals(batchOf(1), 1);
  assertEquals(
    fittingBatch(config, { maxBufferSize: GIB, maxStorageBufferBindingSize: 4 * GIB }).batchSize,
    4,
  );
});

Deno.test("the quick sizes keep what distinguishes a model", () => {
  const { model, batchSize } = quickConfig(GPU_MODELS["GPT-2 124M"]);
  assertEquals(model, {
    ...GPU_MODELS["GPT-2 124M"].model,
    ...{ vocabSize: 4096, layers: 2, heads: 4, modelDim: 128, feedForwardDim: 512, contextLength: 64 },
  });
  assertEquals(batchSize, 2);
});
