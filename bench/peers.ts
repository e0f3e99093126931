/**
 * Miniformer beside other engines: the same work from the same numbers, on the same machine, in one run, each in a process
 * of its own, in turn. `deno task bench:peers` prints a table in Markdown; it takes some minutes and fetches packages from
 * npm. PyTorch and transformers are measured where Python has them. Best on a machine that does nothing else.
 *
 * @module
 */

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { DEVICES } from "./devices.ts";
import { type Answer, compare, describe, figure, HEADINGS, middle } from "./peers/comparison.ts";
import { type Effort, ENGINES, measure, ourCommand, type Task } from "./peers/engines.ts";
import { writeStart } from "./peers/start.ts";
import { alignTable } from "./table.ts";

const HELP = `Usage: deno task bench:peers [--device cpu|wasm|webgpu] [--threads N] [--rounds N] [--quick]
                             [--only NAME] [--webgpu] [--python PATH]

  --device   ours: wasm unless given
  --threads  the most threads that are used, 2 unless given; everything is also measured with one
  --rounds   how often each is measured, in turn with the others; 3 unless given
  --quick    one round with few steps, to see that everything runs
  --only     only tasks whose name contains NAME: "step of S", "generation", "1 thread" …
  --webgpu   also training steps on WebGPU beside jax-js, which take minutes on software Vulkan
  --python   the Python that has torch and transformers; python3 unless given`;

const { values: flags } = parseArgs({
  options: {
    device: { type: "string", default: "wasm" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    quick: { type: "boolean", default: false },
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
const device = DEVICES.find((device) => device === flags.device);
if (!device) throw new TypeError(`Cannot measure --device ${flags.device}: expected ${DEVICES.join(", ")}`);
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

/** The median of each engine on a task; engines that fail are left out from then on. */
async function measureTask(task: Task, effort: Effort, missing: Set<string>): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer[]>();
  const all = [{ name: "Miniformer", source: "", command: ourCommand }, ...ENGINES];
  for (let round = 0; round < rounds; round++) {
    for (const { name, source, command } of all) {
      const program = missing.has(name) ? undefined : command(task, effort);
      if (!program) continue;
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
  return new Map([...answers].map(([name, answers]) => [name, middle(answers)]));
}

const started = performance.now(), load = loadavg()[0];
const folder = await Deno.makeTempDir(), missing = new Set<string>();
const rows = [[...HEADINGS]], notes = new Set<string>(), steps = new Map<string, Answer>();
try {
  for (const name of ["S", "T"] as const) await writeStart(`${folder}/${name}`, name);
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
    if (task.device || !ours) continue;
    if (before) rows.push(compare(task, ours, { ...before, engine: `Miniformer, ${most} threads` }));
    steps.set(key, ours);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
const processors = cpus(), versions = `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`;
console.log(alignTable(rows, 3));
console.log(
  `\nMiniformer on ${device}; ${versions}; ${processors.length} × ${processors[0].model.trim()}, ` +
    `load average ${load.toFixed(2)} at the start; ${
      rounds === 1 ? "one round" : `medians of ${rounds} rounds`
    } in ` +
    `${((performance.now() - started) / 60_000).toFixed(1)} minutes.\n${[...notes].join("\n")}`,
);
if (missing.has("Miniformer")) Deno.exit(1);
