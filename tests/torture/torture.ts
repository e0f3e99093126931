/**
 * `deno task test:torture`: everything that can happen to a run from outside, and whether something was lost.
 *
 *     --minutes N    a random share that takes about so long; without it everything is tried
 *     --seed N       decides which share, and the random moments
 *     --only REGEXP  trials whose name fits this, such as "^train mlm, (kill|torn)"
 *     --device NAME  cpu, wasm, webgpu or all
 *     --workers N    trials side by side
 *     --list         says what there is to try, and tries nothing
 */

import { parseArgs } from "node:util";
import { planTrials } from "./plan.ts";
import { type Tally, tryAll } from "./trials.ts";

const start = Date.now();
const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    minutes: { type: "string" },
    seed: { type: "string", default: String(start % 100_000) },
    only: { type: "string", default: "" },
    device: { type: "string", default: "cpu" },
    workers: { type: "string", default: "2" },
    list: { type: "boolean" },
  },
});

/** Tries everything, or a share of it; gives how many trials failed. */
async function torture(temporary: string): Promise<number> {
  const seed = Number(flags.seed), workers = Number(flags.workers);
  const devices = (["cpu", "wasm", "webgpu"] as const).filter((name) => [name, "all"].includes(flags.device));
  const { trials, readings } = await planTrials({ temporary, seed, devices, report: console.log });
  const only = new RegExp(flags.only);
  const wanted = trials.filter(({ group, name }) => only.test(`${group}, ${name}`));
  const until = flags.minutes === undefined ? undefined : start + Number(flags.minutes) * 60_000;
  console.log(`${wanted.length} trials, seed ${seed}${until ? `, until ${flags.minutes} min are over` : ""}`);
  if (flags.list) return 0;
  const tallies = await tryAll(wanted, { seed, until, workers, report: console.log });
  for (const [group, tallyOf] of readings) {
    const tally = tallyOf();
    if (tally.tried > 1) tallies.set(group, tally); // once was before the first cut
  }
  return summarize(tallies);
}

function summarize(tallies: ReadonlyMap<string, Tally>): number {
  let allTried = 0, failed = 0;
  console.log("\n   tried      of  failed");
  for (const [group, { tried, planned, failures }] of tallies) {
    if (tried === 0) continue;
    allTried += tried;
    failed += failures.length;
    const numbers = [tried, planned, failures.length].map((number) => String(number).padStart(8)).join("");
    console.log(`${numbers}  ${group}${failures.length > 0 ? `, such as ${failures[0]}` : ""}`);
  }
  const minutes = ((Date.now() - start) / 60_000).toFixed(1);
  console.log(`\n${allTried} tried, ${failed} failed, in ${minutes} min with --seed ${flags.seed}`);
  return failed;
}

if (Deno.build.os === "windows") {
  console.log("skipped: Windows has no signals to send and no named pipes among its files");
} else {
  const temporary = await Deno.makeTempDir({ prefix: "torture" });
  try {
    if (await torture(temporary) > 0) Deno.exitCode = 1;
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}
