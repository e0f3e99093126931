import { assertEquals } from "@std/assert";
import { readRates, withRates } from "../commands/verify/recorded_rates.ts";
import type { TrainedCheckpoint } from "../commands/runs/run_state.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { constant, initialize, Parameter } from "../core/module.ts";
import { learningRateAt, type Schedule } from "../training/schedule.ts";
import { inFolder } from "./_command.ts";

const schedule: Schedule = {
  schedule: "linear",
  learningRate: 0.5,
  minLearningRate: 0,
  warmupSteps: 2,
  steps: 10,
};

/** The checkpoint of a run in a folder. */
const checkpointIn = (cwd: string, step: number) =>
  ({ path: `${cwd}/run/last`, step, state: { settings: schedule } }) as unknown as TrainedCheckpoint;

/** Reads the rates of a run whose metrics.jsonl holds these, of steps from 1 on. */
async function readFrom(cwd: string, step: number, rates: readonly (number | undefined)[]) {
  const rest = { epoch: 1, loss: 1, gradientNorm: 1, seconds: 1 };
  const lines = rates.flatMap((learningRate, index) =>
    learningRate === undefined ? [] : [JSON.stringify({ step: index + 1, learningRate, ...rest })]
  );
  await Deno.mkdir(`${cwd}/run/last`, { recursive: true });
  await Deno.writeTextFile(`${cwd}/run/last/config.json`, "{}");
  await Deno.writeTextFile(`${cwd}/run/metrics.jsonl`, lines.join("\n") + '\n{"step":');
  return await readRates(checkpointIn(cwd, step));
}

Deno.test("recorded rates: those up to the checkpoint, how many are missing, and the last that is not of the schedule", () =>
  inFolder(async (cwd) => {
    const scheduled = [0, 1, 2, 3, 4, 5].map((step) => learningRateAt(schedule, step));
    const same = await readFrom(cwd, 4, scheduled);
    assertEquals([[...same.rates], same.missing, same.changedAfter], [
      scheduled.slice(0, 4).map((rate, index) => [index + 1, rate]),
      0,
      undefined,
    ]);
    const changed = await readFrom(cwd, 6, [0.1, undefined, 0.2, ...scheduled.slice(3)]);
    assertEquals([changed.missing, changed.changedAfter], [1, 3]);
    // edited: a step that is none, and lines in another order
    const lines = (await Deno.readTextFile(`${cwd}/run/metrics.jsonl`)).trimEnd().split("\n");
    const edited = [lines[0].replace('"step":1', '"step":0'), ...lines.toReversed()].join("\n") + "\n";
    await Deno.writeTextFile(`${cwd}/run/metrics.jsonl`, edited);
    const again = await readRates(checkpointIn(cwd, 6));
    assertEquals([again.missing, again.changedAfter], [1, 3]);
    await Deno.remove(`${cwd}/run/metrics.jsonl`);
    assertEquals(
      (await readRates({ path: `${cwd}/run`, step: 6, state: { settings: schedule } } as never)).missing,
      6,
    );
  }));

Deno.test("an optimizer with recorded rates uses the one of each step, and the scheduled one where there is none", async () => {
  const backend = new CpuBackend(), model = { scale: new Parameter([1], constant(2)) };
  const rates = { rates: new Map([[1, 0.5]]), missing: 1 };
  const settings = { optimizer: "sgd", momentum: 0, weightDecay: 0, clipNorm: 0 };
  const optimizer = withRates(rates)(backend, initialize(backend, model, 1), settings);
  for (const [step, expected] of [[0, 1.5], [1, 1.25]]) {
    backend.write(model.scale.gradient!, [1]);
    optimizer.prepare(step, 0.25);
    backend.scope(() => optimizer.update());
    assertEquals([...await backend.read(model.scale)], [expected]);
  }
});
