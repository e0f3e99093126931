/**
 * Measures one part in a process of its own, which `bench/gpu.ts` can end, and prints a line of JSON for each figure.
 * `deno run -A bench/gpu/run_part.ts adapter|matmul|steps|generation EFFORT`, where EFFORT is JSON.
 *
 * @module
 */

import type { BenchConfig } from "../configs.ts";
import {
  chosenModels,
  type Effort,
  type Figure,
  measureAdapter,
  measureGeneration,
  measureMatmul,
  measureSteps,
} from "./parts.ts";
import { openTimed, type TimedBackend } from "./timestamps.ts";

const [part, settings] = Deno.args, effort: Effort = JSON.parse(settings);

/** Prints figures, on a backend of their own: what a pool holds for one model would count for the next one. */
async function print(measure: (timed: TimedBackend) => AsyncIterable<Figure>): Promise<void> {
  const timed = await openTimed(undefined, effort);
  if (!timed) throw new Error("there is no WebGPU adapter here; deno task doctor says more");
  try {
    for await (const figure of measure(timed)) console.log(JSON.stringify(figure));
  } finally {
    timed.backend.close();
  }
}

/** Measures every chosen model. Where the memory of the device does not hold its batch, with half of it, and so on. */
async function printModels(
  measure: (timed: TimedBackend, name: string, config: BenchConfig, effort: Effort) => AsyncIterable<Figure>,
): Promise<void> {
  const first = await openTimed(undefined, effort);
  const models = first ? chosenModels(first.backend, effort) : [];
  first?.backend.close();
  let failure: unknown;
  for (let [name, config] of models) {
    for (;;) {
      try {
        await print((timed) => measure(timed, name, config, effort));
        break;
      } catch (error) {
        const isTooLarge = /memory|lost/i.test(String(error)) && config.batchSize > 1;
        console.error(`${name}, ${config.batchSize} sequences: ${(error as Error).message}`);
        if (!isTooLarge) failure = error;
        if (!isTooLarge) break;
        config = { ...config, batchSize: config.batchSize >> 1 };
      }
    }
  }
  if (failure) throw failure;
}

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  adapter: () => print((timed) => measureAdapter(timed, effort)),
  matmul: () => print((timed) => measureMatmul(timed, effort)),
  steps: () => printModels(measureSteps),
  generation: () => printModels(measureGeneration),
};
try {
  await measurements[part]();
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
