import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { Gpt } from "../models/gpt.ts";
import { type Batch, overlappingBatches, validationBatches } from "../data/batches.ts";
import { totalWeight } from "../training/batch_tensors.ts";
import { evaluate, evaluateTokens, tokenLosses } from "../training/evaluate.ts";
import { everyBackend } from "./_testing.ts";
import { Bigram, livelyModel, newRun, onNextEvent, small, stateOf, text } from "./_training.ts";

/** The mean of −ln softmax(logits)[target] over all windows of the text, one window at a time. */
async function lossByHand(model: Gpt, backend: CpuBackend, windows: readonly number[]): Promise<number> {
  const { contextLength: length, vocabSize } = small;
  let sum = 0;
  for (const window of windows) {
    const start = window * length, ids = backend.from(text.subarray(start, start + length), [1, length]);
    const logits = await backend.read(model.forward(ids));
    for (let time = 0; time < length; time++) {
      const row = [...logits.subarray(time * vocabSize, (time + 1) * vocabSize)];
      sum += Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[text[start + time + 1]];
    }
  }
  return sum / windows.length / length;
}

everyBackend("evaluate is the mean over all targets, whatever the batch size", async (backend) => {
  const { model } = livelyModel(backend, small), reference = new CpuBackend();
  const windows = Array.from({ length: 24 }, (_, window) => window);
  const expected = await lossByHand(livelyModel(reference, small).model, reference, windows);
  assert(Math.abs(expected - Math.log(small.vocabSize)) > 0.1, "the model is not indifferent");
  // 24 windows: full batches; a last one with one row; one batch that is not full
  for (const batchSize of [4, 23, 32]) {
    const batches = validationBatches(text, { contextLength: small.contextLength, batchSize });
    assertAlmostEquals(await evaluate(backend, model, batches), expected, 1e-5, `batches of ${batchSize}`);
  }
});

everyBackend("evaluate: more batches than are added up on the device at once", async (backend) => {
  const model = new Bigram(small.vocabSize);
  initialize(backend, model, 1);
  const [batch, other] = validationBatches(text, { contextLength: 8, batchSize: 2, windows: 4 });
  const [first, second] = [await evaluate(backend, model, [batch]), await evaluate(backend, model, [other])];
  const mean = (70 * first + 5 * second) / 75;
  const batches = [...new Array(70).fill(batch), ...new Array(5).fill(other)];
  assertAlmostEquals(await evaluate(backend, model, batches), mean, 1e-6);
});

Deno.test("evaluate weighs targets, not batches", async () => {
  const backend = new CpuBackend(), { model } = livelyModel(backend, small);
  const [full] = validationBatches(text, { contextLength: 8, batchSize: 2, windows: 2 });
  const one: Batch = { ...full, targets: full.targets.map((target, at) => at === 3 ? target : IGNORE_INDEX) };
  const [all, single] = [await evaluate(backend, model, [full]), await evaluate(backend, model, [one])];
  assertAlmostEquals(await evaluate(backend, model, [full, one]), (16 * all + single) / 17, 1e-6);
});

everyBackend("evaluate drops nothing and changes nothing", async (backend) => {
  const model = new Gpt({ ...small, dropoutRate: 0.9 }), run = newRun(backend, model);
  run.advance();
  const before = await stateOf(run);
  const batches = validationBatches(text, { contextLength: 8, batchSize: 4 });
  assertEquals(await evaluate(backend, model, batches), await evaluate(backend, model, batches));
  assertEquals(await stateOf(run), before);
  assertEquals(await backend.read(run.store.gradients), new Float32Array(run.store.size));
});

/** Twelve batches: an evaluation pauses before the first, and after eight of them. */
const backend = new CpuBackend(), { model } = livelyModel(backend, small);
const batches = validationBatches(text, { contextLength: 8, batchSize: 2 }).slice(0, 12);
const blank = (batch: Batch): Batch => ({ ...batch, targets: batch.targets.map(() => IGNORE_INDEX) });

