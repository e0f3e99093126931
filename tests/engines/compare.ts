/**
 * `deno task test:engines`: the same training in every engine that is on this machine, and whether the bits are the same.
 *
 *     --quick        Deno with 1, 2 and 3 threads, and Node
 *     --steps N      updates of each small model: 200 unless given, 10 with --quick
 *     --only REGEXP  engines whose name fits this
 *     --arm64 PATH   Deno for 64-bit ARM, to be emulated; `engines.ts` has the sources of all programs
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type Answer, complaintAbout } from "./answer.ts";
import { allEngines, type Engine, findProgram, runModule } from "./engines.ts";

/** Milliseconds after which an engine counts as hanging. Emulation is for ten steps or so: 200 took longer than this. */
const PATIENCE = 1_800_000;

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    quick: { type: "boolean" },
    steps: { type: "string" },
    only: { type: "string", default: "" },
    arm64: { type: "string" },
  },
});
const steps = Number(flags.steps ?? (flags.quick ? 10 : 200)), only = new RegExp(flags.only);

/** Bundles the program, as a page would have it. */
async function bundle(folder: string): Promise<string> {
  const output = `${folder}/program.mjs`, entry = new URL("program.ts", import.meta.url).pathname;
  const args = ["bundle", "--quiet", "--no-lock", "--platform", "browser", "--output", output, entry];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`Cannot bundle the program: ${new TextDecoder().decode(stderr)}`);
  return output;
}

/** Runs an engine, if it is there, and says in a line how it went. */
async function tryEngine(
  engine: Engine,
  module: string,
  expected?: Answer,
): Promise<Answer | "missing" | "wrong"> {
  const { name, programs, source, page } = engine, threads = page?.isolated === false ? 1 : engine.threads;
  const print = (word: string, what: string) =>
    console.log(`${word.padEnd(8)} ${name}, ${threads} thread${threads === 1 ? "" : "s"}: ${what}`);
  const program = await findProgram(programs);
  if (program === undefined) {
    print("missing", source);
    return "missing";
  }
  try {
    const answer = JSON.parse(await runModule(program, engine, module, { steps, patience: PATIENCE }));
    const complaint = answer.error ?? complaintAbout(answer, expected ?? answer, threads);
    print(complaint ? "WRONG" : "same", complaint ?? `${answer.seconds.toFixed(1)} s`);
    return complaint ? "wrong" : answer;
  } catch (error) {
    print("FAILED", (error as Error).message);
    return "wrong";
  }
}

const folder = await Deno.makeTempDir({ prefix: "engines" });
try {
  const module = await bundle(folder), [first, ...others] = allEngines(flags.arm64);
  const expected = await tryEngine(first, module);
  if (typeof expected === "string") throw new Error("There is nothing to compare with");
  for (const [name, sum] of Object.entries(expected.sums)) console.log(`         ${name}: ${sum}`);
  const counts = { same: 1, missing: 0, wrong: 0 };
  for (const engine of others) {
    if (flags.quick && !engine.quick || !only.test(engine.name)) continue;
    const result = await tryEngine(engine, module, expected);
    counts[typeof result === "string" ? result : "same"]++;
  }
  console.log(
    `\n${steps} steps of each: ${counts.same} the same, ${counts.wrong} wrong or failed, ${counts.missing} missing`,
  );
  if (counts.wrong > 0) Deno.exitCode = 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}
