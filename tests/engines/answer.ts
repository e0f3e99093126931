/**
 * What is compared between engines: checksums of small trained models.
 *
 * @module
 */

import { WasmBackend } from "../../core/wasm/wasm_backend.ts";
import { smallRuns, startSmallRun, type TrainedValues } from "../../training/verification/small_runs.ts";
import { parameterValues, sha256Of } from "../../training/verification/tensor_sums.ts";

/** What an engine computed. */
export interface Answer {
  /** The device of its backend, which names the number of threads. */
  readonly device: string;
  /** How long it took. */
  readonly seconds: number;
  /** SHA-256 of all parameters and of the optimizer's state, for each small run. */
  readonly sums: Readonly<Record<string, string>>;
}

/** Trains a small model of every family, with dropout and accumulation, for so many steps each. */
export async function trainAll(threads: number, steps: number): Promise<Answer> {
  const start = performance.now(), backend = await WasmBackend.open({ threads });
  const trained = new Map<string, TrainedValues>(), sums: Record<string, string> = {};
  for (const small of smallRuns()) {
    const from = small.from === undefined ? undefined : trained.get(small.from);
    const run = startSmallRun(backend, { ...small, settings: { ...small.settings, steps } }, from);
    while (run.step < steps) run.advance();
    const values = await parameterValues(backend, run.store), state: Float32Array[] = [];
    for (const tensor of Object.values(run.optimizer.state)) {
      state.push(Float32Array.from(await backend.read(tensor)));
    }
    trained.set(small.name, new Map(values.map(({ name, data }) => [name, data])));
    sums[small.name] = await sha256Of([...values.map(({ data }) => data), ...state]);
  }
  const { device } = backend;
  backend.close();
  return { device, seconds: (performance.now() - start) / 1000, sums };
}

/** What is wrong with an answer, in words, if anything is. */
export function complaintAbout(answer: Answer, expected: Answer, threads: number): string | undefined {
  const found = Number(answer.device.match(/^WebAssembly, (\d+) thread/)?.[1]);
  if (found !== threads) return `expected ${threads} threads, got ${JSON.stringify(answer.device)}`;
  const names = [...new Set([...Object.keys(expected.sums), ...Object.keys(answer.sums)])];
  const name = names.find((name) => answer.sums[name] !== expected.sums[name]);
  return name && `${name} is ${answer.sums[name]}, expected ${expected.sums[name]}`;
}
