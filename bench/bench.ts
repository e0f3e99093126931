/**
 * How fast this machine runs Miniformer: matrix products, training steps and generation, on the CPU reference and on
 * WebGPU. `deno task bench --help` says how to choose.
 *
 * @module
 */

import { parseArgs } from "node:util";
import {
  type Backend,
  causalBatches,
  CpuBackend,
  generate,
  Gpt,
  initialize,
  TrainingRun,
  WebGpuBackend,
} from "../mod.ts";
import { multiplyInto } from "../kernels/matmul/matmul.ts";
import { CONFIGS, flopsOf, median, tokensOf } from "./configs.ts";

/** One measurement. */
interface Result {
  readonly name: string;
  readonly device: string;
  readonly adapter: string;
  readonly ms: number;
  readonly tokensPerSecond?: number;
  readonly gflops?: number;
}

/** Noise that is the same every time. */
function noise(length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => Math.sin(index * 12.9898) / 2);
}

/** Waiting for a device takes up to 11 ms, so many products are timed together. */
async function timeMatmul(backend: Backend, size: number): Promise<Partial<Result>> {
  const [a, b, y] = [noise(size * size), noise(size * size), noise(size * size)].map((data) =>
    backend.from(data)
  );
  const sizes = { rows: size, columns: size, inner: size }, flops = 2 * size ** 3;
  const repeats = Math.max(1, Math.ceil((backend.name === "cpu" ? 1e9 : 1.5e10) / flops));
  const times: number[] = [];
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) multiplyInto(y, a, b, sizes);
    await backend.read(y);
    if (round > 0) times.push((performance.now() - start) / repeats);
  }
  backend.free(a, b, y);
  const ms = median(times);
  return { ms, gflops: flops / ms / 1e6 };
}

async function timeTraining(backend: Backend, name: "S" | "T", steps: number): Promise<Partial<Result>> {
  const config = CONFIGS[name], { model, batchSize } = config, { contextLength, vocabSize } = model;
  const text = Uint32Array.from({ length: 20_000 }, (_, index) => (index * 7 + (index >> 4) * 3) % vocabSize);
  const run = new TrainingRun(
    backend,
    new Gpt(model),
    causalBatches(text, { contextLength, batchSize, seed: 1 }),
    {
      schedule: "constant",
      learningRate: 1e-3,
      minLearningRate: 1e-3,
      warmupSteps: 0,
      steps,
      beta1: 0.9,
      beta2: 0.99,
      weightDecay: 0.1,
      clipNorm: 0,
      seed: 1,
    },
  );
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const start = performance.now();
    run.advance();
    await run.report(1);
    times.push(performance.now() - start);
  }
  const ms = median(times.slice(Math.min(2, steps - 1)));
  return { ms, tokensPerSecond: tokensOf(config) / ms * 1e3, gflops: flopsOf(config) / ms / 1e6 };
}

async function timeGeneration(backend: Backend, name: "S" | "T"): Promise<Partial<Result>> {
  const model = new Gpt(CONFIGS[name].model), maxNewTokens = model.config.contextLength - 1;
  initialize(backend, model, 1);
  const times: number[] = [];
  for (let round = 0; round < 4; round++) {
    const start = performance.now();
    for await (const _ of generate(backend, model, { prompt: Uint32Array.of(1), maxNewTokens, chunk: 64 }));
    times.push(performance.now() - start);
  }
  const ms = median(times.slice(1));
  return { ms, tokensPerSecond: maxNewTokens / ms * 1e3 };
}

const HELP = `Usage: deno task bench [--device cpu|webgpu] [--only NAME] [--json]

  --device   only this one; both unless given
  --only     only measurements whose name contains NAME: "matmul", "train S", "generate T" …
  --json     one object a line: name, device, adapter, ms, tokensPerSecond, gflops`;

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    device: { type: "string" },
    only: { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (flags.help) {
  console.log(HELP);
  Deno.exit(0);
}
const backends: Backend[] = [];
if (flags.device !== "webgpu") backends.push(new CpuBackend());
if (flags.device !== "cpu") {
  const webgpu = await WebGpuBackend.open();
  if (webgpu) backends.push(webgpu);
  else console.error("There is no WebGPU adapter: only the CPU is measured.");
}
for (const backend of backends) {
  const slow = backend.name === "cpu";
  const measurements: Record<string, () => Promise<Partial<Result>>> = {
    "matmul 256": () => timeMatmul(backend, 256),
    "matmul 512": () => timeMatmul(backend, 512),
    "matmul 1024": () => timeMatmul(backend, 1024),
    "train T": () => timeTraining(backend, "T", slow ? 7 : 22),
    "train S": () => timeTraining(backend, "S", slow ? 2 : 12),
    "generate T": () => timeGeneration(backend, "T"),
    "generate S": () => timeGeneration(backend, "S"),
  };
  if (!flags.json) console.log(`\n${backend.name}: ${backend.device}`);
  for (const [name, measure] of Object.entries(measurements)) {
    if (flags.only && !name.includes(flags.only)) continue;
    const result = { name, device: backend.name, adapter: backend.device, ms: 0, ...await measure() };
    if (flags.json) {
      console.log(
        JSON.stringify(result, (_, value) => typeof value === "number" ? Number(value.toFixed(3)) : value),
      );
      continue;
    }
    const unit = (value: number | undefined, unit: string, digits: number) =>
      value === undefined ? "" : `${value.toFixed(digits).padStart(10)} ${unit}`;
    console.log(
      `  ${name.padEnd(12)}${unit(result.ms, "ms", 2)}${unit(result.gflops, "GFLOP/s", 1)}` +
        unit(result.tokensPerSecond, "tokens/s", 0),
    );
  }
  backend.close();
}