Deno.test("evaluate skips batches without targets, and refuses where there are no others", async () => {
  const expected = await evaluate(backend, model, batches);
  const mixed = [...batches.slice(0, 8).map(blank), ...batches];
  assertAlmostEquals(await evaluate(backend, model, mixed), expected, 1e-6);
  for (const nothing of [[], [blank(batches[0])]]) {
    await assertRejects(() => evaluate(backend, model, nothing), RangeError, "on batches without targets");
  }
});

Deno.test("evaluate weighs targets, not the parts that are read together", async () => {
  const uneven = batches.map((batch, index) => ({
    ...batch,
    targets: batch.targets.map((target, position) => index < 8 || position < 2 ? target : IGNORE_INDEX),
  }));
  let sum = 0;
  for (const batch of uneven) sum += totalWeight([batch]) * await evaluate(backend, model, [batch]);
  assertAlmostEquals(await evaluate(backend, model, uneven), sum / totalWeight(uneven), 1e-6);
});

Deno.test("evaluate reports its progress, lets other events run, and ends with what onProgress throws", async () => {
  const seen: number[][] = [];
  let others = 0;
  onNextEvent(() => others++);
  await evaluate(backend, model, batches, { onProgress: (done, total) => void seen.push([done, total]) });
  assertEquals(seen, [[0, 12], [8, 12]]);
  assertEquals(others, 1);
  const stop = (done: number) => {
    if (done === 8) throw new Error("stopped");
  };
  await assertRejects(() => evaluate(backend, model, batches, { onProgress: stop }), Error, "stopped");
});

/** −ln softmax(logits)[token] of each token, read alone with what stands before it in its window. */
async function tokenLossesByHand(model: Gpt, backend: CpuBackend, ids: Uint32Array): Promise<number[]> {
  const { contextLength: length, vocabSize } = small, stride = length / 2, losses = [NaN];
  for (let at = 1; at < ids.length; at++) {
    const place = at <= length ? 0 : Math.ceil((at - length) / stride);
    const start = Math.min(place * stride, ids.length - 1 - length);
    const logits = await backend.read(model.forward(backend.from(ids.slice(start, at), [1, at - start])));
    const row = [...logits.subarray(-vocabSize)];
    losses.push(Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[ids[at]]);
  }
  return losses;
}

everyBackend(
  "tokenLosses are those of each token after the ones before it in its window",
  async (backend) => {
    const { model } = livelyModel(backend, small), reference = new CpuBackend();
    for (const length of [9, 12, 51]) {
      const ids = text.subarray(0, length);
      const expected = await tokenLossesByHand(livelyModel(reference, small).model, reference, ids);
      const losses = await tokenLosses(backend, model, ids, { batchSize: 3 });
      assertEquals([losses.length, losses[0]], [length, NaN]);
      for (let at = 1; at < length; at++) {
        assertAlmostEquals(losses[at], expected[at], 1e-5, `${at} of ${length}`);
      }
      const batches = overlappingBatches(ids, { contextLength: small.contextLength, batchSize: 5 });
      const mean = losses.subarray(1).reduce((sum, loss) => sum + loss, 0) / (length - 1);
      assertAlmostEquals(await evaluate(backend, model, batches), mean, 1e-5);
    }
  },
);

Deno.test("tokenLosses says how far it is, and a short text needs no whole window", async () => {
  const seen: number[][] = [], onProgress = (done: number, total: number) => void seen.push([done, total]);
  const ids = text.subarray(0, 8 + 4 + 4 + 1); // three windows of 8 tokens
  await tokenLosses(backend, model, ids, { batchSize: 2, onProgress });
  assertEquals(seen, [[0, 2], [1, 2]]);
  assertEquals((await tokenLosses(backend, model, text.subarray(0, 2))).length, 2);
  await assertRejects(() => tokenLosses(backend, model, text.subarray(0, 1)), RangeError, "a window needs 2");
});

everyBackend(
  "evaluateTokens gives the bits of evaluate, and losses of which they are the mean",
  async (backend) => {
    const { model } = livelyModel(backend, small);
    for (const windows of [1, 5, 24]) {
      const batches = validationBatches(text, { contextLength: small.contextLength, batchSize: 2, windows });
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
