/**
 * What saving costs: trains a model of size T (see configs.ts) with small batches, saving every 10 steps and only at the
 * end, and prints the difference for each save. Another checkout, such as one of the commit before, is measured in turn
 * with this one: `deno task bench:saving ../before`.
 *
 * @module
 */

import { makeTales } from "../mod.ts";
import { CONFIGS, median } from "./configs.ts";

const STEPS = 200, INTERVAL = 10, ROUNDS = 5;
const { layers, heads, modelDim, feedForwardDim, contextLength } = CONFIGS.T.model;

/** Seconds of training, as the run itself counts them. */
async function secondsOf(checkout: string, saveInterval: number): Promise<number> {
  const cwd = await Deno.makeTempDir();
  await Deno.writeTextFile(`${cwd}/text.txt`, makeTales({ seed: 1, characters: 20_000 }).text);
  const sizes = { layers, heads, modelDim, feedForwardDim, contextLength, batchSize: 1, steps: STEPS };
  const quiet = { evaluationInterval: STEPS, sampleInterval: STEPS, saveInterval };
  const flags = Object.entries({ ...sizes, ...quiet }).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  const program = [
    "run",
    "-A",
    "-q",
    "--no-check",
    "--config",
    `${checkout}/deno.json`,
    `${checkout}/cli.ts`,
  ];
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...program,
        "train",
        "--data",
        "text.txt",
        "--device",
        "cpu",
        "--architecture",
        "gpt2",
        "--name",
        "saving",
        ...flags,
      ],
      cwd,
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const lines = (await Deno.readTextFile(`${cwd}/runs/saving/metrics.jsonl`)).trim().split("\n");
    return JSON.parse(lines.at(-2)!).seconds; // before the evaluation at the end
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

const checkouts = [new URL("..", import.meta.url).pathname.replace(/\/$/, ""), ...Deno.args];
const costs = new Map(checkouts.map((checkout) => [checkout, [] as number[]]));
for (let round = 0; round < ROUNDS; round++) {
  for (const checkout of checkouts) {
    const often = await secondsOf(checkout, INTERVAL), once = await secondsOf(checkout, STEPS);
    costs.get(checkout)!.push(1000 * (often - once) / (STEPS / INTERVAL - 1));
  }
}
for (const [checkout, values] of costs) {
  const all = values.toSorted((a, b) => a - b).map((value) => value.toFixed(1)).join(" ");
  console.log(`${checkout}: ${median(values).toFixed(1)} ms a save (${all})`);
}
