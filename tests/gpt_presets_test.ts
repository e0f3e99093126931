import { assert, assertEquals } from "@std/assert";
import { countParameters } from "../core/module.ts";
import { Gpt } from "../models/gpt.ts";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "../checkpoints/hugging_face/formats.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { learningRateAt } from "../training/schedule.ts";

for (const [name, { summary, model, training }] of Object.entries(PRESETS)) {
  Deno.test(`preset ${name}: a model that can be built, saved and read again`, () => {
    const config = { ...model, vocabSize: 65 };
    assert(countParameters(new Gpt(config)) > 0);
    assertEquals(
      toHuggingFaceConfig(fromHuggingFaceConfig(toHuggingFaceConfig(config))),
      toHuggingFaceConfig(config),
    );
  });

  Deno.test(`preset ${name}: settings that make sense, and one line about it`, () => {
    const {
      batchSize,
      steps,
      learningRate,
      minLearningRate,
      warmupSteps,
      beta1,
      beta2,
      weightDecay,
      clipNorm,
    } = training;
    for (const count of [batchSize, steps]) assert(Number.isInteger(count) && count > 0);
    assert(Number.isInteger(warmupSteps) && warmupSteps >= 0 && warmupSteps < steps / 2);
    assert(0 <= minLearningRate && minLearningRate < learningRate && learningRate < 0.1);
    for (const beta of [beta1, beta2]) assert(beta > 0 && beta < 1);
    assert(weightDecay >= 0 && clipNorm >= 0);
    for (let step = 0; step < steps; step += Math.ceil(steps / 97)) {
      const rate = learningRateAt(training, step);
      assert(rate > 0 && rate <= learningRate);
    }
    assert(summary.length > 0 && !summary.includes("\n"));
  });
}

Deno.test("presets gpt1 and gpt2 have as many parameters as OpenAI's models", () => {
  assertEquals(countParameters(new Gpt({ ...PRESETS.gpt1.model, vocabSize: 40478 })), 116_534_784);
  assertEquals(countParameters(new Gpt({ ...PRESETS.gpt2.model, vocabSize: 50257 })), 124_439_808);
});

Deno.test("presets shakespeare-char and shakespeare-char-cpu have nanoGPT's sizes; the CPU's learns faster", () => {
  const sizesOf = (name: "shakespeare-char" | "shakespeare-char-cpu") => {
    const { model, training } = PRESETS[name];
    return {
      layers: model.layers,
      heads: model.heads,
      modelDim: model.modelDim,
      contextLength: model.contextLength,
      dropoutRate: model.dropoutRate,
      batchSize: training.batchSize,
      steps: training.steps,
      learningRate: training.learningRate,
      minLearningRate: training.minLearningRate,
      warmupSteps: training.warmupSteps,
      beta2: training.beta2,
    };
  };
  const rates = { learningRate: 1e-3, minLearningRate: 1e-4, warmupSteps: 100, beta2: 0.99 };
  const faster = { ...rates, learningRate: 2e-3, minLearningRate: 2e-4 };
  const gpu = {
    layers: 6,
    heads: 6,
    modelDim: 384,
    contextLength: 256,
    dropoutRate: 0.2,
    batchSize: 64,
    steps: 5000,
  };
  const cpu = {
    layers: 4,
    heads: 4,
    modelDim: 128,
    contextLength: 64,
    dropoutRate: 0,
    batchSize: 12,
    steps: 2000,
  };
  assertEquals(sizesOf("shakespeare-char"), { ...gpu, ...rates });
  assertEquals(sizesOf("shakespeare-char-cpu"), { ...cpu, ...faster });
});

Deno.test("the model of the default run, which is published with the code, is smaller than half a megabyte", () => {
  assert(4 * countParameters(new Gpt({ ...PRESETS.tiny.model, vocabSize: 50 })) < 500_000);
});

Deno.test("preset mini-gpt with GPT-2's tokens has the parameters that docs/coming_from/mini_gpt.md counts", () => {
  const count = (sizes: object) =>
    countParameters(new Gpt({ ...PRESETS["mini-gpt"].model, vocabSize: 50_257, ...sizes }));
  assertEquals(count({}), 50_257 * 128 + 512 * 128 + 2 * 198_272);
  assertEquals([count({}), count({ layers: 1 }), count({ tied: false })], [6_894_976, 6_696_704, 13_327_872]);
});
