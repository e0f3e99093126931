import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { MaskedLanguageModel, type RobertaConfig } from "../models/roberta.ts";
import { modelFiles, restoreTraining, trainingFiles } from "../checkpoints/checkpoint.ts";
import { evaluate } from "../training/evaluate.ts";
import { fillMask } from "../inference/fill_mask.ts";
import { maskedBatches, type MaskedBatchOptions, maskedValidationBatches } from "../data/masked_batches.ts";
import { oneByOneBatches } from "../data/masked_batches.ts";
import { packDocuments } from "../data/sequences.ts";
import { TrainingRun, type TrainingSettings } from "../training/train.ts";
import { assertClose, everyBackend, integers, TOLERANCES } from "./_testing.ts";
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

/** A model whose weights are so large that every position shows. */
function lively(backend: Backend, config = small): MaskedLanguageModel {
  const model = new MaskedLanguageModel({ initialStd: 0.5, ...config });
  initialize(backend, model, 1);
  return model;
}

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

everyBackend("roberta: every position sees all others, and no padding", async (backend) => {
  const model = lively(backend), { data } = integers("ids", [8], 11), lengths = Uint32Array.of(6);
  const logitsOf = async (ids: Uint32Array) =>
    await backend.read(backend.scope(() => {
      return model.forward(backend.from(ids, [1, 8]), { lengths: backend.from(lengths) });
    }));
  const logits = await logitsOf(data);
  for (const changed of [0, 3, 5, 6, 7]) {
    const other = await logitsOf(data.map((id, position) => position === changed ? id + 1 : id));
    for (let position = 0; position < 6; position++) {
      const [before, after] = [logits, other].map((all) => all.slice(position * 16, (position + 1) * 16));
      if (changed >= 6) assertEquals(after, before, `position ${position} sees padding ${changed}`);
      else assertNotEquals(after, before, `position ${position} does not see position ${changed}`);
    }
  }
});

everyBackend("roberta: a text is scored the same alone and padded, in company", async (backend) => {
  const model = lively(backend), ids = Uint32Array.of(0, 7, 15, 9, 2);
  const read = (body: () => Tensor) => backend.read(backend.scope(body));
  const alone = await read(() => model.forward(backend.from(ids, [1, 5])));
  const padded = await read(() => {
    const rows = backend.from(Uint32Array.of(0, 5, 2, 1, 1, 1, 1, 1, ...ids, 1, 1, 1), [2, 8]);
    return model.forward(rows, { lengths: backend.from(Uint32Array.of(3, 5)) });
  });
  const expected = { shape: [5, 16], data: alone };
  assertClose(padded.slice(8 * 16, 13 * 16), expected, TOLERANCES.rows, "padded");
  const some = await read(() =>
    model.forwardAt(backend.from(ids, [1, 5]), backend.from(Uint32Array.of(4, 2)))
  );
  const rows = [4, 2].flatMap((row) => [...alone.slice(row * 16, row * 16 + 16)]);
  assertClose(some, { shape: [2, 16], data: Float32Array.from(rows) }, TOLERANCES.rows, "at places");
});

