import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { constant, initialize, Parameter } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { dropout } from "../kernels/dropout.ts";
import { embedding } from "../kernels/embedding.ts";
import { buildModel } from "../models/families.ts";
import { Gpt } from "../models/gpt.ts";
import type { BatchTensors, Learner } from "../models/learner.ts";
import { type BatchSource, causalBatches, validationBatches } from "../data/batches.ts";
import { loadModel, restoreModel } from "../checkpoints/checkpoint.ts";
import { evaluate } from "../training/evaluate.ts";
import { generate } from "../inference/generate.ts";
import { learningRateAt } from "../training/schedule.ts";
import type { StepReport } from "../training/step_reports.ts";
import { train, TrainingRun, type TrainingSettings } from "../training/train.ts";
import { golden } from "./_golden.ts";
import { assertClose, everyBackend, type Values } from "./_testing.ts";
import { allReports, Bigram, newRun, onNextEvent, settings, small, stateOf, text } from "./_training.ts";

everyBackend("training: two runs with one seed are equal bit for bit", async (backend) => {
  const [first, second] = [newRun(backend, new Gpt(small)), newRun(backend, new Gpt(small))];
  assertEquals(await allReports(second), await allReports(first));
  assertEquals(await stateOf(second), await stateOf(first));
});

Deno.test("training: parameters that a run is given are used as they are", async () => {
  const backend = new CpuBackend(), model = new Gpt(small), store = initialize(backend, model, 5);
  const values = await backend.read(store.values), bytes = backend.bytes;
  const windows = causalBatches(text, { contextLength: 8, batchSize: 4, seed: 1 });
  const run = new TrainingRun(backend, model, windows, settings, { store });
  assertStrictEquals(run.store, store);
  assertEquals(await backend.read(model.tokenEmbedding), values.slice(0, model.tokenEmbedding.size));
  assert(backend.bytes - bytes < 3 * 4 * store.size, "only the optimizer's state was allocated");
});

Deno.test("training: another seed is another run", async () => {
  const backend = new CpuBackend();
  for (const seed of [3, 4]) {
    const { store } = newRun(backend, new Gpt(small), { seed });
    const { values } = initialize(backend, new Gpt(small), seed);
    assertEquals(await backend.read(store.values), await backend.read(values));
  }
  const lossesOf = async (seed: number) =>
    (await allReports(newRun(backend, new Gpt(small), { seed, steps: 3 }))).map(({ loss }) => loss);
  const [first, second] = [await lossesOf(3), await lossesOf(4)];
  for (const [step, loss] of first.entries()) assertNotEquals(second[step], loss);
});

everyBackend("training: reports hold step, epoch, loss, norm and learning rate", async (backend) => {
  const run = newRun(backend, new Gpt(small), { accumulation: 2 }), reports = await allReports(run);
  assertEquals(reports.map(({ step }) => step), Array.from({ length: 40 }, (_, index) => index + 1));
  for (const { step, epoch, loss, gradientNorm, learningRate } of reports) {
    assertEquals(learningRate, learningRateAt(settings, step - 1));
    assertAlmostEquals(epoch, step * 2 * 4 / 24);
    assert(gradientNorm > 0 && loss > 0);
  }
  assertAlmostEquals(reports[0].loss, Math.log(small.vocabSize), 0.1);
  assert(reports[39].loss < reports[0].loss - 0.5, `the loss falls, but is ${reports[39].loss} at the end`);
});

everyBackend(
  "training: a changed learning rate holds from the next step on, and is in the reports",
  async (backend) => {
    const changed = newRun(backend, new Gpt(small), { steps: 12 }), reports: StepReport[] = [];
    for (let step = 0; step < 7; step++) changed.advance();
    changed.changeLearningRate(0.02); // before the reports of seven steps are read
    reports.push(...await changed.report(7), ...await allReports(changed));
    const schedules = [{ ...settings, steps: 12 }, {
      ...settings,
      steps: 12,
      learningRate: 0.02,
      minLearningRate: 0.002,
    }];
    assertEquals(
      reports.map(({ learningRate }) => learningRate),
      reports.map((_, step) => learningRateAt(schedules[step < 7 ? 0 : 1], step)),
    );
    assertEquals(changed.settings, schedules[1]);

    // a run that is taken up after the change, with the settings that it then has, computes the same
    const first = newRun(backend, new Gpt(small), { steps: 12 });
    assertEquals(await allReports(first, 7, 7), reports.slice(0, 7));
    const second = newRun(backend, new Gpt(small), schedules[1]);
    const [values, ...state] = await stateOf(first) as Float32Array[];
    backend.write(second.store.values, values);
    for (const [index, tensor] of Object.values(second.optimizer.state).entries()) {
      backend.write(
        tensor,
        state[index],
      );
    }
    second.step = first.step;
    assertEquals(await allReports(second), reports.slice(7));
    assertEquals(await stateOf(second), await stateOf(changed));
  },
);

