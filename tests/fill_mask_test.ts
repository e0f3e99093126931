import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { decodeFilled, filledSample, fillMask } from "../inference/fill_mask.ts";
import { everyBackend } from "./_testing.ts";

/** A model whose weights are so large that every position shows. */
function lively(backend: Backend): MaskedLanguageModel {
  const sizes = { contextLength: 8, layers: 2, heads: 2, modelDim: 12, feedForwardDim: 24, dropoutRate: 0.1 };
  const model = new MaskedLanguageModel({
    ...sizes,
    architecture: "roberta",
    vocabSize: 16,
    initialStd: 0.5,
  });
  initialize(backend, model, 1);
  return model;
}

const mask = 15;

everyBackend(
  "fillMask: candidates are the likeliest tokens of a full forward pass, in order",
  async (backend) => {
    const model = lively(backend), ids = Uint32Array.of(0, 7, mask, 9, mask, 2);
    const logits = await backend.read(backend.scope(() => model.forward(backend.from(ids, [1, 6]))));
    const filled = await fillMask(backend, model, ids, { maskId: mask, topK: 16 });
    assertEquals(filled.map(({ position }) => position), [2, 4]);
    for (const { position, candidates } of filled) {
      const row = [...logits.subarray(position * 16, position * 16 + 16)];
      const order = [...row.keys()].sort((a, b) => row[b] - row[a]);
      assertEquals(candidates.map(({ id }) => id), order);
      assertAlmostEquals(candidates.reduce((sum, { probability }) => sum + probability, 0), 1, 1e-5);
      const [first, second] = candidates;
      assertAlmostEquals(
        Math.log(first.probability / second.probability),
        row[first.id] - row[second.id],
        1e-4,
      );
    }
  },
);

Deno.test("fillMask: rows of the model without a token in the tokenizer are no candidates", async () => {
  const backend = new CpuBackend(), model = lively(backend), ids = Uint32Array.of(0, 7, 3, 2);
  const fill = async (options: { tokens?: number }) =>
    (await fillMask(backend, model, ids, { maskId: 3, topK: 99, ...options }))[0].candidates;
  const all = await fill({}), some = await fill({ tokens: 8 });
  assertEquals(some, all.filter(({ id }) => id < 8));
  assertEquals([all.length, some.length], [16, 8]);
});

everyBackend(
  "fillMask: how many are told changes nothing else, more than there are is all",
  async (backend) => {
    const model = lively(backend), ids = Uint32Array.of(0, mask, 2);
    const told = async (topK: number) =>
      (await fillMask(backend, model, ids, { maskId: mask, topK }))[0].candidates;
    const all = await told(99);
    assertEquals(all.length, 16);
    assertEquals(await told(3), all.slice(0, 3));
    assert(all.every(({ probability }, index) => index === 0 || probability <= all[index - 1].probability));
  },
);

Deno.test("fillMask: one answer for each mask, and refuses what cannot be filled", async () => {
  const backend = new CpuBackend(),
    model = lively(backend),
    fill = (ids: number[], topK?: number) =>
      fillMask(backend, model, Uint32Array.from(ids), { maskId: 15, topK });
  const filled = await fill([15, 5, 15, 15]);
  assertEquals(filled.map(({ position, candidates }) => [position, candidates.length]), [[0, 5], [2, 5], [
    3,
    5,
  ]]);
  await assertRejects(() => fill([0, 5, 2]), RangeError, "The text has no <mask> to fill");
  await assertRejects(
    () => fill(new Array(9).fill(15)),
    RangeError,
    "The text has 9 tokens, the model reads at most 8",
  );
  await assertRejects(() => fill([15, 16]), RangeError, "Token 16 is outside the vocabulary of 16");
  await assertRejects(() => fill([15], 0), RangeError, "Cannot give 0 candidates for a mask");
});

const tokenizer = CharTokenizer.fromText("abcdefghijk", { specialTokens: MASKED_SPECIAL_TOKENS });

Deno.test("decodeFilled: each candidate stands in the text with the most likely ones at the other masks", () => {
  const [a, b, c] = tokenizer.encode("abc"), maskId = tokenizer.encode("<mask>")[0];
  const candidates = (...ids: number[]) => ids.map((id) => ({ id, probability: 0.5 }));
  const ids = tokenizer.encode("<mask>d<mask>", { addSpecialTokens: true });
  const positions = [...ids.keys()].filter((position) => ids[position] === maskId);
  const filled = [{ position: positions[0], candidates: candidates(a, b) }, {
    position: positions[1],
    candidates: candidates(c, a),
  }];
  const { text, masks } = decodeFilled(ids, filled, tokenizer);
  assertEquals(text, "adc");
  assertEquals(masks.map(({ position }) => position), positions);
  assertEquals(masks.map(({ candidates }) => candidates.map(({ text }) => text)), [["adc", "bdc"], [
    "adc",
    "ada",
  ]]);
  assertEquals(masks[1].candidates.map(({ token }) => token), ["c", "a"]);
});

Deno.test("filledSample: one prediction at least in each sequence, and the rest of its text", async () => {
  const backend = new CpuBackend(), model = lively(backend);
  assertEquals(tokenizer.vocabSize, 16);
  const sequences = ["abcd", "efgh", "ijk", "a", "kb"].map((text) =>
    tokenizer.encode(text, { addSpecialTokens: true })
  );
  const sample = await filledSample(backend, model, tokenizer, sequences);
  assertEquals(await filledSample(backend, model, tokenizer, sequences), sample, "the same every time");
  const texts = sample.split("\n---\n");
  assertEquals(texts.length, 4);
  for (const [index, text] of texts.entries()) {
    assertEquals(/\[.+\]/.test(text), true, text);
    const original = text.replace(/\[(.+?)( → .+?)?\]/g, "$1");
    assertEquals(
      original,
      tokenizer.decode(sequences[Math.floor(index * 5 / 4)], { skipSpecialTokens: true }),
    );
  }
});
