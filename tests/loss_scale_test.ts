import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { type Backend, kernel } from "../core/backend.ts";
import { modelFiles, restoreTraining, trainingFiles } from "../checkpoints/checkpoint.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { assembleShader } from "../core/webgpu/shader.ts";
import {
  adjustLossScale,
  GROWTH_STEPS,
  INITIAL_LOSS_SCALE,
  LossScale,
  skippable,
  SKIPPED_NORM,
  unscaleGradient,
} from "../kernels/optimizers/loss_scale.ts";
import { Gpt } from "../models/gpt.ts";
import { KernelOptimizer, type UpdateRule } from "../training/optimizer.ts";
import { NonFiniteLossError } from "../training/step_reports.ts";
import { TrainingRun, type TrainingSettings } from "../training/train.ts";
import { causalBatches } from "../data/batches.ts";
import { everyBackend } from "./_testing.ts";
import { allReports, newRun, settings, small, stateOf, text } from "./_training.ts";

everyBackend("adjustLossScale divides the norm, skips what is not finite, and adapts", async (backend) => {
  const cases = [
    // norm, scale, steps → norm, scale, steps, factor
    { before: [8, 4, 5], after: [2, 4, 6, 0.25] },
    { before: [8, 4, GROWTH_STEPS - 1], after: [2, 8, 0, 0.25] },
    { before: [Infinity, 4, 5], after: [SKIPPED_NORM, 2, 0, 0] },
    { before: [NaN, 1, GROWTH_STEPS - 1], after: [SKIPPED_NORM, 0.5, 0, 0] },
    { before: [0, INITIAL_LOSS_SCALE, 0], after: [0, INITIAL_LOSS_SCALE, 1, 1 / INITIAL_LOSS_SCALE] },
  ];
  for (const { before: [value, ...state], after } of cases) {
    const norm = backend.from([value]), lossScale = backend.from([...state, 7]);
    backend.run(adjustLossScale, { norm, lossScale }, {});
    assertEquals([...await backend.read(norm), ...await backend.read(lossScale)], after, `${value} ${state}`);
  }
});

everyBackend("unscaleGradient divides exactly, or sets to zero", async (backend) => {
  const size = 70_001, values = Float32Array.from({ length: size }, (_, index) => Math.fround(0.1 * index));
  for (const factor of [2 ** -16, 0]) {
    values[5] = factor ? 5 : NaN;
    const gradient = backend.from(values), lossScale = backend.from([1, 0, factor]);
    backend.run(unscaleGradient, { lossScale, gradient }, { size });
    assertEquals(
      await backend.read(gradient),
      factor ? values.map((x) => x * factor) : new Float32Array(size),
    );
  }
});

/** p ← p − g, counted; the shader of `grouped` shares memory behind a barrier, as some updates do. */
const counted = kernel({
  name: "counted",
  reads: { schedule: "f32", norm: "f32" },
  writes: { parameter: "f32", gradient: "f32", count: "f32" },
  constants: ["size"],
  elements: ({ size }) => size,
  cpu({ parameter, gradient, count }, { size }) {
    for (let at = 0; at < size; at++) {
      parameter[at] -= gradient[at];
      count[at] += 1;
      gradient[at] = 0;
    }
  },
  wgsl: `fn each(at: u32) { parameter[at] -= gradient[at]; count[at] += 1; gradient[at] = 0; }`,
});
const { elements: _, ...rest } = counted;
const grouped = kernel({
  ...rest,
  groups: ({ size }) => Math.ceil(size / 64),
  lanes: () => 64,
  wgsl: `
var<workgroup> shared_gradient: array<f32, 64>;
fn run(group: u32, lane: u32) {
  let at = group * 64 + lane;
  shared_gradient[lane] = gradient[at];
  workgroupBarrier(); // as an example
  parameter[at] -= shared_gradient[lane];
  count[at] += 1;
  gradient[at] = 0;
}`,
});

