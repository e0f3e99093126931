/**
 * Our training steps beside those of other JavaScript engines: the same model, on the same machine, in one run, each in
 * a process of its own, in turn. `deno task bench:peers` prints milliseconds and ratios; it takes some minutes and
 * fetches the peers from npm.
 *
 * @module
 */

import { median } from "./configs.ts";

/** Runs a program and returns the milliseconds in its last line of JSON. */
async function measure(script: string, ...args: string[]): Promise<number> {
  const path = new URL(script, import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", path, ...args],
    stderr: "inherit",
  });
  const { stdout, success } = await command.output();
  if (!success) throw new Error(`${script} ${args.join(" ")} failed`);
  const line = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  return JSON.parse(line).ms;
}

/** Two programs in turn: ours, theirs, ours, theirs. */
async function compare(
  what: string,
  rounds: number,
  ours: string[],
  peer: string,
  theirs: string[],
): Promise<void> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    times[0].push(await measure(ours[0], ...ours.slice(1)));
    times[1].push(await measure(theirs[0], ...theirs.slice(1)));
  }
  const [mine, other] = times.map(median);
  console.log(
    `${what}: Miniformer ${mine.toFixed(0)} ms, ${peer} ${other.toFixed(0)} ms, ${
      (other / mine).toFixed(1)
    } times faster`,
  );
}

const bench = (device: string, name: string) => ["./bench.ts", "--json", "--device", device, "--only", name];
await compare("train T, one CPU thread", 2, bench("cpu", "train T"), "TensorFlow.js cpu", [
  "./peers/tensorflow_js.ts",
  "T",
  "5",
  "cpu",
]);
await compare("train T, WebGPU", 2, bench("webgpu", "train T"), "jax-js webgpu", [
  "./peers/jax_js.ts",
  "T",
  "12",
  "webgpu",
]);
await compare("train S, WebGPU", 2, bench("webgpu", "train S"), "jax-js webgpu", [
  "./peers/jax_js.ts",
  "S",
  "5",
  "webgpu",
]);
