/**
 * `deno task test:torture`: everything that can happen to a run from outside, and whether something was lost.
 *
 *     --minutes N    a random share that takes about so long; without it everything is tried
 *     --seed N       decides which share, and the random moments
 *     --only TEXT    groups whose name contains this
 *     --device NAME  cpu, webgpu or both
 *     --workers N    processes side by side
 *     --list         says what there is to try, and tries nothing
 */

import { parseArgs } from "@std/cli/parse-args";
import { cutPointsOf } from "./cut_points.ts";
import { scenarios, Stage, webGpuScenarios } from "./scenarios.ts";
import { type Trial, tryAll } from "./trials.ts";

if (Deno.build.os === "windows") {
  console.log("skipped: Windows has neither signals nor named pipes in its folders");
  Deno.exit(0);
}

const flags = parseArgs(Deno.args, {
  string: ["minutes", "seed", "only", "device", "workers"],
  boolean: ["list"],
  default: { seed: String(Date.now() % 100_000), only: "", device: "cpu", workers: "2" },
});
const start = Date.now(),
  seed = Number(flags.seed),
  devices = flags.device === "both" ? "cpu webgpu" : flags.device;
const until = flags.minutes === undefined ? undefined : start + Number(flags.minutes) * 60_000;
const temporary = await Deno.makeTempDir({ prefix: "torture" });
const sinceStart = () => `${((Date.now() - start) / 60_000).toFixed(1)} min`;

try {
  const trials: Trial[] = [], later: { group: string; check: () => string[] }[] = [];
  const chosen = [
    ...devices.includes("cpu") ? scenarios : [],
    ...devices.includes("webgpu") ? webGpuScenarios : [],
  ];
  for (const scenario of chosen) {
    const { trials: cuts, backwards, reference } = await cutPointsOf(new Stage(scenario, temporary));
    console.log(
      `${scenario.name}: ${reference.operations.length} operations, ${cuts.length} cut points, ` +
        `${reference.seconds.toFixed(2)} s a run`,
    );
    trials.push(...cuts);
    later.push({ group: `${scenario.name}, readers`, check: backwards });
  }
  const wanted = trials.filter(({ group, name }) => `${group}, ${name}`.includes(flags.only));
  console.log(`${wanted.length} trials, seed ${seed}${flags.minutes ? `, ${flags.minutes} min` : ""}`);
  if (flags.list) Deno.exit(0);
  const tallies = await tryAll(wanted, { seed, until, workers: Number(flags.workers), report: console.log });
  let tried = 0, failed = 0;
  for (const { group, check } of later) {
    const failures = check();
    for (const failure of failures) console.log(`failed  ${group}: ${failure}`);
    failed += failures.length;
  }
  console.log("\n   tried      of  failed");
  for (const [group, tally] of tallies) {
    tried += tally.tried;
    failed += tally.failures.length;
    const numbers = [tally.tried, tally.planned, tally.failures.length].map((n) => String(n).padStart(8));
    console.log(`${numbers.join("")}  ${group}`);
  }
  console.log(`\n${tried} tried, ${failed} failed, ${sinceStart()}, seed ${seed}`);
  if (failed > 0) Deno.exitCode = 1;
} finally {
  await Deno.remove(temporary, { recursive: true });
}
