/**
 * Does memory stay where it is? Trains the `tiny` preset for 2,000 steps, with an evaluation and a sample every 250, and
 * prints the memory of the process, as it is and after the garbage collector has run; what V8 holds of it for
 * JavaScript; what JavaScript uses of that; and the backend's buffers. `deno task bench:memory [wasm|cpu|webgpu] [steps]`.
 *
 * WebGPU's command buffers live outside of JavaScript and go when their JavaScript objects are collected, which V8 is in
 * no hurry to do: left alone, 10,000 steps rise from 193 MB to 218 and fall back to 204. V8 also doubles its nursery once in a run, as a step of 8 MB shows in what it
 * holds. A leak would be seen in the process after collection, less what V8 holds.
 *
 * @module
 */

import {
  causalBatches,
  CharTokenizer,
  type DeviceChoice,
  evaluate,
  generate,
  Gpt,
  makeTales,
  openBackend,
  PRESETS,
  train,
  TrainingRun,
  validationBatches,
} from "../mod.ts";

const [device = "auto", count = "2000"] = Deno.args;
const backend = await openBackend(device as DeviceChoice),
  { text } = makeTales({ seed: 1, characters: 200_000 });
const tokenizer = CharTokenizer.fromText(text), tokens = tokenizer.encode(text);
const preset = PRESETS.tiny, { contextLength } = preset.model, { batchSize } = preset.training;
const model = new Gpt({ ...preset.model, vocabSize: tokenizer.vocabSize });
const batches = causalBatches(tokens, { contextLength, batchSize, seed: 1 });
const validation = validationBatches(tokens, { contextLength, batchSize: 8, windows: 64 });
const run = new TrainingRun(backend, model, batches, { ...preset.training, steps: Number(count), seed: 1 });

/** Collects garbage: `--expose-gc`. */
const { gc } = globalThis as unknown as { gc(): void };
const columns = ["step", "process MB", "collected", "V8 holds", "of it used", "outside V8", "backend"];
console.log(`${backend.name}: ${backend.device}\n${columns.map((name) => name.padStart(10)).join("  ")}`);
for await (const reports of train(run, { interval: 50 })) {
  const { step } = reports[reports.length - 1];
  if (step % 250 !== 0 && step !== 50) continue;
  await evaluate(backend, model, validation);
  for await (const _ of generate(backend, model, { prompt: tokens.slice(0, 1), maxNewTokens: 100 }));
  const before = Deno.memoryUsage().rss;
  gc();
  const { rss, heapTotal, heapUsed } = Deno.memoryUsage();
  const megabytes = [before, rss, heapTotal, heapUsed, rss - heapTotal, backend.bytes].map((bytes) =>
    (bytes / 2 ** 20).toFixed(1)
  );
  console.log([step, ...megabytes].map((text) => String(text).padStart(10)).join("  "));
}
