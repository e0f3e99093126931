/**
 * What is measured on a GPU, part by part. Each part yields its figures as they are found, so that what was found before a
 * failure is not lost.
 *
 * @module
 */

import {
  allocateParameters,
  type Backend,
  estimateMemory,
  generate,
  Gpt,
  type TrainingRun,
  type TrainingSettings,
  type WebGpuBackend,
} from "../../mod.ts";
import { multiplyInto } from "../../kernels/matmul/matmul.ts";
import { type BenchConfig, flopsOf, median, tokensOf } from "../configs.ts";
import { newTokens, PROMPT, startTraining, writeInitial } from "../measurements.ts";
import { fittingBatch, GPU_MODELS, quickConfig } from "./gpu_models.ts";
import { ratedTeraflops } from "./rates.ts";
import type { KernelTime, TimedBackend } from "./timestamps.ts";

/** A figure, ready to be written as JSON. */
export interface Figure {
  /** What was measured: `adapter`, `matmul 1024 A·B`, `train S`, `generate S`. */
  readonly name: string;
  /** Milliseconds of one product, step or text. */
  readonly ms?: number;
  readonly gflops?: number;
  /** Of the rate that the device is built for. */
  readonly share?: number;
  readonly tokensPerSecond?: number;
  /** Device memory held afterwards, with all buffers of a step. */
  readonly bytes?: number;
  /** What the estimate says. */
  readonly estimatedBytes?: number;
  readonly batchSize?: number;
  /** Losses of the first steps, elements of the product or tokens, to compare with a peer's. */
  readonly values?: readonly number[];
  /** The time of one step by kernel, the longest first. */
  readonly kernels?: readonly KernelTime[];
  /** Of the adapter. */
  readonly adapter?: Readonly<Record<string, unknown>>;
}

/** How to measure. */
export interface Effort {
  /** Small sizes and few rounds, for software Vulkan. */
  readonly quick: boolean;
  /** TFLOP/s of the device in 32-bit floats, if the user states them. */
  readonly peak?: number;
  /** Only models of this name. */
  readonly model?: string;
  /** Whether reductions may use subgroups; they may unless given. */
  readonly subgroups?: boolean;
}

/** What a device is and allows. */
export async function* measureAdapter({ backend }: TimedBackend, { peak }: Effort): AsyncGenerator<Figure> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  const { vendor, architecture, description, subgroupMinSize, subgroupMaxSize } = adapter!.info;
  const { limits } = adapter!, rated = peak ?? ratedTeraflops(backend.device);
  yield {
    name: "adapter",
    adapter: {
      ...{ device: backend.device, class: backend.adapterClass, teraflops: rated },
      subgroupSize: backend.subgroupSize ?? 0,
      ...{ vendor, architecture, description, subgroupMinSize, subgroupMaxSize },
      features: [...adapter!.features].sort(),
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  };
}

/** Runs of a body, without waiting in between: each round ends with a wait, so a round is long beside it. */
async function timeRounds(
  body: () => void,
  wait: () => Promise<unknown>,
  { rounds, shortest }: { rounds: number; shortest: number },
): Promise<number> {
  const time = async (count: number): Promise<number> => {
    const start = performance.now();
    for (let index = 0; index < count; index++) body();
    await wait();
    return performance.now() - start;
  };
  await time(1); // compiles shaders
  let count = 1;
  // a wait takes some milliseconds, whatever was run before
  for (let ms = await time(count); ms < shortest && count < 256; ms = await time(count)) count *= 2;
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await time(count) / count);
  return median(times);
}

/** The four layouts, by which of the matrices is turned. */
const LAYOUTS = [["A·B", false, false], ["A·Bᵀ", false, true], ["Aᵀ·B", true, false], [
  "Aᵀ·Bᵀ",
  true,
  true,
]] as const;

