import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize, namedParameters } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { crossEntropy } from "../kernels/cross_entropy.ts";
import { type Block, PostNormBlock, PreNormBlock } from "../models/blocks.ts";
import { Gpt, type GptConfig, type GptContext } from "../models/gpt.ts";
import { newOptimizer } from "../training/optimizers.ts";
import { differentiate } from "./_model.ts";
import { assertClose, everyBackend, integers, TOLERANCES } from "./_testing.ts";

const small: GptConfig = {
  architecture: "gpt1",
  vocabSize: 11,
  contextLength: 8,
  layers: 2,
  heads: 2,
  modelDim: 12,
  feedForwardDim: 24,
  dropoutRate: 0.1,
};

const otherScales = { scaledAttention: false, layerScaledAttention: true, activation: "silu" } as const;
const configs = [
  small,
  { ...small, architecture: "gpt2" },
  { ...small, ...otherScales, architecture: "gpt2" },
] as const satisfies readonly GptConfig[];

function build(backend: Backend, config: GptConfig) {
  const model = new Gpt(config), store = initialize(backend, model, 3);
  // initial weights are so small that positions hardly influence each other: larger ones show more
  for (const parameter of store.parameters.filter(({ decayed }) => decayed)) {
    const { data } = integers(parameter.name, parameter.shape, 1000);
    backend.write(parameter, Float32Array.from(data, (value) => value / 1000 - 0.5));
  }
  return { model, store };
}

for (const config of configs) {
  const name = "activation" in config ? "gpt2 with other scales" : config.architecture;

  everyBackend(`${name}: no position sees a later one`, async (backend) => {
    const { model } = build(backend, config), { data } = integers("ids", [8], 11);
    const logitsOf = async (ids: Uint32Array) =>
      await backend.read(backend.scope(() => model.forward(backend.from(ids, [1, 8]))));
    const logits = await logitsOf(data);
    for (const changed of [0, 3, 7]) {
      const other = await logitsOf(data.map((id, position) => position === changed ? (id + 1) % 11 : id));
      for (let position = 0; position < 8; position++) {
        const [before, after] = [logits, other].map((all) => all.slice(position * 11, (position + 1) * 11));
        if (position < changed) assertEquals(after, before, `position ${position} sees position ${changed}`);
        else assertNotEquals(after, before, `position ${position} does not see position ${changed}`);
      }
    }
  });

  everyBackend(`${name}: position by position with a cache equals all at once`, async (backend) => {
    const { model } = build(backend, config),
      batch = 2,
      time = 8,
      ids = integers("ids", [batch, time], 11).data;
    const expected = await backend.read(backend.scope(() => model.forward(backend.from(ids, [batch, time]))));
    const position = backend.allocate([1], "u32"), shape = [batch, 2, time, 6];
    const caches = model.blocks.map(() => ({
      key: backend.allocate(shape),
      value: backend.allocate(shape),
      position,
    }));
    for (let place = 0; place < time; place++) {
      backend.write(position, Uint32Array.of(place));
      const logits = await backend.read(backend.scope(() => {
        const current = backend.from(Uint32Array.of(ids[place], ids[time + place]), [batch, 1]);
        const positions = backend.from(new Uint32Array(batch).fill(place), [batch, 1]);
        return model.forward(current, { positions, caches });
      }));
      const rows = [0, 1].flatMap((
        row,
      ) => [...expected.slice((row * time + place) * 11, (row * time + place + 1) * 11)]);
      const values = { shape: [batch, 11], data: Float32Array.from(rows) };
      assertClose(logits, values, TOLERANCES.rows, `position ${place}`);
    }
  });

  everyBackend(`${name}: one batch is learned by heart`, async (backend) => {
    const model = new Gpt({ ...config, dropoutRate: 0 }), store = initialize(backend, model, 1);
    const optimizer = newOptimizer(backend, store, { beta2: 0.99, weightDecay: 0, clipNorm: 1 });
    const ids = backend.from(integers("ids", [2, 8], 11).data, [2, 8]);
    const targets = backend.from(integers("targets", [2, 8], 11).data, [2, 8]);
    let loss: Tensor | undefined;
    for (let step = 0; step < 120; step++) {
      optimizer.prepare(step, 0.01);
      loss = backend.scope(() => {
        const { loss } = differentiate(model, ids, targets);
        optimizer.update();
        return loss;
      });
    }
    const [value] = await backend.read(loss!);
    assert(value < 0.05, `the loss is ${value}, expected less than 0.05`);
  });

  everyBackend(`${name}: the same step gives the same bits, dropout and all`, async (backend) => {
    const { model, store } = build(backend, config), { data } = integers("ids", [2, 8], 11);
    const gradients = async (step: number) => {
      backend.write(store.gradients, new Float32Array(store.size));
      backend.scope(() => {
        const ids = backend.from(data, [2, 8]), random = backend.from(Uint32Array.of(1, 0, step, 0));
        differentiate(model, ids, ids, random);
      });
      return await backend.read(store.gradients);
    };
    const first = await gradients(0);
    assertEquals(await gradients(0), first);
    assertNotEquals(await gradients(1), first);
  });

  Deno.test(`${name}: an ablation leaves all other initial values alone`, async () => {
    const backend = new CpuBackend();
    class WithoutMlp implements Block {
      readonly attention;
      constructor(config: GptConfig) {
        this.attention =
          new (config.architecture === "gpt1" ? PostNormBlock : PreNormBlock)(config).attention;
      }
      forward(x: Tensor): Tensor {
        return this.attention.forward(x);
      }
    }
    const whole = new Gpt(config),
      ablated = new Gpt(config, { name: "without_mlp", block: () => new WithoutMlp(config) });
    initialize(backend, whole, 1);
    initialize(backend, ablated, 1);
    const kept = namedParameters(ablated),
      all = new Map(namedParameters(whole).map((other) => [other.name, other]));
    assert(kept.length < all.size);
    for (const parameter of kept) {
      assertEquals(
        await backend.read(parameter),
        await backend.read(all.get(parameter.name)!),
        parameter.name,
      );
    }
  });

  Deno.test(`${name}: attention weights can be observed`, async () => {
    const backend = new CpuBackend(), { model } = build(backend, config), weights: Tensor[] = [];
    model.forward(backend.from(integers("ids", [2, 5], 11).data, [2, 5]), { weights });
    assertEquals(weights.map(({ shape }) => shape), [[2, 2, 5, 5], [2, 2, 5, 5]]);
    const values = [...await backend.read(weights[1])];
    for (let row = 0; row < values.length; row += 5) {
      assertAlmostEquals(values.slice(row, row + 5).reduce((sum, value) => sum + value), 1, 1e-6);
    }
  });
}

