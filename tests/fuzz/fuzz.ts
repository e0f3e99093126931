/**
 * `deno task test:fuzz`: changes every file that is read, and every command line, and looks at the answers. Whatever a file
 * holds, the answer is a result or one line of ours that names the file, within 5 seconds and 1 GB.
 *
 *     --cases N      mutations in process; 100,000 unless given
 *     --commands N   mutations through commands; a hundredth of that unless given
 *     --seconds N    stop after so many seconds, commands included
 *     --seed S       repeats a run; drawn from the clock unless given
 *
 * A failure is printed with its file, made as small as it goes: put it into kept.ts, where the tests read it every time.
 */

import { parseArgs } from "node:util";
import type { Failure } from "./cases.ts";
import { fuzzCommands } from "./commands.ts";
import { fuzzInProcess } from "./in_process.ts";

const type = "string";
const { values: flags } = parseArgs({
  args: Deno.args,
  options: { cases: { type }, commands: { type }, seconds: { type }, seed: { type } },
});
const seed = Number(flags.seed ?? Date.now() % 1e6), seconds = Number(flags.seconds ?? Infinity);
const cases = Number(flags.cases ?? (flags.seconds ? Infinity : 100_000));
const commands = Number(flags.commands ?? (cases === Infinity ? Infinity : Math.ceil(cases / 100)));
if ([seed, seconds, cases, commands].some(Number.isNaN)) {
  console.error("error: expected numbers after --cases, --commands, --seconds and --seed");
  Deno.exit(2);
}
console.log(`seed ${seed}`);

const failures: Failure[] = [];
const report = (failure: Failure): void => {
  failures.push(failure);
  if (failures.length <= 50) console.log(JSON.stringify(failure));
};
const begin = performance.now(), half = begin + 700 * seconds, end = begin + 1000 * seconds;
const took = () => `${Math.round((performance.now() - begin) / 1000)} s`;

const inProcess = await fuzzInProcess(seed, { cases, deadline: half }, report);
console.log(`in process: ${inProcess} tried, ${failures.length} failed, ${took()}`);
const before = failures.length;
const throughCommands = await fuzzCommands(seed, { cases: commands, deadline: end }, report);
console.log(`through commands: ${throughCommands} tried, ${failures.length - before} failed, ${took()}`);
if (failures.length > 0) Deno.exit(1);
