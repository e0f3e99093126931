import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  formatOf,
  fromHuggingFaceConfig,
  huggingFaceTensors,
  toHuggingFaceConfig,
} from "../checkpoints/hugging_face/formats.ts";
import type { ModelConfig } from "../models/families.ts";
import { buildModel } from "../models/families.ts";
import { namedParameters } from "../core/module.ts";
import { PRESETS } from "../training/presets.ts";
import { MASKED_PRESETS } from "../training/roberta_presets.ts";

const configs: ModelConfig[] = [
  { ...PRESETS["mini-gpt"].model, vocabSize: 11 },
  { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 11 },
  { ...MASKED_PRESETS["roberta-tiny"].model, vocabSize: 11 },
  { ...PRESETS["mini-gpt"].model, vocabSize: 11, labels: ["bad", "good"] },
  { ...MASKED_PRESETS["roberta-tiny"].model, vocabSize: 11, labels: ["bad", "good"] },
];

for (const config of configs) {
  const name = `${config.architecture}${"labels" in config ? " classifier" : ""}`;

  Deno.test(`${name}: config.json is read back as it was written`, () => {
    const written = JSON.parse(JSON.stringify(toHuggingFaceConfig(config)));
    const read = fromHuggingFaceConfig(written) as unknown as Record<string, unknown>;
    for (const [field, value] of Object.entries(config)) assertEquals(read[field], value, field);
  });

  Deno.test(`${name}: every parameter has its place in the file, and no two share one`, () => {
    const places = huggingFaceTensors(config),
      names = namedParameters(buildModel(config)).map(({ name }) => name);
    assertEquals([...places.keys()].sort(), names.sort());
    const theirs = [...places.values()].flatMap(({ names }) => names);
    assertEquals(new Set(theirs).size, theirs.length);
    assert(theirs.every((name) => !formatOf(config).leftover.test(name) || name === "lm_head.weight"));
  });
}

Deno.test("a model type that is none of ours is refused with those that are", () => {
  const message = 'model_type is "bert", expected "openai-gpt", "gpt2" or "roberta"';
  assertThrows(() => fromHuggingFaceConfig({ model_type: "bert" }), TypeError, message);
  assertThrows(() => fromHuggingFaceConfig({ model_type: "constructor" }), TypeError, "model_type is");
});
