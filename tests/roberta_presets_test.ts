import { assert, assertEquals } from "@std/assert";
import { countParameters } from "../core/module.ts";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "../checkpoints/hugging_face/formats.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";
import { learningRateAt } from "../training/schedule.ts";

for (const [name, { summary, model, training }] of Object.entries(MASKED_PRESETS)) {
  Deno.test(`preset ${name}: a model that can be built, saved and read again`, () => {
    const config = { ...model, vocabSize: 65 }, json = toHuggingFaceConfig(config);
    assert(countParameters(new MaskedLanguageModel(config)) > 0);
    assertEquals(toHuggingFaceConfig(fromHuggingFaceConfig(json)), json);
  });

  Deno.test(`preset ${name}: settings that make sense, and one line about it`, () => {
    const { batchSize, steps, learningRate, warmupSteps, beta1, beta2, epsilon, weightDecay, clipNorm } =
      training;
    for (const count of [batchSize, steps]) assert(Number.isInteger(count) && count > 0);
    assert(Number.isInteger(warmupSteps) && warmupSteps >= 0 && warmupSteps < steps / 2);
    for (const beta of [beta1, beta2]) assert(beta > 0 && beta < 1);
    assert(epsilon > 0 && epsilon < 1e-3 && weightDecay >= 0 && clipNorm >= 0);
    for (let step = 0; step < steps; step += Math.ceil(steps / 97)) {
      const rate = learningRateAt(training, step);
      assert(rate > 0 && rate <= learningRate);
    }
    assert(summary.length > 0 && !summary.includes("\n"));
  });
}

Deno.test("preset roberta-base has as many parameters as the model of the paper", () => {
  const model = new MaskedLanguageModel({ ...MASKED_PRESETS["roberta-base"].model, vocabSize: 50265 });
  // transformers counts one row of token types more
  assertEquals(countParameters(model), 124_697_433 - 768);
});