Deno.test("roberta: attention can be observed, but not of padding", async () => {
  const backend = new CpuBackend(), model = lively(backend), weights: Tensor[] = [];
  const ids = backend.from(Uint32Array.of(0, 7, 15, 9, 2), [1, 5]);
  model.forward(ids, { weights });
  assertEquals(weights.map(({ shape }) => shape), [[1, 2, 5, 5], [1, 2, 5, 5]]);
  const rows = [...await backend.read(weights[0])];
  for (let row = 0; row < rows.length; row += 5) {
    assertAlmostEquals(rows.slice(row, row + 5).reduce((sum, value) => sum + value), 1, 1e-6);
    assert(rows[row + 4] > 0);
  }
  const lengths = backend.from(Uint32Array.of(3));
  assertThrows(
    () => model.forward(ids, { weights, lengths }),
    TypeError,
    "Cannot collect attention weights of padded",
  );
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

Deno.test("roberta refuses more positions than its context", () => {
  const backend = new CpuBackend(), model = lively(backend);
  const read = () => model.forward(backend.allocate([1, 9], "u32"));
  assertThrows(read, RangeError, "Cannot compute 9 positions: the context length is 8");
});

everyBackend("roberta: token types are 0 unless given, and each has a vector", async (backend) => {
  const model = lively(backend, { ...small, tokenTypes: 3 }), ids = integers("types", [2, 5], 16).data;
  const read = (types?: Uint32Array) =>
    backend.read(
      backend.scope(() =>
        model.forward(backend.from(ids, [2, 5]), { tokenTypes: types && backend.from(types, [2, 5]) })
      ),
    );
  const usual = await read();
  assertEquals(await read(new Uint32Array(10)), usual);
  assertNotEquals(await read(new Uint32Array(10).fill(1)), usual);
  assertNotEquals(await read(new Uint32Array(10).fill(2)), await read(new Uint32Array(10).fill(1)));
});

Deno.test("roberta: what does not fit together is refused", () => {
  const backend = new CpuBackend(), ids = backend.from(new Uint32Array(4), [1, 4]);
  assertThrows(
    () => lively(backend).forward(ids, { tokenTypes: ids }),
    TypeError,
    "Cannot use token types: the model has one type only",
  );
  assertThrows(
    () => lively(backend, { ...small, tokenTypes: 0 }),
    RangeError,
    "Cannot build a model with tokenTypes 0",
  );
  for (const padId of [16, -1, 0.5]) {
    const message = `Cannot pad texts with token ${padId}: the vocabulary has 16 tokens, 0 to 15`;
    assertThrows(() => lively(backend, { ...small, padId }), RangeError, message);
  }
  const headless = lively(backend, { ...small, headless: true });
  assertEquals(headless.encoder.states(ids).shape, [1, 4, 12]);
  assertThrows(() => headless.forward(ids), TypeError, "the model is an encoder without a language head");
});

const bert: RobertaConfig = { ...small, architecture: "bert", dropoutRate: 0 };

Deno.test("bert: positions begin at 0, so the table has a row for each, whatever padding is", async () => {
  const backend = new CpuBackend(),
    read = async (padId: number) => {
      const model = lively(backend, { ...bert, padId }),
        ids = backend.from(Uint32Array.of(5, 5, 5, 5), [1, 4]);
      assertEquals((model.encoder.positionEmbedding as unknown as Tensor).shape, [8, 12]);
      return await backend.read(model.encoder.states(ids));
    };
  assertEquals(await read(0), await read(5));
  const full = backend.from(new Uint32Array(8).fill(4), [1, 8]);
  assertEquals(lively(backend, bert).forward(full).shape, [1, 8, 16]);
});

Deno.test("bert: its language head has the activation of the blocks, RoBERTa's always the exact GELU", async () => {
  const backend = new CpuBackend();
  for (const architecture of ["bert", "roberta"] as const) {
    const logitsOf = async (activation: "relu" | "geluErf") => {
      const { languageHead, encoder } = lively(backend, { ...bert, architecture, activation });
      const states = backend.from(Float32Array.from({ length: 12 }, (_, index) => index - 6), [1, 12]);
      return await backend.read(languageHead!.forward(states, encoder.tokenEmbedding));
    };
    const [one, other] = [await logitsOf("relu"), await logitsOf("geluErf")];
    if (architecture === "roberta") assertEquals(one, other);
    else assertNotEquals(one, other);
  }
});

Deno.test("bert: an encoder alone has a pooler, a language model none, and a RoBERTa never", async () => {
  const backend = new CpuBackend({ floats: Float64Array });
  const { encoder } = lively(backend, { ...bert, headless: true });
  const row = Float64Array.from({ length: 12 }, (_, index) => 0.1 * index - 0.5),
    states = backend.from(row, [1, 12]);
  const weight = await backend.read(encoder.pooler!.weight);
  const expected = Array.from(
    row,
    (_, column) => Math.tanh(row.reduce((sum, value, index) => sum + value * weight[12 * index + column], 0)),
  );
  const pooled = await backend.read(encoder.pool(states));
  assertClose(pooled, { shape: [1, 12], data: Float64Array.from(expected) }, TOLERANCES.golden64, "pooled");
  for (const config of [bert, { ...bert, architecture: "roberta" as const, headless: true }]) {
    const { encoder } = lively(backend, config);
    assertEquals(encoder.pooler, undefined);
    assertEquals(encoder.pool(states), states);
  }
});
