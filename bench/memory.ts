/**
 * Does memory stay where it is? Trains the `tiny` preset for 2,000 steps, with an evaluation and a sample every 250, and
 * prints the memory of the process and of the backend. `deno task bench:memory [cpu|webgpu] [steps]`.
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
console.log(`${backend.name}: ${backend.device}\n  step   process MB   backend MB`);
for await (const reports of train(run, { interval: 50 })) {
  const { step } = reports[reports.length - 1];
  if (step % 250 !== 0 && step !== 50) continue;
  await evaluate(backend, model, validation);
  for await (const _ of generate(backend, model, { prompt: tokens.slice(0, 1), maxNewTokens: 100 }));
  const megabytes = [Deno.memoryUsage().rss, backend.bytes].map((bytes) =>
    (bytes / 2 ** 20).toFixed(1).padStart(12)
  );
  console.log(String(step).padStart(6) + megabytes.join(" "));
}