everyBackend("training: accumulated gradients equal those of the large batch", async (backend) => {
  const model = () => new Gpt({ ...small, dropoutRate: 0 }), changes = { steps: 1, clipNorm: 0 };
  const large = newRun(backend, model(), { ...changes, batchSize: 8 });
  const [expected] = await allReports(large);
  for (const [batchSize, accumulation] of [[4, 2], [2, 4], [1, 8]]) {
    const run = newRun(backend, model(), { ...changes, batchSize, accumulation });
    const [report] = await allReports(run);
    assertAlmostEquals(report.loss, expected.loss, 1e-6);
    assertAlmostEquals(report.epoch, expected.epoch);
    // after one step the mean gradient is the gradient times 1 − β₁
    const gradients = { shape: [run.store.size], data: await backend.read(large.optimizer.state.mean) };
    const what = `gradients of ${accumulation} batches of ${batchSize}`;
    assertClose(await backend.read(run.optimizer.state.mean), gradients, { rtol: 1e-6, atol: 0 }, what);
  }
});

/** Scores that tell nothing but which of them were dropped. */
class Noise implements Learner {
  readonly table: Parameter = new Parameter([small.vocabSize, small.vocabSize], constant(1));

  loss({ inputs, targets, weights }: BatchTensors): Tensor {
    return crossEntropy(dropout(embedding(inputs, this.table), 0.5), targets, { weights });
  }
}

everyBackend("training: dropout is another one in every pass, and for every seed", async (backend) => {
  const window = causalBatches(text.subarray(0, 9), { contextLength: 8, batchSize: 2, seed: 1 });
  const lossesOf = async (changes: Partial<TrainingSettings>) => {
    const still = { ...settings, learningRate: 0, minLearningRate: 0, steps: 8, ...changes };
    return (await allReports(new TrainingRun(backend, new Noise(), window, still))).map(({ loss }) => loss);
  };
  const losses = await lossesOf({ seed: 1 });
  assertEquals(new Set([...losses, ...await lossesOf({ seed: 2 })]).size, 16);
  for (const [step, loss] of (await lossesOf({ seed: 1, steps: 4, accumulation: 2 })).entries()) {
    assertAlmostEquals(loss, (losses[2 * step] + losses[2 * step + 1]) / 2, 1e-6);
  }
});

everyBackend("training: every parameter learns", async (backend) => {
  for (const config of [small, { ...small, architecture: "gpt2", tied: false } as const]) {
    const run = newRun(backend, new Gpt(config), { steps: 2 }), { parameters, starts } = run.store;
    await allReports(run);
    const squares = await backend.read(run.optimizer.state.square);
    for (const parameter of parameters) {
      const start = starts.get(parameter)!, learned = squares.subarray(start, start + parameter.size);
      assert(
        learned.some((square) => square > 0),
        `${config.architecture}: ${parameter.name} has no gradient`,
      );
    }
  }
});

for (const name of ["openai-gpt-mini", "gpt2-mini"]) {
  everyBackend(`training: ten losses of ${name} equal PyTorch's`, async (backend) => {
    const read = (file: string) => Deno.readFileSync(new URL(`../fixtures/${name}/${file}`, import.meta.url));
    const files = { "config.json": read("config.json"), "model.safetensors": read("model.safetensors") };
    const { config, weights } = loadModel(files, { kind: "causal" });
    const [{ ids, targets, losses }] = golden<Record<"ids" | "targets" | "losses", Values<Uint32Array>>>(
      name,
    );
    const [steps, batchSize, contextLength] = ids.shape, size = batchSize * contextLength;
    const batches: BatchSource = {
      batchesPerEpoch: steps,
      at(number) {
        const [inputs, outputs] = [ids, targets].map(({ data }) =>
          data.slice(number * size, (number + 1) * size)
        );
        return { inputs, targets: outputs, batchSize, contextLength };
      },
    };
    const run = new TrainingRun(backend, buildModel(config), batches, {
      ...settings,
      schedule: "constant",
      learningRate: 1e-3,
      warmupSteps: 0,
      steps,
      beta2: 0.999,
    });
    restoreModel(backend, run.store, weights);
    const actual = (await allReports(run)).map(({ loss }) => loss);
    assertClose(actual, losses, { rtol: backend.name === "cpu" ? 1e-6 : 1e-5, atol: 0 }, `${name}: losses`);
  });
}

