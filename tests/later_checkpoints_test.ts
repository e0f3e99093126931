import { assertEquals, assertRejects } from "@std/assert";
import { sealCard } from "../files/card.ts";
import { withSums } from "../checkpoints/sums.ts";
import { RunFolder } from "../commands/runs/run_folder.ts";
import type { Best } from "../commands/runs/run_state.ts";
import { inFolder } from "./_command.ts";

type Name = Parameters<RunFolder["save"]>[0];

/** The files of a checkpoint after a step. */
const filesAt = (step: number) => withSums({ "training_state.json": JSON.stringify({ step }) });

/** A run with these checkpoints by their steps. */
async function runWith(cwd: string, steps: Readonly<Record<string, number>>): Promise<RunFolder> {
  const run = await RunFolder.create(`${cwd}/mine`, "");
  for (const [name, step] of Object.entries(steps)) await run.save(name as Name, step, filesAt(step));
  return run;
}

async function stepsIn(path: string): Promise<Record<string, number>> {
  const steps: Record<string, number> = {};
  for (const { name, isDirectory } of (await Array.fromAsync(Deno.readDir(path)))) {
    if (!isDirectory) continue;
    steps[name] = JSON.parse(await Deno.readTextFile(`${path}/${name}/training_state.json`)).step;
  }
  return steps;
}

async function goBack(run: RunFolder, name: Name, step: number, best?: Best) {
  const files = { "training_state.json": await filesAt(step)["training_state.json"] };
  return await run.rewind({ path: `${run.path}/${name}`, step, files, state: { best } });
}

Deno.test("going back to an epoch renames what is later, says so, and leaves what is earlier", () =>
  inFolder(async (cwd) => {
    using run = await runWith(cwd, {
      last: 50,
      best: 20,
      "epoch-1": 10,
      "epoch-2": 20,
      "epoch-3": 30,
      "epoch-4": 40,
    });
    await Deno.mkdir(`${run.path}/epoch-4.earlier`);
    await Deno.writeTextFile(`${run.path}/epoch-4.earlier/training_state.json`, '{"step":7}');
    const best = { step: 20, validationLoss: 2 };
    const { notes, best: kept } = await goBack(run, "epoch-2", 20, best);
    assertEquals(kept, best);
    assertEquals(await stepsIn(run.path), {
      ...{ last: 20, best: 20, "epoch-1": 10, "epoch-2": 20, "epoch-3.earlier": 30 },
      ...{ "epoch-4.earlier": 7, "epoch-4.earlier-2": 40 },
    });
    assertEquals(notes, [
      "The run had done 50 steps: last/ is replaced, and records and samples after step 20 are dropped.",
      "Later checkpoints are renamed: epoch-3/ to epoch-3.earlier/, epoch-4/ to epoch-4.earlier-2/.",
    ]);
    assertEquals((await goBack(run, "epoch-2", 20, best)).notes, [], "nothing is later now");
  }));

Deno.test("best/ is what it was at that step: the epoch itself, an earlier one, or none", () =>
  inFolder(async (cwd) => {
    for (const [bestStep, expected] of [[20, 20], [10, 10], [15, undefined]] as const) {
      const best = { step: bestStep, validationLoss: 2 }, folder = `${cwd}/${bestStep}`;
      using run = await runWith(folder, { last: 40, best: 30, "epoch-1": 10, "epoch-2": 20, "epoch-3": 30 });
      const rewound = await goBack(run, "epoch-2", 20, best);
      assertEquals(rewound.best, expected && best);
      const steps = await stepsIn(run.path);
      assertEquals([steps.best, steps["best.earlier"], steps["epoch-1"]], [expected, 30, 10] as number[]);
    }
  }));

Deno.test("best/ that is restored has the card of its epoch", () =>
  inFolder(async (cwd) => {
    using run = await runWith(cwd, { last: 40, best: 30, "epoch-2": 20 });
    const card = await sealCard("# step 20\n");
    await run.save("epoch-2", 20, { ...filesAt(20), "README.md": card });
    await goBack(run, "epoch-2", 20, { step: 20, validationLoss: 2 });
    for (const name of ["last", "best"]) {
      assertEquals(await Deno.readTextFile(`${run.path}/${name}/README.md`), card);
    }
  }));

Deno.test("a damaged checkpoint does not become best/", () =>
  inFolder(async (cwd) => {
    using run = await runWith(cwd, { last: 40, best: 30, "epoch-1": 10, "epoch-2": 20 });
    const path = `${run.path}/epoch-1/training_state.json`;
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"step"', '"other":1,"step"'));
    await assertRejects(() => goBack(run, "epoch-2", 20, { step: 10, validationLoss: 2 }), Error, "epoch-1");
    assertEquals((await stepsIn(run.path)).last, 40, "the run is not resumed");
  }));

Deno.test("a run that goes on from last/ renames nothing", () =>
  inFolder(async (cwd) => {
    using run = await runWith(cwd, { last: 20, best: 30, "epoch-3": 30 });
    const best = { step: 10, validationLoss: 2 };
    assertEquals(await goBack(run, "last", 20, best), { best, notes: [] });
    assertEquals(await stepsIn(run.path), { last: 20, best: 30, "epoch-3": 30 });
  }));
