/**
 * Miniformer beside other engines: the same work from the same numbers, on the same machine, in one run, each in a process
 * of its own, in turn. `deno task bench:peers` prints a table in Markdown; it takes some minutes and fetches packages from
 * npm. PyTorch and transformers are measured where Python has them. Best on a machine that does nothing else.
 *
 * @module
 */

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { CONFIGS, median } from "./configs.ts";
import { deviceNamed } from "./devices.ts";
import { type Answer, compare, describe, figure, HEADINGS, summarize } from "./peers/comparison.ts";
import { type Effort, ENGINES, measure, ourCommand, type Task } from "./peers/engines.ts";
import { writeStart } from "./peers/start.ts";
import { alignTable } from "./table.ts";

const HELP = `Usage: deno task bench:peers [--device cpu|wasm|webgpu] [--threads N] [--rounds N] [--quick]
                             [--best] [--wait SECONDS] [--only NAME] [--webgpu] [--python PATH]

  --device   ours: wasm unless given
  --threads  the most threads that are used, 2 unless given; everything is also measured with one
  --rounds   how often each is measured, in turn with the others; 3 unless given
  --quick    one round with few steps, to see that everything runs
  --best     the fastest of all rounds instead of the middle one: for a busy machine
  --wait     how long to wait for a moment without other work before each measurement; 0 unless given
  --only     only tasks whose name contains NAME: "step of S", "generation", "1 thread" …
  --webgpu   also training steps on WebGPU beside jax-js, which take minutes on software Vulkan
  --python   the Python that has torch and transformers; python3 unless given`;

const { values: flags } = parseArgs({
  options: {
    device: { type: "string", default: "wasm" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    quick: { type: "boolean", default: false },
    best: { type: "boolean", default: false },
    wait: { type: "string", default: "0" },
    only: { type: "string", default: "" },
    webgpu: { type: "boolean", default: false },
    python: { type: "string", default: "python3" },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  console.log(HELP);
  Deno.exit(0);
}
const device = deviceNamed(flags.device);
const most = Number(flags.threads), rounds = flags.quick ? 1 : Number(flags.rounds);

/** Everything that is measured, in the order of the table. */
const tasks: Task[] = [];
for (const work of ["train", "generate", "matmul"] as const) {
  for (const size of work === "matmul" ? [1024] as const : ["S", "T"] as const) {
    for (const threads of new Set([most, 1])) tasks.push({ work, size, threads });
  }
}
if (flags.webgpu) {
  for (const size of ["S", "T"] as const) tasks.push({ work: "train", size, threads: 1, device: "webgpu" });
}

/** The share of processor time that others took just before each measurement. */
const taken: number[] = [];

/** Looks how busy the machine is, again and again while it is and patience lasts. */
async function waitForQuiet(seconds: number): Promise<void> {
  const read = () =>
    cpus().map(({ times: { idle, user, nice, sys, irq } }) => [idle, user + nice + sys + irq]);
  for (const end = performance.now() + 1000 * seconds;;) {
    const before = read();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const [idle, busy] = [0, 1].map((kind) =>
      read().reduce((sum, times, at) => sum + times[kind] - before[at][kind], 0)
    );
    const share = busy / Math.max(1, idle + busy);
    if (share < 0.1 || performance.now() > end) return void taken.push(share);
  }
}

/** The figure of each engine on a task; engines that fail are left out from then on. */
async function measureTask(task: Task, effort: Effort, missing: Set<string>): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer[]>();
  const all = [{ name: "Miniformer", source: "", command: ourCommand }, ...ENGINES];
  for (let round = 0; round < rounds; round++) {
    for (const { name, source, command } of all) {
      const program = missing.has(name) ? undefined : command(task, effort);
      if (!program) continue;
      await waitForQuiet(Number(flags.wait));
      try {
        const answer = await measure(program);
        answers.set(name, [...answers.get(name) ?? [], answer]);
        console.error(`${describe(task)}: ${answer.engine ?? name} ${figure(task, answer)}`);
      } catch (error) {
        missing.add(name);
        console.error(`${name} is left out: ${(error as Error).message}${source && `; ${source}`}`);
      }
    }
  }
  return new Map([...answers].map(([name, answers]) => [name, summarize(answers, flags.best)]));
}

const started = performance.now(), load = loadavg()[0];
const folder = await Deno.makeTempDir(), missing = new Set<string>();
const rows = [[...HEADINGS]], notes = new Set<string>(), steps = new Map<string, Answer>();
try {
  for (const name of ["S", "T"] as const) await writeStart(`${folder}/${name}`, CONFIGS[name]);
  const effort: Effort = { device, python: flags.python, folder, quick: flags.quick };
  for (const task of tasks) {
    if (!describe(task).includes(flags.only)) continue;
    const answers = await measureTask(task, effort, missing), ours = answers.get("Miniformer");
    for (const [name, answer] of answers) {
      if (name !== "Miniformer") rows.push(compare(task, ours, answer));
      if (answer.note) notes.add(answer.note);
    }
    // with one thread beside ours with all of them
    const key = `${task.work} ${task.size}`, before = steps.get(key);
    if (device !== "wasm" || task.device || !ours) continue;
    if (before) rows.push(compare(task, ours, { ...before, engine: `Miniformer, ${most} threads` }));
    steps.set(key, ours);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
const busy = (share: number): string => `${(100 * share).toFixed(0)} %`;
const processors = cpus(), minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(alignTable(rows, 3));
console.log([
  "",
  `Miniformer on ${device}, Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${Deno.build.os} ${Deno.build.arch}.`,
  ...notes,
  `${processors.length} × ${processors[0].model.trim()}; load average ${
    load.toFixed(2)
  } at the start; others took ` +
  `${busy(median(taken))} of the processors just before a measurement, at most ${busy(Math.max(...taken))}.`,
  `${flags.best ? "The best" : "Medians"} of ${
    rounds === 1 ? "one round" : `${rounds} rounds`
  }, ${minutes} minutes.`,
].join("\n"));
if (missing.has("Miniformer")) Deno.exit(1);