everyBackend("train hands back control in time for its ring, however long the interval", async (backend) => {
  const steps = 600, model = () => new Bigram(small.vocabSize);
  const turns: number[] = [], reports = [];
  for await (const some of train(newRun(backend, model(), { steps }), { interval: 1000 })) {
    turns.push(some.length);
    reports.push(...some);
  }
  assertEquals(turns, [256, 256, 88]);
  assertEquals(reports, await allReports(newRun(backend, model(), { steps }), 50));
});

Deno.test("train hands back control at multiples of the interval, where it is told to, and at the end", async () => {
  const run = newRun(new CpuBackend(), new Bigram(small.vocabSize), { steps: 25 }), pauses: number[][] = [];
  for await (const some of train(run, { interval: 10, pauseAfter: (step) => step === 7 || step === 10 })) {
    assertEquals(run.step, some.at(-1)!.step);
    pauses.push([some[0].step, run.step]);
  }
  assertEquals(pauses, [[1, 7], [8, 10], [11, 20], [21, 25]]);
  assertEquals((await train(run).next()).done, true, "a finished run has nothing left to do");
});

Deno.test("train lets events run between its reports, also on the CPU, which never waits", async () => {
  const run = newRun(new CpuBackend(), new Gpt(small));
  let isTold = false;
  onNextEvent(() => isTold = true);
  for await (const _ of train(run, { interval: 1 })) {
    if (isTold) break;
  }
  assert(run.step <= 2, `step ${run.step}`);
});

Deno.test("train refuses an interval that is no positive integer", async () => {
  for (const interval of [0, -1, 2.5, NaN]) {
    const run = newRun(new CpuBackend(), new Bigram(small.vocabSize));
    await assertRejects(
      () => train(run, { interval }).next(),
      RangeError,
      `Cannot report every ${interval} steps: expected a positive integer`,
    );
    assertEquals(run.step, 0);
  }
});

Deno.test("TrainingRun refuses to accumulate a number of batches that is no positive integer", () => {
  for (const accumulation of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => newRun(new CpuBackend(), new Bigram(small.vocabSize), { accumulation }),
      RangeError,
      `Cannot accumulate ${accumulation} batches: expected a positive integer`,
    );
  }
});

everyBackend(
  "training: memory stays what it was, with evaluation and generation in between",
  async (backend) => {
    const steps = 300, model = new Gpt(small), run = newRun(backend, model, { steps });
    const validation = validationBatches(text, { contextLength: 8, batchSize: 4, windows: 9 });
    const bytes: number[] = [];
    for await (const { length } of train(run, { interval: 50 })) {
      assertEquals(length, 50);
      await evaluate(backend, model, validation);
      for await (const _ of generate(backend, model, { prompt: text.subarray(0, 4), maxNewTokens: 8 }));
      bytes.push(backend.bytes);
    }
    assertEquals(bytes, new Array(6).fill(bytes[0]));
  },
);

everyBackend("training: a rehearsal, at the beginning or on the way, changes nothing", async (backend) => {
  const changes = { accumulation: 2, steps: 12 }, plain = newRun(backend, new Gpt(small), changes);
  const expected = await allReports(plain), state = await stateOf(plain), reports: StepReport[] = [];
  const rehearsed = newRun(backend, new Gpt(small), changes);
  for (const stop of [5, 12]) {
    await rehearsed.rehearse();
    const { bytes } = backend;
    await rehearsed.rehearse();
    assertEquals(backend.bytes, bytes);
    reports.push(...await allReports(rehearsed, 5, stop));
  }
  assertEquals(reports, expected);
  assertEquals(await stateOf(rehearsed), state);
});

Deno.test("a rehearsal computes what a step computes, all of its batches", async () => {
  const losses: number[] = [], backend = new CpuBackend(), model = new Gpt(small);
  const counting: Learner = {
    ...model,
    loss: (batch) => (losses.push(batch.inputs.size), model.loss(batch)),
  };
  const run = newRun(backend, counting, { accumulation: 3 });
  await run.rehearse();
  run.advance();
  assertEquals([losses.slice(0, 3), losses.length], [losses.slice(3), 6]);
});

Deno.test("training refuses a schedule that makes no sense before anything is made", () => {
  const backend = new CpuBackend(), before = backend.bytes;
  const start = (changes: Partial<TrainingSettings>) => () => newRun(backend, new Gpt(small), changes);
  assertThrows(
    start({ steps: 2.5 }),
    RangeError,
    "Cannot train with steps 2.5: expected an integer of 0 or more",
  );
  assertThrows(start({ learningRate: NaN }), RangeError, "Cannot train with learningRate NaN");
  assertEquals(backend.bytes, before);
});
