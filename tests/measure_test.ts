import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { measure } from "../commands/recipes/measure.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { type Batch, validationBatches } from "../data/batches.ts";
import { evaluate } from "../training/evaluate.ts";
import { livelyModel, small, text } from "./_training.ts";

const backend = new CpuBackend(), { model } = livelyModel(backend, small);
const batches = validationBatches(text, { contextLength: 8, batchSize: 1 });
const blank = (batch: Batch): Batch => ({ ...batch, targets: batch.targets.map(() => IGNORE_INDEX) });

Deno.test("every target counts the same, however many of them stand between two pauses", async () => {
  const uneven = batches.map((batch, at) => ({
    ...batch,
    targets: batch.targets.map((target, place) => at < 8 || place < 2 ? target : IGNORE_INDEX),
  }));
  assertAlmostEquals(
    await measure(backend, model, uneven) ?? NaN,
    await evaluate(backend, model, uneven),
    1e-6,
  );
});

Deno.test("batches without targets do not count; where there are no others there is no loss", async () => {
  const expected = await evaluate(backend, model, batches);
  // eight batches are measured between two pauses
  const mixed = [...batches.slice(0, 8).map(blank), ...batches];
  assertAlmostEquals(await measure(backend, model, mixed) ?? NaN, expected, 1e-6);
  for (const nothing of [[], [blank(batches[0])]]) {
    await assertRejects(() => measure(backend, model, nothing), RangeError, "no token is a target");
  }
});

Deno.test("a measurement tells how far it has come", async () => {
  const many = [...batches, ...batches, ...batches], seen: number[][] = [];
  await measure(backend, model, many, { onProgress: (done, whole) => void seen.push([done, whole]) });
  assertEquals(seen, Array.from({ length: Math.ceil(many.length / 8) }, (_, i) => [8 * i, many.length]));
});

Deno.test("a measurement gives way, and is given up when it is told to", async () => {
  let pauses = 0, others = 0;
  const timer = setInterval(() => others++);
  assertEquals(await measure(backend, model, batches, { stopped: () => ++pauses === 3 }), undefined);
  clearInterval(timer);
  assertEquals(pauses, 3);
  assertEquals(others > 0, true, "something else had its turn");
});
