import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { LossScale, SKIPPED_NORM } from "../kernels/optimizers/loss_scale.ts";
import { Gpt } from "../models/gpt.ts";
import { NonFiniteLossError, RING_SIZE, StepReports } from "../training/step_reports.ts";
import { everyBackend } from "./_testing.ts";
import { allReports, Bigram, newRun, small } from "./_training.ts";

/** What a run tells about itself when its steps are read. */
const run = { step: 0, accumulation: 2, batchesPerEpoch: 6, seed: 77 };

/** Records a step with this loss and this norm. */
function record(
  backend: Backend,
  reports: StepReports,
  step: number,
  loss: number,
  gradientNorm: number,
): void {
  const random = backend.from(Uint32Array.of(0, 0, 0, step % RING_SIZE), [4]);
  backend.write(reports.loss, [loss]);
  reports.record(step, step / 100, { norm: backend.from([gradientNorm], [1]), random });
}

everyBackend(
  "step reports: the last steps, oldest first, also where the ring has gone round",
  async (backend) => {
    const reports = new StepReports(backend), steps = RING_SIZE + 3;
    for (let step = 0; step < steps; step++) record(backend, reports, step, step, 10 * step);
    assertEquals(await reports.read(0, { ...run, step: steps }), []);
    const read = await reports.read(4, { ...run, step: steps });
    assertEquals(
      read,
      [255, 256, 257, 258].map((step) => ({
        step: step + 1,
        epoch: (step + 1) * 2 / 6,
        loss: step,
        gradientNorm: 10 * step,
        learningRate: step / 100,
      })),
    );
    const all = await reports.read(RING_SIZE, { ...run, step: steps });
    assertEquals([all.length, all[0].loss, all.at(-1)!.loss], [RING_SIZE, 3, 258]);
    assertEquals([...await backend.read(reports.loss)], [0], "the next step begins with a loss of 0");
  },
);

Deno.test("step reports: a skipped update has the norm 0 and says so; with an unusable loss scale it is an error", async () => {
  const backend = new CpuBackend(), reports = new StepReports(backend), lossScale = new LossScale(backend);
  record(backend, reports, 0, 2, 1);
  record(backend, reports, 1, 3, SKIPPED_NORM);
  const [first, second] = await reports.read(2, { ...run, step: 2, lossScale });
  assertEquals([first.skipped, first.gradientNorm], [undefined, 1]);
  assertEquals([second.skipped, second.gradientNorm, second.loss], [true, 0, 3]);
  lossScale.restore({ scale: 0.5, steps: 0 });
  await assertRejects(
    () => reports.read(2, { ...run, step: 2, lossScale }),
    NonFiniteLossError,
    "The gradients up to step 2 are not finite in f16, even with a loss scale of 1 (seed 77)",
  );
});

Deno.test("a report reaches back no further than the ring, and than this run's own steps", async () => {
  const run = newRun(new CpuBackend(), new Bigram(small.vocabSize), { steps: 300 });
  await allReports(run);
  assertEquals((await run.report(256)).length, 256);
  await assertRejects(
    () => run.report(257),
    RangeError,
    "Cannot report 257 steps: the losses of the last 256 are kept",
  );
  const resumed = newRun(new CpuBackend(), new Bigram(small.vocabSize), { steps: 300 });
  resumed.step = 100;
  resumed.advance();
  for (const steps of [2, -1, 0.5]) {
    await assertRejects(() => resumed.report(steps), RangeError, "the losses of the last 1 are kept");
  }
});

everyBackend(
  "training stops at the first loss that is no number, and names step and seed",
  async (backend) => {
    const run = newRun(backend, new Gpt(small), { learningRate: 1e10, warmupSteps: 0, seed: 77 });
    const error = await assertRejects(() => allReports(run), NonFiniteLossError, "(seed 77)");
    assertEquals(error.name, "NonFiniteLossError");
    const [, step] = error.message.match(/^The loss at step (\d+) is /)!;
    assert(Number(step) > 1 && Number(step) <= 10, error.message);
    const again = newRun(backend, new Gpt(small), { learningRate: 1e10, warmupSteps: 0, seed: 77 });
    const before = await allReports(again, Number(step) - 1, Number(step) - 1);
    for (const { loss, gradientNorm } of before) assert(Number.isFinite(loss + gradientNorm));
  },
);
