/**
 * Writes what a peer in another language needs to train and use the models of `configs.ts`: a line of JSON with the sizes
 * and the names of the parameters, then their values as 32-bit floats, then the ids of the inputs and those of the targets
 * as 32-bit integers, all little-endian. `start.py` reads it.
 *
 * @module
 */

import type { BenchConfig } from "../configs.ts";
import { fixedBatch, initialParameters } from "./model.ts";

/**
 * Writes the file.
 *
 * @param path Where to.
 * @param config A model and its batch.
 */
export async function writeStart(path: string, config: BenchConfig): Promise<void> {
  const parameters = initialParameters(config),
    { inputs, targets } = fixedBatch(config);
  const header = { ...config, parameters: parameters.map(({ name, shape }) => ({ name, shape })) };
  const parts = [new TextEncoder().encode(`${JSON.stringify(header)}\n`)];
  for (const { buffer } of [...parameters.map(({ data }) => data), inputs, targets]) {
    parts.push(new Uint8Array(buffer));
  }
  await Deno.writeFile(path, new Blob(parts).stream());
}
