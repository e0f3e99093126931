import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { validationBatches } from "../data/batches.ts";
import { evaluateTokens, textPieces, tokenLosses } from "../inference/token_losses.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import type { Gpt } from "../models/gpt.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { evaluate } from "../training/evaluate.ts";
import { everyBackend } from "./_testing.ts";
import { livelyModel, small, text } from "./_training.ts";

const { contextLength: T, vocabSize: V } = small;

/** −ln softmax(logits)[target] at the last of some tokens. */
async function lossByHand(model: Gpt, backend: CpuBackend, before: Uint32Array, target: number) {
  const logits = await backend.read(model.forward(backend.from(before, [1, before.length])));
  const row = [...logits.subarray(-V)];
  return Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[target];
}

everyBackend(
  "evaluateTokens gives the bits of evaluate, and losses of which they are the mean",
  async (backend) => {
    const { model } = livelyModel(backend, small);
    for (const windows of [1, 5, 24]) {
      const batches = validationBatches(text, { contextLength: T, batchSize: 2, windows });
      const { loss, losses } = await evaluateTokens(backend, model, batches);
      assertEquals(loss, await evaluate(backend, model, batches));
      assertEquals(losses.map(({ length }) => length), batches.map(({ targets }) => targets.length));
      let sum = 0, count = 0;
      batches.forEach(({ targets }, batch) =>
        targets.forEach((target, at) => {
          sum += losses[batch][at];
          if (target === IGNORE_INDEX) assertEquals(losses[batch][at], 0, "an unused row");
          else count++;
        })
      );
      assertAlmostEquals(loss, sum / count, 1e-5);
    }
  },
);

everyBackend("tokenLosses predicts each token once, from at least half a context", async (backend) => {
  const { model } = livelyModel(backend, small), reference = new CpuBackend();
  const { model: twin } = livelyModel(reference, small), half = Math.ceil(T / 2);
  // one window that is not full, exactly one, one more token, and several batches with an unused row
  for (const length of [2, 3, T, T + 1, T + 2, 5 * T + 3]) {
    const ids = text.subarray(0, length), losses = await tokenLosses(backend, model, ids, { batchSize: 3 });
    assertEquals([losses.length, losses[0]], [length, NaN]);
    for (let index = 1; index < length; index++) {
      // the window that token is predicted in: each begins half a context after the one before, the last ends with the text
      const window = Math.max(0, Math.ceil((index - T) / half));
      const start = Math.min(window * half, Math.max(0, length - 1 - T));
      assert(index - start >= Math.min(index, half), "at least half a context");
      const expected = await lossByHand(twin, reference, ids.subarray(start, index), ids[index]);
      assertAlmostEquals(losses[index], expected, 2e-5, `token ${index} of ${length}`);
    }
  }
});

Deno.test("tokenLosses refuses a text without a token to predict", async () => {
  const backend = new CpuBackend(), { model } = livelyModel(backend, small);
  const message = "Cannot measure the tokens of a text of 1: expected two or more";
  await assertRejects(() => tokenLosses(backend, model, text.subarray(0, 1)), RangeError, message);
});

Deno.test("textPieces: a character of several tokens is one piece, and all together are the text", async () => {
  const tokenizer = await trainBpe(["the cat sat on the mat"], { vocabSize: 270 });
  const whole = "the 🐈 sat é", ids = tokenizer.encode(whole), pieces = textPieces(tokenizer, ids);
  assertEquals(pieces.map(({ text }) => text).join(""), whole);
  assertEquals(pieces.find(({ text }) => text.includes("🐈"))!.text.trim(), "🐈");
  assert(pieces.some(({ start, end }) => end - start >= 4), "four bytes");
  assertEquals(pieces.map(({ start }) => start), [0, ...pieces.map(({ end }) => end).slice(0, -1)]);
  assertEquals(pieces.at(-1)!.end, ids.length);
  // bytes that are the beginning of a character only are not lost either
  const torn = ids.slice(0, ids.length - 1), { text: last, end } = textPieces(tokenizer, torn).at(-1)!;
  assertEquals([last, end], ["\ufffd", torn.length]);
  const characters = CharTokenizer.fromText("a🐈\u0301");
  assertEquals(textPieces(characters, characters.encode("🐈\u0301a")).map(({ text }) => text), [
    "🐈",
    "\u0301",
    "a",
  ]);
});
