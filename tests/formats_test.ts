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
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";

const bert = {
  ...MASKED_PRESETS["roberta-tiny"].model,
  architecture: "bert" as const,
  padId: 0,
};
const configs: ModelConfig[] = [
  { ...PRESETS["mini-gpt"].model, vocabSize: 11 },
  { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 11 },
  { ...MASKED_PRESETS["roberta-tiny"].model, vocabSize: 11 },
  { ...PRESETS["mini-gpt"].model, vocabSize: 11, labels: ["bad", "good"] },
  { ...MASKED_PRESETS["roberta-tiny"].model, vocabSize: 11, labels: ["bad", "good"] },
  { ...bert, vocabSize: 11 },
  { ...bert, vocabSize: 11, headless: true },
  { ...bert, vocabSize: 11, labels: ["bad", "good"] },
];

for (const config of configs) {
  const kind = "labels" in config ? " classifier" : "headless" in config ? " alone" : "";
  const name = `${config.architecture}${kind}`;

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
    assert(
      theirs.every((name) => !formatOf(config).leftover.test(name) || name === "lm_head.weight"),
    );
  });
}

Deno.test("a model type that is none of ours is refused with those that are", () => {
  const message = 'model_type is "llama", expected "openai-gpt", "gpt2", "roberta" or "bert"';
  assertThrows(() => fromHuggingFaceConfig({ model_type: "llama" }), TypeError, message);
  assertThrows(() => fromHuggingFaceConfig({ model_type: "constructor" }), TypeError, "model_type is");
});