everyBackend("an update of one's own is skipped, whether its shader has each or run", async (backend) => {
  for (const own of [counted, grouped]) {
    for (const factor of [0.5, 0]) {
      const tensors = {
        schedule: backend.from([1]),
        norm: backend.from([1]),
        lossScale: backend.from([2, 0, factor]),
        parameter: backend.from(new Float32Array(64).fill(3)),
        gradient: backend.from(new Float32Array(64).fill(1)),
        count: backend.from(new Float32Array(64)),
      };
      backend.run(skippable(own), tensors, { size: 64 });
      const read = async (name: "parameter" | "count") => (await backend.read(tensors[name]))[63];
      assertEquals([await read("parameter"), await read("count")], factor ? [2, 1] : [3, 0]);
    }
  }
});

Deno.test("skippable refuses a shader with bindings of its own", () => {
  const wgsl = "@group(0) @binding(0) var<storage, read> schedule: array<f32>;";
  assertThrows(
    () => assembleShader(skippable({ ...counted, wgsl }), { size: 1 }, "software"),
    TypeError,
    "Cannot train in f16 with counted: its shader declares bindings of its own",
  );
});

const rule: UpdateRule = { kernel: counted, state: ["count"], constants: () => ({}) };

/** A run in half precision whose loss scale is set, and the state before and after steps. */
async function stepsFrom(backend: Backend, scale: number, count: number, changes: Partial<TrainingSettings>) {
  const run = newRun(backend, new Gpt(small), { precision: "f16", ...changes });
  backend.write(run.lossScale!.state, [scale, 0, 0]);
  const before = await stateOf(run);
  for (let step = 0; step < count; step++) run.advance();
  return { run, before, after: await stateOf(run), reports: await run.report(count) };
}

everyBackend(
  "a step that overflows is skipped: weights and moments stay, the scale is halved",
  async (backend) => {
    for (const optimizer of ["adamw", "sgd"] as const) {
      // 2^60 overflows every gradient that is rounded to f16; the norm of the rest still fits f32
      const { run, before, after, reports } = await stepsFrom(backend, 2 ** 60, 3, {
        optimizer,
        weightDecay: 0.5,
      });
      assertEquals(after, before);
      assertEquals((await backend.read(run.store.gradients)).find((value) => value !== 0), undefined);
      assertEquals((await backend.read(run.lossScale!.state))[0], 2 ** 57);
      for (const { skipped, gradientNorm, loss } of reports) {
        assertEquals([skipped, gradientNorm], [true, 0]);
        assert(loss > 0);
      }
    }
  },
  { halves: true },
);

everyBackend("a run finds the scale that fits, and then trains", async (backend) => {
  const { run, reports } = await stepsFrom(backend, 2 ** 30, 40, { precision: "f16", accumulation: 2 });
  const skips = reports.filter(({ skipped }) => skipped).length;
  assert(skips > 3 && skips < 30, `${skips} steps were skipped`);
  assert(reports.slice(0, skips).every(({ skipped }) => skipped), "skips come first");
  assertEquals((await backend.read(run.lossScale!.state))[0], 2 ** (30 - skips));
  assert(reports.at(-1)!.loss < reports[0].loss - 0.1);
}, { halves: true });

everyBackend(
  "two scales that fit give nearly the same update: what differs is subnormal",
  async (backend) => {
    const { after: expected } = await stepsFrom(backend, 2 ** 14, 3, {});
    const { after } = await stepsFrom(backend, 2 ** 15, 3, {});
    const [values, others] = [after[0], expected[0]] as Float32Array[];
    const apart = Math.max(...values.map((value, index) => Math.abs(value - others[index])));
    assert(apart < 1e-4, `weights differ by ${apart}`);
  },
  { halves: true },
);

Deno.test("without a scale that fits, training ends with one line", async () => {
  const backend = new CpuBackend(), run = newRun(backend, new Gpt(small), { precision: "f16" });
  backend.write(run.lossScale!.state, [1, 0, 0]);
  run.advance();
  backend.write(run.store.gradients, new Float32Array(run.store.size).fill(Infinity));
  run.advance();
  assertEquals((await backend.read(run.lossScale!.state))[0], 0.5);
  await assertRejects(
    () => run.report(1),
    NonFiniteLossError,
    "The gradients up to step 2 are not finite in f16, even with a loss scale of 1 (seed 3): " +
      "lower the learning rate, or use f32",
  );
});

