import { assertEquals } from "@std/assert";
import { languageConfig, languageSettings, withSteps } from "../checkpoints/runs/language_settings.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";

Deno.test("settings are those of the preset but for what is given, and what follows from it", () => {
  const { tiny } = PRESETS, settings = languageSettings("tiny", tiny, { modelDim: 32, learningRate: 0.006 });
  assertEquals([settings.preset, settings.layers, settings.modelDim], ["tiny", tiny.model.layers, 32]);
  assertEquals(settings.feedForwardDim, tiny.model.feedForwardDim * 32 / tiny.model.modelDim);
  const ratio = tiny.training.minLearningRate / tiny.training.learningRate;
  assertEquals(settings.minLearningRate.toFixed(9), (0.006 * ratio).toFixed(9));
  assertEquals(languageSettings("tiny", tiny, { seed: undefined }).seed, 1);
  assertEquals("maskRate" in settings, false);
  const masked = languageSettings("roberta-short", MASKED_PRESETS["roberta-short"], {});
  assertEquals(["maskRate" in masked, "tied" in masked, masked.epsilon], [true, false, 1e-6]);
});

Deno.test("another optimizer starts from its own values, and those of the preset's are left out", () => {
  const settings = languageSettings("tiny", PRESETS.tiny, { optimizer: "sgd" });
  assertEquals([settings.momentum, settings.beta1, settings.beta2], [0.9, undefined, undefined]);
  assertEquals(JSON.stringify(settings).includes("beta"), false);
});

Deno.test("a shorter run warms up in fewer steps, unless they are given", () => {
  const settings = languageSettings("tiny", PRESETS.tiny, {});
  const { warmupSteps, evaluationInterval, steps } = withSteps(settings, { steps: 60 });
  assertEquals([warmupSteps, evaluationInterval, steps], [6, 6, 60]);
  assertEquals(withSteps(settings, { steps: 60, warmupSteps: 20 }).warmupSteps, 20);
  assertEquals(withSteps(settings, { steps: 100_000 }).warmupSteps, settings.warmupSteps);
});

Deno.test("a masked model has no tied output layer to choose", () => {
  const config = (name: "tiny" | "roberta-short") =>
    languageConfig(languageSettings(name, { ...PRESETS, ...MASKED_PRESETS }[name], {}), 50);
  assertEquals([config("tiny").vocabSize, "tied" in config("tiny"), "tied" in config("roberta-short")], [
    50,
    true,
    false,
  ]);
});
