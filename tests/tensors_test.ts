import { assertEquals, assertThrows } from "@std/assert";
import type { ModelConfig } from "../models/families.ts";
import type { GptConfig } from "../models/gpt.ts";
import { matchTensors, settleTied } from "../checkpoints/hugging_face/tensors.ts";
import { fromHuggingFaceConfig, huggingFaceTensors } from "../checkpoints/hugging_face/formats.ts";
import { small } from "./_training.ts";

const gpt1: GptConfig = { ...small, layers: 2, tied: true };
const gpt2: GptConfig = { ...gpt1, architecture: "gpt2", feedForwardDim: 24, tied: false };

/** Our name to the only tensor that holds it. */
const namesOf = (tensors: ReturnType<typeof huggingFaceTensors>) =>
  new Map(Array.from(tensors, ([ours, { names }]) => [ours, names.join()]));
const huggingFaceNames = (config: ModelConfig) => namesOf(huggingFaceTensors(config));

Deno.test("fromHuggingFaceConfig: the type of the model decides who reads the file, others are refused", () => {
  const architectures = ["openai-gpt", "gpt2"].map((type) =>
    fromHuggingFaceConfig({ model_type: type }).architecture
  );
  assertEquals(architectures, ["gpt1", "gpt2"]);
  const roberta = { model_type: "roberta", layer_norm_eps: 1e-5, type_vocab_size: 1 };
  assertEquals(fromHuggingFaceConfig(roberta).architecture, "roberta");
  for (const type of ["llama", undefined, 3]) {
    const found = JSON.stringify(type) ?? "missing";
    const message = `model_type is ${found}, expected "openai-gpt", "gpt2", "roberta" or "bert"`;
    assertThrows(() => fromHuggingFaceConfig({ model_type: type }), TypeError, message);
  }
});

for (const config of [gpt1, gpt2]) {
  const { architecture } = config, theirs = [...huggingFaceNames(config).values()];
  const short = theirs.map((name) => name.replace(/^transformer\./, ""));
  const old = short.flatMap((name) =>
    name.endsWith("c_attn.bias")
      ? [name.replace("c_attn.bias", "bias"), name.replace("c_attn.", "masked_")]
      : []
  );

  Deno.test(`matchTensors, ${architecture}: names with and without their prefix, in any order`, () => {
    assertEquals(namesOf(matchTensors(config, theirs.toReversed())), huggingFaceNames(config));
    const names = [...huggingFaceNames(config).keys()];
    assertEquals(
      namesOf(matchTensors(config, short)),
      new Map(names.map((name, index) => [name, short[index]])),
    );
  });

  Deno.test(`matchTensors, ${architecture}: masks of old files are read over, and so is a tied head`, () => {
    assertEquals(old.length, 4);
    for (const leftovers of [old, old.map((name) => `transformer.${name}`), ["lm_head.weight"]]) {
      const available = new Set([...theirs, ...leftovers]);
      assertEquals(namesOf(matchTensors(config, available)), huggingFaceNames(config));
    }
  });

  Deno.test(`matchTensors, ${architecture}: what is missing, or belongs to nothing, is named`, () => {
    for (const missing of theirs) {
      const rest = theirs.filter((name) => name !== missing);
      assertThrows(() => matchTensors(config, rest), TypeError, `tensor ${missing} is missing`);
    }
    for (const extra of ["transformer.h.2.ln_1.weight", "score.weight", short[0], "attn.c_attn.bias"]) {
      const available = [...theirs, extra];
      assertThrows(
        () => matchTensors(config, available),
        TypeError,
        `tensor ${extra} belongs to no part of the model`,
      );
    }
  });
}

Deno.test("matchTensors: a head of its own has to be there", () => {
  const names = [...huggingFaceNames({ ...gpt2, tied: true }).values()];
  assertThrows(() => matchTensors(gpt2, names), TypeError, "tensor lm_head.weight is missing");
});

Deno.test("settleTied: a head with other numbers than the token embedding unties it, and a classifier needs none", () => {
  const wte = "transformer.wte.weight", head = "lm_head.weight", tied = { ...gpt2, tied: true };
  const settle = (config: ModelConfig, tensors: Record<string, number[]>) =>
    settleTied(config, new Set(Object.keys(tensors)), (name) => Float32Array.from(tensors[name]));
  assertEquals(settle(tied, { [wte]: [1, 2] }), tied);
  assertEquals(settle(tied, { [wte]: [1, 2], [head]: [1, 2] }), tied);
  assertEquals(settle(tied, { [wte]: [1, 2], [head]: [1, 3] }), { ...tied, tied: false });
  assertEquals(settle(tied, { "wte.weight": [1, 2], [head]: [1, 2, 3] }), { ...tied, tied: false });
  assertEquals(settle(tied, { [head]: [1, 2] }), tied);
  const untied = { ...gpt2, tied: false }, classifier = { ...untied, labels: ["a", "b"] };
  assertEquals(settle(untied, { [wte]: [1, 2] }), untied);
  assertEquals(settle(classifier, { [wte]: [1, 2] }), { ...classifier, tied: true });
  assertEquals(settle(classifier, { [wte]: [1, 2], [head]: [1, 3] }), classifier);
});
