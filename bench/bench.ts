/**
 * How fast this machine runs Miniformer: matrix products, training steps and generation, on each device; or, with
 * `--profile`, where the time of a training step goes. `deno task bench --help` says how to choose.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Backend } from "../mod.ts";
import { type BenchConfig, CONFIGS } from "./configs.ts";
import { deviceNamed, DEVICES, openDevice } from "./devices.ts";
import { type Measurement, timeGeneration, timeMatmul, timeTraining } from "./measurements.ts";
import { formatProfile, profileTraining } from "./profile.ts";

const HELP =
  `Usage: deno task bench [--device cpu|wasm|webgpu] [--threads N] [--without-subgroups] [--only NAME] [--json]
       deno task bench --profile [--device cpu|wasm] [--threads N] [--dropout RATE] [--steps N]

  --device   only this one; all unless given
  --threads  of wasm; as many as there are processors unless given
  --without-subgroups  on webgpu reductions go through workgroup memory alone, to see what subgroups gain
  --only     only measurements whose name contains NAME: "matmul", "train S", "generate T" …
  --steps    steps to train or profile, texts to generate; chosen by the device unless given
  --dropout  rate of dropout in training; 0 unless given
  --profile  time by kernel of a training step of T and of S
  --json     one object a line: name, device, adapter, threads, ms, values, tokensPerSecond, gflops`;

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    device: { type: "string" },
    threads: { type: "string" },
    "without-subgroups": { type: "boolean", default: false },
    only: { type: "string" },
    steps: { type: "string" },
    dropout: { type: "string" },
    profile: { type: "boolean" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (flags.help) {
  console.log(HELP);
  Deno.exit(0);
}
const threads = flags.threads === undefined ? undefined : Number(flags.threads);
const steps = flags.steps === undefined ? undefined : Number(flags.steps);
const isChosen = (name: string): boolean => name.includes(flags.only ?? "");

/** The model, with the rate of dropout that is asked for. */
function configOf(name: "S" | "T"): BenchConfig {
  const { model, batchSize } = CONFIGS[name];
  return { model: { ...model, dropoutRate: Number(flags.dropout ?? 0) }, batchSize };
}

async function profile(backend: Backend): Promise<void> {
  for (const name of ["T", "S"] as const) {
    if (!isChosen(`train ${name}`)) continue;
    const profiled = await profileTraining(
      backend,
      configOf(name),
      steps ?? (backend.name === "cpu" ? 3 : 10),
    );
    console.log(
      `\na training step of ${name}, ${backend.name}: ${backend.device}\n${formatProfile(profiled)}`,
    );
  }
}

async function measure(backend: Backend): Promise<void> {
  const slow = backend.name === "cpu";
  const measurements: Record<string, () => Promise<Measurement>> = {
    "matmul 256": () => timeMatmul(backend, 256),
    "matmul 512": () => timeMatmul(backend, 512),
    "matmul 1024": () => timeMatmul(backend, 1024),
    "train T": () => timeTraining(backend, configOf("T"), steps ?? (slow ? 7 : 22)),
    "train S": () => timeTraining(backend, configOf("S"), steps ?? (slow ? 3 : 12)),
    "generate T": () => timeGeneration(backend, configOf("T"), steps ?? 3),
    "generate S": () => timeGeneration(backend, configOf("S"), steps ?? 3),
  };
  if (!flags.json) console.log(`\n${backend.name}: ${backend.device}`);
  for (const [name, measure] of Object.entries(measurements)) {
    if (!isChosen(name)) continue;
    const measured = await measure();
    if (flags.json) {
      const line = { name, device: backend.name, adapter: backend.device, threads, ...measured };
      console.log(
        JSON.stringify(line, (_, value) => typeof value === "number" ? Number(value.toPrecision(7)) : value),
      );
      continue;
    }
    const { ms, gflops, tokensPerSecond } = measured;
    const unit = (value: number | undefined, unit: string, digits: number) =>
      value === undefined ? "" : `${value.toFixed(digits).padStart(10)} ${unit}`;
    console.log(
      `  ${name.padEnd(12)}${unit(ms, "ms", 2)}${unit(gflops, "GFLOP/s", 1)}` +
        unit(tokensPerSecond, "tokens/s", 0),
    );
  }
}

for (const device of flags.device === undefined ? DEVICES : [deviceNamed(flags.device)]) {
  const backend = await openDevice(device, { threads, subgroups: !flags["without-subgroups"] });
  if (!backend) {
    console.error(`There is no device ${device} here: it is left out.`);
    continue;
  }
  await (flags.profile ? profile(backend) : measure(backend));
  backend.close();
}
