/**
 * What is measured: matrix products, training steps and generation, each on a backend. Inputs, initial parameters and
 * batch are those of the peers, and `values` are results that show whether an engine did the same work.
 *
 * @module
 */

import {
  allocateParameters,
  type Backend,
  type Batch,
  generate,
  Gpt,
  type GptConfig,
  type ParameterStore,
  TrainingRun,
  type TrainingSettings,
} from "../mod.ts";
import { multiplyInto } from "../kernels/matmul/matmul.ts";
import { type BenchConfig, flopsOf, median, tokensOf } from "./configs.ts";
import { fixedBatch, initialParameters, timeSteps } from "./peers/model.ts";

/** What a measurement found. */
export interface Measurement {
  /** Milliseconds of one product, one step, or one text. */
  readonly ms: number;
  /** Some results: elements of the product, losses of the first steps, or generated tokens. */
  readonly values: readonly number[];
  /** Tokens of the batch or the text, per second. */
  readonly tokensPerSecond?: number;
  /** Billions of floating-point operations per second. */
  readonly gflops?: number;
}

/** Tokens that generated texts begin with. */
export const PROMPT: readonly number[] = [1, 2, 3, 4];

/** How many tokens follow them: as many as the context holds. */
export const newTokens = ({ contextLength }: GptConfig): number => contextLength - PROMPT.length;

/**
 * Times the product of two square matrices.
 *
 * @param backend Where.
 * @param size Rows and columns.
 * @returns The time of one product.
 */
export async function timeMatmul(backend: Backend, size: number): Promise<Measurement> {
  const matrix = (factor: number) =>
    Float32Array.from({ length: size * size }, (_, index) => (index * factor % 1000) / 1000 - 0.5);
  const a = backend.from(matrix(7919)), b = backend.from(matrix(104729)), y = backend.allocate([size * size]);
  const sizes = { rows: size, columns: size, inner: size }, flops = 2 * size ** 3;
  // waiting for a GPU takes up to 11 ms, so many products are timed together
  const repeats = Math.min(1000, Math.max(1, Math.ceil((backend.name === "webgpu" ? 1.5e10 : 3e9) / flops)));
  const times: number[] = [];
  let values: number[] = [];
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) multiplyInto(y, a, b, sizes);
    values = [...(await backend.read(y)).slice(0, 3)];
    if (round > 0) times.push((performance.now() - start) / repeats);
  }
  backend.free(a, b, y);
  const ms = median(times);
  return { ms, values, gflops: flops / ms / 1e6 };
}

/**
 * Times training steps.
 *
 * @param backend Where.
 * @param config The model and its batch.
 * @param steps How many; the first two are not counted.
 * @returns The time of one step.
 */
export async function timeTraining(
  backend: Backend,
  config: BenchConfig,
  steps: number,
): Promise<Measurement> {
  const run = startTraining(backend, config);
  const measured = await timeSteps(async () => {
    run.advance();
    return (await run.report(1))[0].loss;
  }, steps);
  const { ms } = measured;
  return { ...measured, tokensPerSecond: tokensOf(config) / ms * 1e3, gflops: flopsOf(config) / ms / 1e6 };
}

/**
 * Begins a training run on one batch, with the parameters that all engines begin with.
 *
 * @param backend Where.
 * @param config The model and its batch.
 * @param options Whether the backward pass computes blocks again, and the precision of products.
 * @returns The run, before its first step.
 */
export function startTraining(
  backend: Backend,
  config: BenchConfig,
  options: Pick<TrainingSettings, "precision" | "recompute"> = {},
): TrainingRun {
  const { inputs, targets } = fixedBatch(config), { contextLength } = config.model;
  const batch: Batch = {
    inputs: Uint32Array.from(inputs),
    targets: Uint32Array.from(targets),
    batchSize: config.batchSize,
    contextLength,
  };
  const model = new Gpt(config.model), store = allocateParameters(backend, model);
  writeInitial(backend, store, config);
  return new TrainingRun(backend, model, { batchesPerEpoch: 1, at: () => batch }, {
    schedule: "constant",
    learningRate: 1e-3,
    minLearningRate: 1e-3,
    warmupSteps: 0,
    steps: 1_000_000,
    beta1: 0.9,
    beta2: 0.99,
    weightDecay: 0.1,
    clipNorm: 0,
    seed: 1,
    ...options,
  }, { store });
}

/** Writes the initial values of the peers, who keep parameters in the same order and the head turned. */
export function writeInitial(backend: Backend, { parameters }: ParameterStore, config: BenchConfig): void {
  for (const [index, { name, shape, data }] of initialParameters(config).entries()) {
    const [rows, columns] = shape;
    const values = name === "head"
      ? Float32Array.from(data, (_, at) => data[at % rows * columns + Math.floor(at / rows)])
      : data;
    backend.write(parameters[index], values);
  }
}

/**
 * Times the generation of a text as long as the context, always with the likeliest token.
 *
 * @param backend Where.
 * @param config The model.
 * @param rounds How many texts; one more is generated before them.
 * @returns The time of one text.
 */
export async function timeGeneration(
  backend: Backend,
  config: BenchConfig,
  rounds: number,
): Promise<Measurement> {
  const model = new Gpt(config.model), maxNewTokens = newTokens(config.model);
  writeInitial(backend, allocateParameters(backend, model), config);
  const options = { prompt: Uint32Array.from(PROMPT), maxNewTokens, temperature: 0, chunk: 64 };
  const times: number[] = [];
  let values: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now(), text: number[] = [];
    for await (const [tokens] of generate(backend, model, options)) text.push(...tokens);
    if (round > 0) times.push(performance.now() - start);
    values = text;
  }
  const ms = median(times);
  return { ms, values, tokensPerSecond: maxNewTokens / ms * 1e3 };
}
