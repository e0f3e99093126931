import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { initialize } from "../core/module.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { decodeSamples } from "../inference/decode_samples.ts";
import { generate } from "../inference/generate.ts";
import { describeSampling, formatSamples, sampleTexts } from "../inference/sample_texts.ts";
import { Gpt } from "../models/gpt.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { onNextEvent } from "./_training.ts";

const tokenizer = CharTokenizer.fromText("abcdefghijklmnop"), backend = new CpuBackend();
const model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize, contextLength: 16 });
initialize(backend, model, 1);

const settings = { prompt: "ab", samples: 2, maxNewTokens: 20, topK: 9, topP: 0.9, seed: 3 };

Deno.test("the texts at each temperature are those that generate makes at this temperature alone", async () => {
  const options = { ...settings, repetitionPenalty: 1.5, temperatures: [1.2, 0, 0.5] };
  const samples = await Array.fromAsync(sampleTexts(backend, model, tokenizer, options));
  assertEquals(samples.map(({ temperature }) => temperature), [1.2, 0, 0.5]);
  for (const { temperature, texts, tokens } of samples) {
    const { prompt, ...others } = { ...settings, repetitionPenalty: 1.5, temperature };
    const alone = generate(backend, model, { ...others, prompt: tokenizer.encode(prompt) });
    const pieces = await Array.fromAsync(decodeSamples(alone, tokenizer));
    assertEquals(texts, [0, 1].map((index) => pieces.map((piece) => piece[index]).join("")));
    assertEquals([texts[0].length, tokens], [20, 40]);
  }
  const [hot, greedy, cold] = samples;
  assertEquals(greedy.texts[0], greedy.texts[1]);
  assertNotEquals(hot.texts, cold.texts);
  assertNotEquals(hot.texts[0], hot.texts[1]);
});

Deno.test("progress counts up over all temperatures, and what it throws after an event ends the sampling", async () => {
  const seen: number[][] = [];
  const onProgress = (done: number, total: number) => void seen.push([done, total]);
  await Array.fromAsync(
    sampleTexts(backend, model, tokenizer, { ...settings, temperatures: [0.5, 0.8], onProgress }),
  );
  assertEquals(seen, [[16, 40], [20, 40], [36, 40], [40, 40]]);
  let isStopped = false;
  onNextEvent(() => isStopped = true);
  const stopped = sampleTexts(backend, model, tokenizer, {
    ...settings,
    temperatures: [1],
    onProgress: () => {
      if (isStopped) throw new Error("enough");
    },
  });
  await assertRejects(() => Array.fromAsync(stopped), Error, "enough");
  await assertRejects(
    () => Array.fromAsync(sampleTexts(backend, model, tokenizer, { ...settings, temperatures: [-1] })),
    RangeError,
    "temperature is -1",
  );
});

Deno.test("each sample is headed by all its settings and its number", () => {
  const samples = [
    { temperature: 0, texts: ["c", "d"], tokens: 2 },
    { temperature: 1.25, texts: ["e\nf"], tokens: 3 },
  ];
  const text = formatSamples(samples, settings);
  assertEquals(
    text,
    "--- temperature 0, top_k 9, top_p 0.9, seed 3, sample 1 of 2 ---\nabc\n\n" +
      "--- temperature 0, top_k 9, top_p 0.9, seed 3, sample 2 of 2 ---\nabd\n\n" +
      "--- temperature 1.25, top_k 9, top_p 0.9, seed 3, sample 1 of 1 ---\nabe\nf\n",
  );
  assert(text.split("\n").every((line) => line.length < 80));
  assertEquals(describeSampling([0.5, 2], {}), "temperature 0.5,2, top_k 0, top_p 1, seed 0");
  assertEquals(
    describeSampling(2, { repetitionPenalty: 1.1 }),
    "temperature 2, top_k 0, top_p 1, repetition_penalty 1.1, seed 0",
  );
});
