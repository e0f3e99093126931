import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { OptimizerName } from "../training/optimizers.ts";
import { presetTraining } from "../training/presets/preset.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";

Deno.test("a preset for SGD has larger learning rates, and the same weight decay in each step", () => {
  for (const { training } of [...Object.values(PRESETS), ...Object.values(MASKED_PRESETS)]) {
    const sgd = presetTraining(training, "sgd"), momentum = 0.9;
    assertEquals(sgd.optimizer, "sgd");
    assertAlmostEquals(sgd.learningRate / training.learningRate, 30);
    assertEquals(sgd.minLearningRate / sgd.learningRate, training.minLearningRate / training.learningRate);
    const decay = sgd.learningRate * sgd.weightDecay / (1 - momentum);
    assertAlmostEquals(decay, training.learningRate * training.weightDecay);
    const { optimizer: _, learningRate, minLearningRate, weightDecay } = training;
    assertEquals({ ...sgd, optimizer: undefined, learningRate, minLearningRate, weightDecay }, {
      ...training,
      optimizer: undefined,
    });
  }
  assertEquals(presetTraining(PRESETS.tiny.training, "adamw"), {
    ...PRESETS.tiny.training,
    optimizer: "adamw",
  });
  assertThrows(() => presetTraining(PRESETS.tiny.training, "lion" as OptimizerName), RangeError, '"lion"');
});
