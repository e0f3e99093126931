import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { Random } from "../core/random.ts";
import type { Classifier } from "../models/classifiers/classifier.ts";
import { buildModel, type ClassifierConfig } from "../models/families.ts";
import type { GptClassifierConfig } from "../models/classifiers/gpt_classifier.ts";
import type { RobertaClassifierConfig } from "../models/classifiers/roberta_classifier.ts";
import {
  loadModel,
  modelFiles,
  restoreModel,
  restoreTraining,
  trainingFiles,
} from "../checkpoints/checkpoint.ts";
import { classify } from "../inference/classify.ts";
import { evaluate } from "../training/evaluate.ts";
import { type Example, labelledBatches, type LabelledBatchOptions } from "../data/labelled_batches.ts";
import { labelledValidationBatches } from "../data/labelled_batches.ts";
import { TrainingRun, type TrainingSettings } from "../training/train.ts";
import { assertClose, everyBackend, integers, TOLERANCES } from "./_testing.ts";
import { allReports, settings, small, stateOf } from "./_training.ts";

const sizes = { ...small, vocabSize: 16, initialStd: 0.2, labels: ["even", "odd"] };
const roberta: RobertaClassifierConfig = { ...sizes, architecture: "roberta" };
const gpt: GptClassifierConfig = { ...sizes, architecture: "gpt1", padId: 1 };

const build = (config: ClassifierConfig): Classifier => buildModel<"classifier">(config);

/** Texts whose class is whether their largest token is odd. */
const examples: Example[] = Array.from({ length: 40 }, (_, index) => {
  const { data } = integers(`text ${index}`, [1 + index % 5], 11), words = data.map((id) => id + 4);
  return { ids: Uint32Array.of(0, ...words, 2), label: Math.max(...words) % 2 };
});

const sizesOfBatches = { contextLength: 8, batchSize: 8, padId: 1 };

function newRun(
  backend: Backend,
  config: ClassifierConfig,
  changes: Partial<TrainingSettings & LabelledBatchOptions> = {},
): TrainingRun {
  const { batchSize = 8, classWeights, ...changed } = changes, all = { ...settings, ...changed };
  const auxiliaryWeight = config.architecture === "roberta" ? 0 : 0.5;
  const options = { ...sizesOfBatches, batchSize, classWeights, auxiliaryWeight, seed: all.seed };
  return new TrainingRun(backend, build(config), labelledBatches(examples, options), all);
}