Deno.test("a custom rule trains in half precision; an optimizer for f32 only is refused", async () => {
  const backend = new CpuBackend(),
    batches = causalBatches(text, { contextLength: 8, batchSize: 4, seed: 1 });
  const inHalf = { ...settings, precision: "f16" } as const;
  const run = new TrainingRun(backend, new Gpt(small), batches, inHalf, {
    optimizer: (backend, store, settings) => new KernelOptimizer(backend, store, rule, settings),
  });
  assertEquals((await backend.read(run.lossScale!.state))[0], INITIAL_LOSS_SCALE);
  run.advance();
  assertEquals((await backend.read(run.optimizer.state.count))[0], 1);
  const [{ gradientNorm }] = await run.report(1);
  assert(gradientNorm > 0 && gradientNorm < 100, `${gradientNorm}`);
  assertThrows(
    () =>
      new TrainingRun(backend, new Gpt(small), batches, inHalf, {
        optimizer: () => ({ state: {}, norm: backend.allocate([1]), prepare() {}, update() {} }),
      }),
    TypeError,
    "Cannot train in f16 with this optimizer: it has no updateScaled; use precision f32",
  );
});

everyBackend("LossScale begins at 65536", async (backend) => {
  assertEquals([...await backend.read(new LossScale(backend).state)], [65536, 0, 1 / 65536]);
  assertEquals((await allReports(newRun(backend, new Gpt(small), { steps: 1 })))[0].skipped, undefined);
}, { halves: true });

everyBackend(
  "a run in half precision that is saved and restored goes on bit for bit, also after a skip",
  async (backend) => {
    const changes = { precision: "f16", steps: 24, accumulation: 2 } as const;
    const whole = newRun(backend, new Gpt(small), changes);
    backend.write(whole.lossScale!.state, [2 ** 28, 0, 0]); // so large that the first steps are skipped
    const first = await allReports(whole, 4, 12);
    assert(first[0].skipped && !first.at(-1)!.skipped);
    const files = {
      ...await modelFiles(backend, new Gpt(small), whole.store),
      ...await trainingFiles(whole),
    };
    const last = await allReports(whole, 4);
    const resumed = newRun(backend, new Gpt(small), changes);
    restoreTraining(resumed, files);
    assertEquals(await allReports(resumed, 3), last);
    assertEquals(await stateOf(resumed), await stateOf(whole));
    assertEquals(await backend.read(resumed.lossScale!.state), await backend.read(whole.lossScale!.state));
  },
  { halves: true },
);

Deno.test("a checkpoint without a loss scale that makes sense is refused, before anything is changed", async () => {
  const backend = new CpuBackend(), run = newRun(backend, new Gpt(small), { precision: "f16", steps: 2 });
  await allReports(run);
  const files = { ...await modelFiles(backend, new Gpt(small), run.store), ...await trainingFiles(run) };
  const state = JSON.parse(files["training_state.json"] as string);
  assertEquals(state.lossScale, { scale: 65536, steps: 2 });
  const before = await stateOf(run);
  for (
    const lossScale of [undefined, null, 3, {}, { scale: 0, steps: 1 }, { scale: 2, steps: -1 }, { scale: 2 }]
  ) {
    const damaged = { ...files, "training_state.json": JSON.stringify({ ...state, lossScale }) };
    assertThrows(() => restoreTraining(run, damaged), TypeError, "training_state.json: lossScale is ");
  }
  assertEquals(await stateOf(run), before);
});

everyBackend("training in half precision follows that on the CPU, and differs from f32", async (backend) => {
  const losses = async (backend: Backend, precision: "f16" | "f32") =>
    (await allReports(newRun(backend, new Gpt(small), { precision, steps: 20 }))).map(({ loss }) => loss);
  const actual = await losses(backend, "f16"), expected = await losses(new CpuBackend(), "f16");
  // sums of 32 bits may round an operand to the other of two halves, which are 0.001 apart: so less of the digits agree
  // than in f32
  const apart = Math.max(...actual.map((loss, step) => Math.abs(loss - expected[step]) / expected[step]));
  assert(apart < 1e-3, `${apart} apart`);
  assertNotEquals(actual, await losses(backend, "f32"));
}, { halves: true });
