import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";
import type { RobertaConfig } from "../models/roberta.ts";
import { assertClose, everyBackend, integers, TOLERANCES } from "./_testing.ts";

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

const bert: RobertaConfig = { ...small, architecture: "bert", dropoutRate: 0 };

/** A model whose weights are so large that every position shows. */
function lively(backend: Backend, config = small): MaskedLanguageModel {
  const model = new MaskedLanguageModel({ initialStd: 0.5, ...config });
  initialize(backend, model, 1);
  return model;
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
});

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
