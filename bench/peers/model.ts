/**
 * What the peers need to train the models of `configs.ts`: named initial parameters and a batch. Plain arrays, so that
 * every engine begins with the same numbers.
 *
 * @module
 */

import { Random } from "../../core/random.ts";
import { type BenchConfig, CONFIGS, median, tokensOf } from "../configs.ts";

/** An initial parameter. */
export interface Initial {
  readonly name: string;
  readonly shape: number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** From this number of elements on, a parameter repeats its first normal numbers, which take some time to draw. */
const REPEATED = 2 ** 20 + 7;

/** The parameters of a model, in the order of its layers; weights are (in, out). */
export function initialParameters({ model }: BenchConfig): Initial[] {
  const { vocabSize: V, contextLength: T, modelDim: C, feedForwardDim: F, layers } = model;
  const random = new Random(1, "peers"), parameters: Initial[] = [];
  const add = (name: string, shape: number[], value?: number) => {
    const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
    const drawn = Math.min(data.length, REPEATED);
    for (let index = 0; index < drawn; index++) data[index] = value ?? 0.02 * random.normal();
    for (let start = drawn; start < data.length; start += drawn) {
      data.set(data.subarray(0, Math.min(drawn, data.length - start)), start);
    }
    parameters.push({ name, shape, data });
  };
  add("tokens", [V, C]);
  add("positions", [T, C]);
  const norm = (name: string) => (add(`${name}.weight`, [C], 1), add(`${name}.bias`, [C], 0));
  const linear = (
    name: string,
    from: number,
    to: number,
  ) => (add(`${name}.weight`, [from, to]), add(`${name}.bias`, [to], 0));
  for (let layer = 0; layer < layers; layer++) {
    norm(`${layer}.norm1`);
    linear(`${layer}.queryKeyValue`, C, 3 * C);
    linear(`${layer}.projection`, C, C);
    norm(`${layer}.norm2`);
    linear(`${layer}.expand`, C, F);
    linear(`${layer}.contract`, F, C);
  }
  norm("finalNorm");
  if (!model.tied) add("head", [C, V]);
  return parameters;
}

/** One batch of ids and the ids that follow them. */
export function fixedBatch(
  config: BenchConfig,
): { inputs: Int32Array<ArrayBuffer>; targets: Int32Array<ArrayBuffer> } {
  const length = tokensOf(config),
    token = (index: number) => (index * 7 + (index >> 4) * 3) % config.model.vocabSize;
  return {
    inputs: Int32Array.from({ length }, (_, index) => token(index)),
    targets: Int32Array.from({ length }, (_, index) => token(index + 1)),
  };
}

/** Each id as a row of zeros with a single one. */
export function oneHot(ids: Int32Array, columns: number): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(ids.length * columns);
  for (const [row, id] of ids.entries()) rows[row * columns + id] = 1;
  return rows;
}

/** The factor that AdamW's decay multiplies a parameter by in one step: matrices decay, biases and norms do not. */
export const decayOf = (shape: readonly number[]): number => shape.length > 1 ? 1 - 1e-4 : 1;

/**
 * Times training steps and prints one line of JSON. The arguments of the program are the name of a model and a number of
 * steps, of which the first two are not counted.
 *
 * @param engine What ran them.
 * @param prepare Builds the model; returns a function that does one step and waits for it, and returns the loss.
 */
export async function timePeer(
  engine: string,
  prepare: (config: BenchConfig) => () => Promise<number>,
): Promise<void> {
  const name = Deno.args[0] as "S" | "T", steps = Number(Deno.args[1]);
  const measured = await timeSteps(prepare(CONFIGS[name]), steps);
  console.log(JSON.stringify({ name: `train ${name}`, engine, ...measured }));
}

/**
 * Times a number of steps.
 *
 * @param step Does one step, waits for it, and returns the loss.
 * @param steps How many; the first two are not counted.
 * @returns The median in milliseconds, and as `values` the first three losses, which tell whether two engines did the same.
 */
export async function timeSteps(
  step: () => Promise<number>,
  steps: number,
): Promise<{ ms: number; values: number[] }> {
  const times: number[] = [], losses: number[] = [];
  for (let count = 0; count < steps; count++) {
    const start = performance.now();
    losses.push(await step());
    times.push(performance.now() - start);
  }
  return { ms: median(times.slice(Math.min(2, steps - 1))), values: losses.slice(0, 3) };
}
