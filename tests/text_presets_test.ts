import { assert, assertEquals } from "@std/assert";
import { countParameters } from "../core/module.ts";
import { Gpt } from "../models/gpt.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { TEXT_PRESETS } from "../training/presets/text_presets.ts";

Deno.test("a longer text gets a larger model and sees more tokens; all are presets", () => {
  const costs = (["short-text", "medium-text", "long-text"] as const).map((name) => {
    const { model, training } = TEXT_PRESETS[name];
    assertEquals(PRESETS[name], TEXT_PRESETS[name]);
    return [
      countParameters(new Gpt({ ...model, vocabSize: 65 })),
      training.steps * training.batchSize * model.contextLength,
    ];
  });
  assertEquals(costs.length, Object.keys(TEXT_PRESETS).length);
  for (let i = 1; i < costs.length; i++) {
    assert(costs[i][0] > costs[i - 1][0] && costs[i][1] > costs[i - 1][1], String(costs));
  }
  // minutes on a CPU, not hours
  assert(costs[2][0] * costs[2][1] < 1e12);
});
