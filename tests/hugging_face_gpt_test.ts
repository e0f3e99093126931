import { assertEquals, assertThrows } from "@std/assert";
import { namedParameters } from "../core/module.ts";
import { expectKind, type ModelConfig } from "../models/families.ts";
import { Gpt, type GptConfig } from "../models/gpt.ts";
import {
  fromHuggingFaceConfig,
  huggingFaceTensors,
  toHuggingFaceConfig,
} from "../checkpoints/hugging_face/formats.ts";
import { GPT_FORMAT } from "../checkpoints/hugging_face/gpt.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { readSafetensors } from "../checkpoints/safetensors.ts";

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
  [{ n_layer: 0 }, "n_layer is 0, expected a positive integer"],
  [{ n_embd: "16" }, 'n_embd is "16", expected a positive integer'],
  [{ vocab_size: 1.5 }, "vocab_size is 1.5"],
  [{ n_inner: -4 }, "n_inner is -4"],
  [{ initializer_range: "wide" }, 'initializer_range is "wide", expected a number of 0 or more'],
  [{ resid_pdrop: "0.1" }, 'resid_pdrop is "0.1", expected a number from 0 to below 1'],
  [{ embd_pdrop: 1 }, "embd_pdrop is 1, expected a number from 0 to below 1"],
  [{ activation_function: "mish" }, 'activation_function is "mish", expected "gelu_new" or'],
  [
    { model_type: "openai-gpt", architectures: undefined, afn: "tanh" },
    'afn is "tanh", expected "gelu" or "relu" or "silu" or "swish"',
  ],
  [{ layer_norm_epsilon: 0 }, "layer_norm_epsilon is 0, expected a positive number"],
  [{ scale_attn_weights: 1 }, "scale_attn_weights is 1, expected true or false"],
  [{ add_cross_attention: true }, "add_cross_attention is true, only false is supported"],
  [{ pruned_heads: { 0: [1] } }, "pruned_heads is "],
  [{ quantization_config: { bits: 4 } }, "quantization_config is "],
  [{ tie_word_embeddings: "no" }, 'tie_word_embeddings is "no", expected true or false'],
  [
    { architectures: ["GPT2DoubleHeadsModel"] },
    'architectures names "GPT2DoubleHeadsModel": expected "GPT2LMHeadModel", ',
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
    'Cannot write a GPT-1 model with feedForwardDim 65: its Hugging Face format has only 4 × modelDim = 64; use that, or architecture "gpt2"',
  );
});

Deno.test("Hugging Face config: the padding of a classifier is an id of the vocabulary, or not told", () => {
  const json = toHuggingFaceConfig({ ...gpt1, labels: ["a", "b"], padId: 10 });
  const padOf = (pad: unknown) =>
    expectKind(fromHuggingFaceConfig({ ...json, pad_token_id: pad }), "classifier").padId;
  assertEquals([padOf(10), padOf(null), padOf(undefined)], [10, undefined, undefined]);
  for (const pad of [11, -1, 0.5, "1"]) {
    const message = `pad_token_id is ${JSON.stringify(pad)}, expected an id below the vocabulary size 11`;
    assertThrows(() => padOf(pad), TypeError, message);
  }
});

Deno.test("Hugging Face config: the end of a text is any id, null is none, and a GPT-2 without the field has 50256", () => {
  const endOf = (model_type: string, ...end: unknown[]) => {
    const json = { model_type, vocab_size: 11, ...end.length > 0 ? { eos_token_id: end[0] } : {} };
    return expectKind(fromHuggingFaceConfig(json), "causal").endId;
  };
  assertEquals([endOf("gpt2", 3), endOf("gpt2", null), endOf("gpt2", 99), endOf("gpt2")], [
    3,
    undefined,
    99,
    50256,
  ]);
  assertEquals([endOf("openai-gpt", 3), endOf("openai-gpt", null), endOf("openai-gpt")], [
    3,
    undefined,
    undefined,
  ]);
  for (const end of [[0, 1], -1, 0.5]) {
    assertThrows(() => endOf("gpt2", end), TypeError, "expected the id of one token");
  }
  assertEquals(toHuggingFaceConfig({ ...gpt1, endId: 4 }).eos_token_id, 4);
  assertEquals("eos_token_id" in toHuggingFaceConfig({ ...gpt1, endId: 4, labels: ["a", "b"] }), false);
});

Deno.test("Hugging Face config: a GPT that the table of the format lacks is not written as another one", () => {
  assertEquals(GPT_FORMAT.modelTypes, ["openai-gpt", "gpt2"]);
  assertThrows(() => GPT_FORMAT.toJson({ ...gpt1, architecture: "gpt3" } as unknown as GptConfig), TypeError);
});
