import { assertEquals, assertThrows } from "@std/assert";
import { namedParameters } from "../core/module.ts";
import { expectKind, type ModelConfig } from "../models/any_model.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import {
  fromHuggingFaceConfig,
  huggingFaceTensors,
  matchTensors,
  toHuggingFaceConfig,
} from "../models/hugging_face.ts";
import { PRESETS } from "../models/presets.ts";
import { readSafetensors } from "../training/safetensors.ts";

const gpt1: GptConfig = {
  architecture: "gpt1",
  vocabSize: 11,
  contextLength: 8,
  layers: 2,
  heads: 2,
  modelDim: 16,
  feedForwardDim: 64,
  dropoutRate: 0.25,
  tied: true,
  initialStd: 0.07,
};
const gpt2: GptConfig = { ...gpt1, architecture: "gpt2", feedForwardDim: 24, tied: false };

/** Our name to the only tensor that holds it. */
const namesOf = (tensors: ReturnType<typeof huggingFaceTensors>) =>
  new Map(Array.from(tensors, ([ours, { names }]) => [ours, names.join()]));
const huggingFaceNames = (config: ModelConfig) => namesOf(huggingFaceTensors(config));

const fixture = (path: string) => Deno.readFileSync(new URL(`../fixtures/${path}`, import.meta.url));
const theirConfig = (name: string) => JSON.parse(new TextDecoder().decode(fixture(`${name}/config.json`)));

for (const config of [gpt1, gpt2, { ...gpt1, tied: false }, { ...gpt2, tied: true }]) {
  const what = `${config.architecture}, ${config.tied ? "tied" : "with a head of its own"}`;

  Deno.test(`Hugging Face config: ${what}, there and back, through JSON`, () => {
    assertEquals(fromHuggingFaceConfig(JSON.parse(JSON.stringify(toHuggingFaceConfig(config)))), config);
  });

  Deno.test(`Hugging Face names: ${what}, one for each parameter`, () => {
    const names = huggingFaceNames(config);
    assertEquals([...names.keys()].sort(), namedParameters(new Gpt(config)).map(({ name }) => name).sort());
    assertEquals(new Set(names.values()).size, names.size);
  });
}

for (const name of ["openai-gpt-mini", "gpt2-mini"]) {
  Deno.test(`Hugging Face config: ours says of ${name} what theirs says`, () => {
    const theirs = theirConfig(name), ours = toHuggingFaceConfig(fromHuggingFaceConfig(theirs));
    // theirs leaves the inner width out where it is the usual one, and these models have two special tokens
    const differing = {
      n_inner: ours.n_inner,
      bos_token_id: ours.bos_token_id,
      eos_token_id: ours.eos_token_id,
    };
    for (const [key, value] of Object.entries(ours)) {
      assertEquals(value, { ...theirs, ...differing }[key], key);
    }
  });

  Deno.test(`Hugging Face names: ours are the names of the tensors of ${name}`, () => {
    const names = huggingFaceNames(fromHuggingFaceConfig(theirConfig(name)));
    const tensors = readSafetensors(fixture(`${name}/model.safetensors`));
    assertEquals([...names.values()].sort(), [...tensors.keys()].sort());
  });
}

Deno.test("Hugging Face config: sizes that are left out are those of the first models", () => {
  const { vocabSize, contextLength, layers, heads, modelDim, feedForwardDim, dropoutRate, tied } = expectKind(
    fromHuggingFaceConfig({ model_type: "openai-gpt" }),
    "causal",
  );
  assertEquals({ ...PRESETS.gpt1.model, vocabSize: 40478, tied: true }, {
    architecture: "gpt1",
    vocabSize,
    contextLength,
    layers,
    heads,
    modelDim,
    feedForwardDim,
    dropoutRate,
    tied,
  });
  const large = fromHuggingFaceConfig({ model_type: "gpt2", n_embd: 1024 });
  assertEquals([large.vocabSize, large.contextLength, large.feedForwardDim], [50257, 1024, 4096]);
});

const REFUSED: [change: Record<string, unknown>, message: string][] = [
  [{ model_type: "llama" }, 'model_type "llama" is none of ours: expected "openai-gpt", "gpt2" or "roberta"'],
  [{ model_type: undefined }, "model_type undefined is none of ours"],
  [{ n_layer: 0 }, "n_layer is 0, expected a positive integer"],
  [{ n_embd: "16" }, 'n_embd is "16", expected a positive integer'],
  [{ vocab_size: 1.5 }, "vocab_size is 1.5"],
  [{ n_inner: -4 }, "n_inner is -4"],
  [{ activation_function: "relu" }, 'activation_function is "relu", only "gelu_new" is supported'],
  [{ model_type: "openai-gpt", afn: "swish" }, 'afn is "swish", only "gelu" is supported'],
  [{ layer_norm_epsilon: 1e-12 }, "layer_norm_epsilon is 1e-12, only 0.00001 is supported"],
  [{ scale_attn_weights: false }, "scale_attn_weights is false, only true is supported"],
  [
    { scale_attn_by_inverse_layer_idx: true },
    "scale_attn_by_inverse_layer_idx is true, only false is supported",
  ],
];

for (const [change, message] of REFUSED) {
  Deno.test(`Hugging Face config: refused, because ${message}`, () => {
    const config = { ...toHuggingFaceConfig(gpt2), ...change };
    assertThrows(() => fromHuggingFaceConfig(config), TypeError, message);
  });
}

Deno.test("Hugging Face config: a GPT-1 with another inner width cannot be written", () => {
  assertThrows(
    () => toHuggingFaceConfig({ ...gpt1, feedForwardDim: 65 }),
    RangeError,
    'Cannot write a GPT-1 model with feedForwardDim 65: its Hugging Face format knows only 4 × modelDim = 64; use that, or architecture "gpt2"',
  );
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