/** Products of square matrices. */
export async function* measureMatmul(
  { backend }: TimedBackend,
  { quick, peak }: Effort,
): AsyncGenerator<Figure> {
  const rated = peak ?? ratedTeraflops(backend.device);
  for (const size of quick ? [256, 512] : [256, 512, 1024, 2048, 4096]) {
    const matrix = (factor: number) =>
      Float32Array.from({ length: size * size }, (_, index) => (index * factor % 1000) / 1000 - 0.5);
    const a = backend.from(matrix(7919)),
      b = backend.from(matrix(104729)),
      y = backend.allocate([size * size]);
    const y1 = backend.view(y, 0, [64]);
    for (const [layout, transposeA, transposeB] of LAYOUTS) {
      const options = { rows: size, columns: size, inner: size, transposeA, transposeB };
      let values: number[] = [];
      const ms = await timeRounds(
        // matrices that a product turns first are kept until the scope ends
        () => backend.scope(() => multiplyInto(y, a, b, options)),
        async () => values = [...(await backend.read(y1)).slice(0, 3)],
        { rounds: quick ? 2 : 5, shortest: quick ? 20 : 200 },
      );
      const gflops = 2 * size ** 3 / ms / 1e6;
      yield { name: `matmul ${size} ${layout}`, ms, gflops, share: rated && gflops / rated / 1e3, values };
    }
    backend.free(a, b, y);
  }
}

/** The models that are asked for, with the batch that the device can bind. */
export function chosenModels(
  backend: Pick<WebGpuBackend, "limits">,
  { quick, model }: Effort,
): [string, BenchConfig][] {
  return Object.entries(GPU_MODELS)
    .filter(([name]) => model === undefined || name === model)
    .map(([name, config]) => [name, fittingBatch(quick ? quickConfig(config) : config, backend.limits)]);
}

/** Frees what a run holds; its buffers of a step stay with the backend. */
function free({ backend, store, optimizer }: TrainingRun): void {
  backend.free(store.values, store.gradients, ...Object.values(optimizer.state));
}

/** How a step is computed, by what the figure is named; first with least memory, so that what is held afterwards is its own. */
const STEPS: Readonly<Record<string, Pick<TrainingSettings, "precision" | "recompute">>> = {
  " --recompute": { recompute: true },
  "": {},
  " --precision f16": { precision: "f16" },
};

/** Training steps of one model: their time, with and without computing blocks again, in half precision, and by kernel. */
export async function* measureSteps(
  { backend, timeKernels }: TimedBackend,
  name: string,
  config: BenchConfig,
  { quick, peak }: Effort,
): AsyncGenerator<Figure> {
  const rated = peak ?? ratedTeraflops(backend.device);
  for (const [flags, options] of Object.entries(STEPS)) {
    if (options.precision === "f16" && !backend.halves) continue;
    const run = startTraining(backend, config, options), values: number[] = [];
    for (let step = 0; step < (quick ? 2 : 3); step++) {
      run.advance();
      values.push((await run.report(1))[0].loss);
    }
    const ms = await timeRounds(() => run.advance(), () => run.report(1), {
      ...{ rounds: quick ? 1 : 5, shortest: quick ? 0 : 500 },
    });
    const gflops = flopsOf(config) / ms / 1e6, { bytes } = backend;
    const { parameterBytes, activationBytes } = estimateMemory(config.model, config.batchSize, options);
    const figure = {
      ...{ ms, gflops, share: rated && gflops / rated / 1e3, tokensPerSecond: tokensOf(config) / ms * 1e3 },
      ...{ bytes, estimatedBytes: parameterBytes + activationBytes, batchSize: config.batchSize, values },
    };
    const kernels = options.recompute ? undefined : await timeKernels?.(async () => {
      run.advance();
      await run.report(1);
    });
    free(run);
    const sorted = kernels?.toSorted((a, b) => b.ms - a.ms);
    yield { name: `train ${name}${flags}`, ...figure, kernels: sorted };
  }
}

/** The generation of one text as long as the context, always with the likeliest token. */
export async function* measureGeneration(
  { backend }: TimedBackend,
  name: string,
  config: BenchConfig,
  { quick }: Effort,
): AsyncGenerator<Figure> {
  const model = new Gpt(config.model), maxNewTokens = newTokens(config.model);
  const store = allocateParameters(backend, model), times: number[] = [];
  writeInitial(backend, store, config);
  let values: number[] = [];
  for (let round = 0; round <= (quick ? 1 : 3); round++) {
    values = [];
    const options = { prompt: Uint32Array.from(PROMPT), maxNewTokens, temperature: 0, chunk: 64 };
    const start = performance.now();
    for await (const [tokens] of generate(backend as Backend, model, options)) values.push(...tokens);
    if (round > 0) times.push(performance.now() - start);
  }
  backend.free(store.values, store.gradients);
  const ms = median(times);
  yield {
    name: `generate ${name}`,
    ms,
    tokensPerSecond: maxNewTokens / ms * 1e3,
    values: values.slice(0, 8),
  };
}
