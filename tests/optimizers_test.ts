import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { constant, initialize, Parameter } from "../core/module.ts";
import { Gpt } from "../models/gpt.ts";
import { modelFiles, restoreTraining, trainingFiles } from "../checkpoints/checkpoint.ts";
import { KernelOptimizer, type OptimizerFactory, type UpdateRule } from "../training/optimizer.ts";
import { newOptimizer, type OptimizerName, OPTIMIZERS, updateRule } from "../training/optimizers.ts";
import { TrainingRun } from "../training/train.ts";
import { causalBatches } from "../data/batches.ts";
import { everyBackend, normals } from "./_testing.ts";
import { allReports, newRun, settings, small, stateOf, text } from "./_training.ts";

const names = Object.keys(OPTIMIZERS) as OptimizerName[];

for (const optimizer of names) {
  Deno.test(`the kernel of ${optimizer} has the tensors and constants of its rule`, () => {
    const { kernel, state, constants, schedule } = OPTIMIZERS[optimizer];
    assertEquals(Object.keys(kernel.reads), ["schedule", "norm"]);
    assertEquals(Object.keys(kernel.writes), ["parameter", "gradient", ...state]);
    assert(Object.keys(kernel.writes).length + 2 <= 8, "every WebGPU device binds eight buffers");
    const given = [...Object.keys(constants(settings)), "size", "weightDecay", "clipNorm"];
    assertEquals(given.sort(), [...kernel.constants].sort());
    assertEquals(schedule?.(settings, 3).every(Number.isFinite) ?? true, true);
    for (const name of state) {
      assert(!name.includes("."), "the name of a tensor in a checkpoint begins with it");
    }
  });

  everyBackend(
    `${optimizer}: state is laid out as the parameters, and what pads them stays 0`,
    async (backend) => {
      const model = { bias: new Parameter([5], constant(1)), weight: new Parameter([7, 11], constant(1)) };
      const store = initialize(backend, model, 1);
      const made = newOptimizer(backend, store, { optimizer, weightDecay: 0.1, clipNorm: 1 });
      assertEquals(Object.keys(made.state), [...OPTIMIZERS[optimizer].state]);
      for (let step = 0; step < 3; step++) {
        for (const { name, shape, gradient } of store.parameters) {
          backend.write(gradient!, normals(`${name} ${step}`, shape).data);
        }
        made.prepare(step, 0.01);
        backend.scope(() => made.update());
      }
      assertEquals(await backend.read(store.gradients), new Float32Array(store.size));
      for (const tensor of Object.values(made.state)) {
        const values = [...await backend.read(tensor)], used = new Set<number>();
        assertEquals(values.length, store.size);
        for (const parameter of store.parameters) {
          const start = store.starts.get(parameter)!;
          for (let at = start; at < start + parameter.size; at++) used.add(at);
        }
        for (const [at, value] of values.entries()) assertEquals(value !== 0, used.has(at), `element ${at}`);
      }
    },
  );

  everyBackend(`${optimizer}: a small model learns`, async (backend) => {
    const learningRate = optimizer === "sgd" ? 0.1 : 0.01;
    const reports = await allReports(newRun(backend, new Gpt(small), { optimizer, learningRate }));
    assert(reports[39].loss < reports[0].loss - 0.3, `from ${reports[0].loss} to ${reports[39].loss}`);
  });
}

Deno.test("sgd: the gradient of a parameter under decay includes it, and velocity adds up", async () => {
  const backend = new CpuBackend(), weight = new Parameter([1, 1], constant(2));
  const settings = { optimizer: "sgd", momentum: 0.5, weightDecay: 0.1, clipNorm: 0 } as const;
  const optimizer = newOptimizer(backend, initialize(backend, { weight }, 1), settings);
  let value = 2, velocity = 0;
  for (let step = 0; step < 3; step++) {
    backend.write(weight.gradient!, [1]);
    optimizer.prepare(step, 0.1);
    backend.scope(() => optimizer.update());
    velocity = 0.5 * velocity + 1 + 0.1 * value;
    value -= 0.1 * velocity;
    assertAlmostEquals((await backend.read(weight))[0], value, 1e-6);
  }
});