for (const config of [roberta, gpt, { ...gpt, architecture: "gpt2" } as const]) {
  const name = `classifier from ${config.architecture}`;

  everyBackend(`${name}: padding and company change nothing`, async (backend) => {
    const model = build(config);
    initialize(backend, model, 1);
    const together = await classify(backend, model, examples.map(({ ids }) => ids), { batchSize: 7 });
    assertEquals(together.length, examples.length);
    for (const index of [0, 3, 39]) {
      const [alone] = await classify(backend, model, [examples[index].ids]);
      const expected = { shape: [2], data: together[index].probabilities };
      assertClose(alone.probabilities, expected, TOLERANCES.rows, `text ${index}`);
      assertAlmostEquals(alone.probabilities[0] + alone.probabilities[1], 1, 1e-6);
      assertEquals(alone.label, alone.probabilities[1] > alone.probabilities[0] ? 1 : 0);
    }
  });

  everyBackend(`${name}: a batch of 8 is 2 of 4, also with class weights`, async (backend) => {
    const still = { ...config, dropoutRate: 0 }, changes = { steps: 1, clipNorm: 0, classWeights: [1, 3] };
    const large = newRun(backend, still, changes), [expected] = await allReports(large);
    for (const [batchSize, accumulation] of [[4, 2], [1, 8]]) {
      const run = newRun(backend, still, { ...changes, batchSize, accumulation });
      assertAlmostEquals((await allReports(run))[0].loss, expected.loss, 2e-6);
      const gradients = { shape: [run.store.size], data: await backend.read(large.optimizer.state.mean) };
      assertClose(
        await backend.read(run.optimizer.state.mean),
        gradients,
        { rtol: 1e-6, atol: 0 },
        `${batchSize}`,
      );
    }
  });

  everyBackend(`${name}: 20 steps are 10, a checkpoint, and 10 more, bit for bit`, async (backend) => {
    const changes = { accumulation: 2, steps: 20, batchSize: 4 };
    const whole = newRun(backend, config, changes), first = newRun(backend, config, changes);
    const reports = await allReports(whole);
    await allReports(first, 10, 10);
    const files = {
      ...await modelFiles(backend, { config, experiment: undefined }, first.store),
      ...await trainingFiles(first),
    };
    const second = newRun(backend, config, changes);
    restoreTraining(second, files);
    assertEquals(await allReports(second), reports.slice(10));
    assertEquals(await stateOf(second), await stateOf(whole));
  });

  Deno.test(`${name}: learns what can be learned, and keeps it and its labels in a checkpoint`, async () => {
    const backend = new CpuBackend(), run = newRun(backend, { ...config, dropoutRate: 0 }, { steps: 150 });
    const validation = labelledValidationBatches(examples, sizesOfBatches);
    assertAlmostEquals(await evaluate(backend, run.model, validation), Math.log(2), 0.3);
    await allReports(run);
    const loss = await evaluate(backend, run.model, validation);
    assert(loss < 0.1, `the loss is ${loss}`);
    const loaded = loadModel(await modelFiles(backend, { config, experiment: undefined }, run.store), {
      kind: "classifier",
    });
    assertEquals(loaded.config.labels, ["even", "odd"]);
    const again = build(loaded.config);
    restoreModel(backend, initialize(backend, again, 9), loaded.weights);
    const found = await classify(backend, again, examples.map(({ ids }) => ids));
    assertEquals(found.map(({ label }) => label), examples.map(({ label }) => label));
  });
}

Deno.test("class weights move a classifier towards the class that counts more", async () => {
  const backend = new CpuBackend(), random = new Random(1, "labels");
  const noise = examples.map(({ ids }) => ({ ids, label: random.below(2) })),
    texts = noise.map(({ ids }) => ids);
  const called: number[] = [];
  for (const classWeights of [[20, 1], [1, 20]]) {
    const source = labelledBatches(noise, { ...sizesOfBatches, classWeights, seed: 1 });
    const model = build({ ...roberta, dropoutRate: 0 });
    await allReports(
      new TrainingRun(backend, model, source, { ...settings, steps: 15, learningRate: 0.003 }),
    );
    called.push((await classify(backend, model, texts)).filter(({ label }) => label === 1).length);
  }
  assert(called[0] < 10 && called[1] > 30, `${called} of 40 are called class 1`);
});

Deno.test("classifiers refuse labels that cannot be told apart", () => {
  for (const config of [roberta, gpt]) {
    const refuse = (labels: string[], message: string) =>
      assertThrows(() => build({ ...config, labels }), RangeError, message);
    refuse([], "Cannot classify into 0 classes: expected at least one label");
    refuse(["a", "b", "a"], 'Cannot use label "a" for two classes');
  }
});

Deno.test("classifiers refuse padding that is no token, and batches of unknown length", () => {
  for (const padId of [16, -1, 0.5, NaN]) {
    const message = `Cannot pad texts with token ${padId}: the vocabulary has 16 tokens, 0 to 15`;
    for (const config of [roberta, gpt]) assertThrows(() => build({ ...config, padId }), RangeError, message);
  }
  for (const config of [roberta, gpt]) {
    const backend = new CpuBackend(), model = build(config);
    initialize(backend, model, 1);
    const inputs = backend.from(Uint32Array.of(0, 5, 2), [1, 3]), targets = backend.from(Uint32Array.of(1));
    assertThrows(() => model.loss({ inputs, targets }), TypeError, "Cannot classify a batch without lengths");
  }
});
