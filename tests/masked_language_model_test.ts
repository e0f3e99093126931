import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import type { RobertaConfig } from "../models/roberta.ts";
import { modelFiles, restoreTraining, trainingFiles } from "../checkpoints/checkpoint.ts";
import { evaluate } from "../training/evaluate.ts";
import { fillMask } from "../inference/fill_mask.ts";
import { maskedBatches, type MaskedBatchOptions, maskedValidationBatches } from "../data/masked_batches.ts";
import { oneByOneBatches } from "../data/masked_batches.ts";
import { packDocuments } from "../data/sequences.ts";
import { TrainingRun, type TrainingSettings } from "../training/train.ts";
import { assertClose, everyBackend } from "./_testing.ts";
import { allReports, settings, stateOf } from "./_training.ts";

const small: RobertaConfig = {
  architecture: "roberta",
  vocabSize: 16,
  contextLength: 8,
  layers: 2,
  heads: 2,
  modelDim: 12,
  feedForwardDim: 24,
  dropoutRate: 0.1,
};

const tokens = { vocabSize: 16, maskId: 15, specialIds: [0, 1, 2, 3, 15] };
const options: MaskedBatchOptions = { ...tokens, contextLength: 8, batchSize: 4, seed: 3, maskRate: 0.3 };

/** Documents that count upwards, so that what is hidden can be told from its neighbours. */
const documents = Array.from(
  { length: 30 },
  (_, index) => Uint32Array.from({ length: 3 + index % 7 }, (_, place) => 4 + (index + place) % 11),
);
const sequences = packDocuments(documents, { contextLength: 8, beginId: 0, endId: 2 });

function newRun(
  backend: Backend,
  changes: Partial<TrainingSettings & { batchSize: number }> = {},
  config = small,
): TrainingRun {
  const { batchSize = 4, ...changed } = changes, all = { ...settings, ...changed };
  const model = new MaskedLanguageModel({ initialStd: 0.2, ...config });
  return new TrainingRun(
    backend,
    model,
    maskedBatches(sequences, { ...options, batchSize, seed: all.seed }),
    all,
  );
}

Deno.test("an encoder alone has states, and no logits", () => {
  const backend = new CpuBackend(), model = new MaskedLanguageModel({ ...small, headless: true });
  initialize(backend, model, 1);
  const ids = backend.from(new Uint32Array(4), [1, 4]);
  assertEquals(model.encoder.states(ids).shape, [1, 4, 12]);
  const message = "the model is an encoder without a language head";
  assertThrows(() => model.forward(ids), TypeError, message);
  assertThrows(() => model.forwardAt(ids, backend.from(Uint32Array.of(2))), TypeError, message);
});

Deno.test("language head: a BERT's has the activation of the blocks, RoBERTa's always the exact GELU", async () => {
  const backend = new CpuBackend();
  for (const architecture of ["bert", "roberta"] as const) {
    const logitsOf = async (activation: "relu" | "geluErf") => {
      const model = new MaskedLanguageModel({ ...small, initialStd: 0.5, architecture, activation });
      initialize(backend, model, 1);
      const { languageHead, encoder } = model;
      const states = backend.from(Float32Array.from({ length: 12 }, (_, index) => index - 6), [1, 12]);
      return await backend.read(languageHead!.forward(states, encoder.tokenEmbedding));
    };
    const [one, other] = [await logitsOf("relu"), await logitsOf("geluErf")];
    if (architecture === "roberta") assertEquals(one, other);
    else assertNotEquals(one, other);
  }
});

everyBackend(
  "masked training: a batch of 8 is 2 of 4, with other counts of masks in each",
  async (backend) => {
    const still = { ...small, dropoutRate: 0 }, changes = { steps: 1, clipNorm: 0 };
    const large = newRun(backend, { ...changes, batchSize: 8 }, still), [expected] = await allReports(large);
    for (const [batchSize, accumulation] of [[4, 2], [2, 4], [1, 8]]) {
      const run = newRun(backend, { ...changes, batchSize, accumulation }, still),
        [report] = await allReports(run);
      assertAlmostEquals(report.loss, expected.loss, 1e-6);
      const gradients = { shape: [run.store.size], data: await backend.read(large.optimizer.state.mean) };
      assertClose(
        await backend.read(run.optimizer.state.mean),
        gradients,
        { rtol: 1e-6, atol: 0 },
        `${batchSize}`,
      );
    }
  },
);

everyBackend("masked training: 40 steps are 20, a checkpoint, and 20 more, bit for bit", async (backend) => {
  const changes = { accumulation: 2, steps: 40 },
    whole = newRun(backend, changes),
    first = newRun(backend, changes);
  const reports = await allReports(whole);
  await allReports(first, 10, 20);
  const files = {
    ...await modelFiles(backend, { config: small, experiment: undefined }, first.store),
    ...await trainingFiles(first),
  };
  const second = newRun(backend, { ...changes, seed: 3 });
  restoreTraining(second, files);
  assertEquals(second.step, 20);
  assertEquals(await allReports(second), reports.slice(20));
  assertEquals(await stateOf(second), await stateOf(whole));
  assert(
    reports[39].loss < reports[0].loss - 0.3,
    `the loss falls from ${reports[0].loss} to ${reports[39].loss}`,
  );
});

everyBackend("masked training: every parameter learns", async (backend) => {
  const run = newRun(backend, { steps: 4 }), { parameters, starts } = run.store;
  await allReports(run);
  const squares = await backend.read(run.optimizer.state.square);
  for (const parameter of parameters) {
    const start = starts.get(parameter)!, learned = squares.subarray(start, start + parameter.size);
    assert(learned.some((square) => square > 0), `${parameter.name} has no gradient`);
  }
});

Deno.test("a masked model learns to fill masks, and to be less surprised by every token", async () => {
  const backend = new CpuBackend(),
    run = newRun(backend, { steps: 600 }, {
      ...{ ...small, dropoutRate: 0, layers: 1, modelDim: 32, feedForwardDim: 64 },
    });
  const model = run.model as MaskedLanguageModel, validation = maskedValidationBatches(sequences, options);
  const oneByOne = oneByOneBatches(sequences, { ...options, limit: 40 });
  const before = await evaluate(backend, model, oneByOne);
  assertAlmostEquals(before, Math.log(16), 0.5);
  await allReports(run);
  const [after, masked] = [
    await evaluate(backend, model, oneByOne),
    await evaluate(backend, model, validation),
  ];
  assert(after < 1.3, `${after} nats per token`);
  assert(masked > after, "several masks are harder than one");
  const [{ position, candidates }] = await fillMask(backend, model, Uint32Array.of(0, 6, 7, 15, 9, 10, 2), {
    maskId: 15,
    topK: 16,
  });
  assertEquals([position, candidates[0].id], [3, 8]);
  assertAlmostEquals(candidates.reduce((sum, { probability }) => sum + probability, 0), 1, 1e-5);
  assertEquals(candidates.map(({ probability }) => probability).sort((a, b) => b - a), [
    ...candidates.map(({ probability }) => probability),
  ]);
});

Deno.test("evaluate: a masked model drops nothing and changes nothing", async () => {
  const backend = new CpuBackend(), run = newRun(backend, { steps: 2 }, { ...small, dropoutRate: 0.9 });
  run.advance();
  const before = await stateOf(run), batches = maskedValidationBatches(sequences, options);
  assertEquals(await evaluate(backend, run.model, batches), await evaluate(backend, run.model, batches));
  assertEquals(await stateOf(run), before);
});