Deno.test("Gpt begins with a loss near that of equal chances", async () => {
  const backend = new CpuBackend(), size = 100, model = new Gpt({ ...small, vocabSize: size });
  initialize(backend, model, 1);
  const [ids, targets] = ["ids", "targets"].map((name) =>
    backend.from(integers(name, [4, 8], size).data, [4, 8])
  );
  const [loss] = await backend.read(crossEntropy(model.forward(ids), targets));
  assertAlmostEquals(loss, Math.log(size), 0.1);
});

Deno.test("Gpt: GPT-2's residual projections begin smaller, by the square root of their number", async () => {
  const backend = new CpuBackend(),
    model = new Gpt({ ...small, architecture: "gpt2", modelDim: 64, heads: 4, layers: 8 });
  initialize(backend, model, 1);
  const deviation = async (name: string) => {
    const values = await backend.read(namedParameters(model).find((parameter) => parameter.name === name)!);
    return Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0) / values.length);
  };
  for (const name of ["blocks.3.attention.projection.weight", "blocks.7.mlp.contract.weight"]) {
    assertAlmostEquals(await deviation(name), 0.02 / 4, 0.0005);
  }
  assertAlmostEquals(await deviation("blocks.3.attention.queryKeyValue.weight"), 0.02, 0.001);
});

Deno.test("Gpt: a head of its own is a parameter, a tied one is not", () => {
  const names = (tied?: boolean) => namedParameters(new Gpt({ ...small, tied })).map(({ name }) => name);
  assertEquals(names().includes("languageHead"), false);
  assertEquals(names(false).filter((name) => !names().includes(name)), ["languageHead"]);
});

Deno.test("Gpt refuses sizes that make no sense", () => {
  const refuse = (change: Partial<GptConfig>, message: string) =>
    assertThrows(() => new Gpt({ ...small, ...change }), RangeError, message);
  refuse({ layers: 0 }, "Cannot build a model with layers 0: expected a positive integer");
  refuse({ vocabSize: 2.5 }, "Cannot build a model with vocabSize 2.5");
  refuse({ heads: 5 }, "Cannot divide modelDim 12 into 5 heads: expected a divisor");
  refuse({ dropoutRate: 1 }, "Cannot drop at rate 1: expected 0 <= dropoutRate < 1");
});

Deno.test("Gpt refuses more positions than its context", () => {
  const backend = new CpuBackend(), model = new Gpt(small);
  initialize(backend, model, 1);
  assertThrows(
    () => model.forward(backend.allocate([1, 9], "u32")),
    RangeError,
    "Cannot compute 9 positions: the context length is 8",
  );
});

Deno.test("Gpt refuses caches that say too little, or that something is to be observed with", () => {
  const backend = new CpuBackend(), { model } = build(backend, small), weights: Tensor[] = [];
  const ids = backend.from(Uint32Array.of(1), [1, 1]), positions = backend.from(Uint32Array.of(0), [1, 1]);
  const shape = [1, 2, 8, 6],
    cache = { key: backend.allocate(shape), value: backend.allocate(shape), position: positions };
  const refuse = (context: GptContext, message: string) =>
    assertThrows(() => model.forward(ids, context), TypeError, message);
  refuse({ caches: [cache, cache] }, "Cannot use caches without positions");
  refuse({ caches: [cache], positions }, "Cannot use 1 caches: expected 2, one for each block");
  refuse({ caches: [cache, cache], positions, weights }, "Cannot collect attention weights with a cache");
});
