/** Mutations in a child process that reads files without commands: thousands in a few seconds. */

import { type Failure, SLOWEST } from "./cases.ts";
import { linesOf, watch } from "./watch.ts";

/** Cases that one child tries before a fresh one takes over. */
const BATCH = 2500;

/** When a run of cases ends. */
export interface Budget {
  /** How many cases to try. */
  readonly cases: number;
  /** When to stop at the latest, in milliseconds of `performance.now()`. */
  readonly deadline: number;
}

/** Tries cases in two children at a time. */
export async function fuzzInProcess(
  seed: number,
  budget: Budget,
  report: (failure: Failure) => void,
): Promise<number> {
  let next = 0, tried = 0;
  const work = async (worker: number): Promise<void> => {
    const folder = await Deno.makeTempDir();
    try {
      while (next < budget.cases && performance.now() < budget.deadline) {
        const end = Math.min(next + BATCH, budget.cases);
        let first = next;
        next = end;
        while (first < end && performance.now() < budget.deadline) {
          const stopped = await runChild({ seed, first, end, folder: `${folder}/${worker}` }, budget, report);
          tried += stopped - first;
          first = stopped;
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
  await Promise.all([work(0), work(1)]);
  return tried;
}

/** Lets a child try cases, and gives the number of the first one it has not tried. */
async function runChild(
  { seed, first, end, folder }: { seed: number; first: number; end: number; folder: string },
  { deadline }: Budget,
  report: (failure: Failure) => void,
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "--no-lock", "--allow-all", "--v8-flags=--max-old-space-size=900"],
      ...["--config", new URL("../../deno.json", import.meta.url).pathname],
      ...[new URL("child.ts", import.meta.url).pathname, String(seed), String(first), String(end), folder],
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let current = first - 1, since = performance.now() + 20_000, done = false; // it takes a while to start
  const said = linesOf(child.stderr), stderr = Array.fromAsync(said);
  const reading = (async () => {
    for await (const line of linesOf(child.stdout)) {
      if (line === "done") done = true;
      else if (line.startsWith("{")) report(JSON.parse(line));
      else current = Number(line);
      since = performance.now();
    }
  })();
  const isLate = () => performance.now() - since > 3 * SLOWEST || performance.now() > deadline;
  const { stop } = await watch(child, { isLate, interval: 200 });
  await reading;
  const last = (await stderr).join(" ").slice(-300);
  if (done || performance.now() > deadline) return done ? end : Math.max(first, current);
  const complaint = stop === "memory"
    ? "more than 1 GB"
    : stop === "time"
    ? "does not end"
    : `the process died: ${last}`;
  report({ number: current, target: "in process", file: "", complaint, content: "" });
  return Math.max(current, first) + 1;
}