Deno.test("settings that leave the optimizer out mean AdamW, with PyTorch's defaults", async () => {
  const run = async (changes: Parameters<typeof newRun>[2]) => {
    const run = newRun(new CpuBackend(), new Gpt(small), { steps: 3, ...changes });
    await allReports(run);
    return await stateOf(run);
  };
  const defaults = { beta1: undefined, beta2: undefined };
  assertEquals(
    await run(defaults),
    await run({ optimizer: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
  );
  assertEquals(await run({ optimizer: "sgd" }), await run({ optimizer: "sgd", momentum: 0.9 }));
});

Deno.test("an optimizer that does not exist is refused with the names of those that do", () => {
  for (const name of ["lion", "constructor", "a\x1b[2J"]) {
    const { message } = assertThrows(() => updateRule(name), RangeError, "expected one of adamw, sgd");
    assert(!message.includes("\x1b"));
  }
  const optimizer = "lion" as OptimizerName;
  assertThrows(() => newRun(new CpuBackend(), new Gpt(small), { optimizer }), RangeError, '"lion"');
});

/** Descent by the sign of the gradient, without weight decay or clipping, with a state that counts updates. */
const SIGN_DESCENT: UpdateRule = {
  kernel: kernel({
    name: "signDescent",
    reads: { schedule: "f32", norm: "f32" },
    writes: { parameter: "f32", gradient: "f32", count: "f32" },
    constants: ["size", "factor"],
    elements: ({ size }) => size,
    cpu({ schedule, parameter, gradient, count }, { size, factor }) {
      for (let at = 0; at < size; at++) {
        parameter[at] -= factor * schedule[0] * Math.sign(gradient[at]);
        count[at] += schedule[1];
        gradient[at] = 0;
      }
    },
    wgsl: `fn each(at: u32) {
  parameter[at] -= factor * schedule[0] * sign(gradient[at]);
  count[at] += schedule[1];
  gradient[at] = 0;
}`,
  }),
  state: ["count"],
  constants: () => ({ factor: 0.5 }),
  schedule: (_, step) => [step + 1],
};

everyBackend("a run trains and resumes with an update rule of the caller's own", async (backend) => {
  const optimizer: OptimizerFactory = (backend, store, settings) =>
    new KernelOptimizer(backend, store, SIGN_DESCENT, settings);
  const batches = causalBatches(text, { contextLength: 8, batchSize: 4, seed: 3 });
  const start = () => new TrainingRun(backend, new Gpt(small), batches, settings, { optimizer });
  const whole = start(), half = start();
  const reports = await allReports(whole);
  assert(reports[39].loss < reports[0].loss - 0.3, `from ${reports[0].loss} to ${reports[39].loss}`);
  await allReports(half, 10, 20);
  assertEquals((await backend.read(half.optimizer.state.count))[0], 20 * 21 / 2);
  const filesOf = async (run: TrainingRun) => ({
    ...await modelFiles(backend, new Gpt(small), run.store),
    ...await trainingFiles(run),
  });
  const resumed = start();
  restoreTraining(resumed, await filesOf(half));
  await allReports(resumed);
  assertEquals(await filesOf(resumed), await filesOf(whole));
});

everyBackend("a run trains with any object that is an optimizer", async (backend) => {
  let updates = 0;
  const own: OptimizerFactory = (backend, store, settings) => {
    const inner = newOptimizer(backend, store, { ...settings, optimizer: "sgd" });
    const update = () => {
      updates++;
      inner.update();
    };
    return { state: {}, norm: inner.norm, prepare: (...given) => inner.prepare(...given), update };
  };
  const batches = causalBatches(text, { contextLength: 8, batchSize: 4, seed: 3 });
  const run = new TrainingRun(backend, new Gpt(small), batches, { ...settings, steps: 3 }, {
    optimizer: own,
  });
  const named = newRun(backend, new Gpt(small), { steps: 3, optimizer: "sgd" });
  assertEquals(await allReports(run), await allReports(named));
  assertEquals([updates, run.step], [3, 3]);
});
