import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Backend, Shape } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { constant, initialize, Parameter } from "../core/module.ts";
import { Tensor } from "../core/tensor.ts";
import type { OptimizerSettings } from "../training/optimizer.ts";
import { newOptimizer } from "../training/optimizers.ts";
import { assertClose, everyBackend, normals, type Values } from "./_testing.ts";

const options = { beta1: 0.9, beta2: 0.98, weightDecay: 0.1, clipNorm: 0 } satisfies OptimizerSettings;

/** Two parameters under weight decay and two without, in a mixed order, none of them 64 elements long. */
const newModel = () => ({
  bias: new Parameter([5], constant(1)),
  weight: new Parameter([7, 11], constant(1)),
  norm: { weight: new Parameter([70], constant(1)) },
  table: new Parameter([3, 3], constant(1)),
});

everyBackend("AdamW decays parameters of more than one dimension, and only those", async (backend) => {
  const model = newModel(), optimizer = newOptimizer(backend, initialize(backend, model, 1), options);
  optimizer.prepare(0, 0.5);
  backend.scope(() => optimizer.update());
  for (const parameter of [model.weight, model.table]) {
    const expected = { shape: parameter.shape, data: new Float32Array(parameter.size).fill(0.95) };
    assertClose(await backend.read(parameter), expected, { rtol: 1e-7, atol: 0 }, parameter.name);
  }
  for (const parameter of [model.bias, model.norm.weight]) {
    assertEquals(await backend.read(parameter), new Float32Array(parameter.size).fill(1), parameter.name);
  }
});

/** The definition of AdamW with clipping, in double precision; all parameters begin at 1. */
function adamwOf(
  gradients: readonly Values[],
  { beta1, beta2, weightDecay, clipNorm }: typeof options,
  rates: number[],
) {
  const states = gradients.map(({ data }) => ({
    values: new Float64Array(data.length).fill(1),
    mean: new Float64Array(data.length),
    square: new Float64Array(data.length),
  }));
  const norm = Math.hypot(...gradients.flatMap(({ data }) => [...data]));
  const clip = clipNorm > 0 ? Math.min(1, clipNorm / norm) : 1;
  for (const [step, rate] of rates.entries()) {
    for (const [index, { data, shape }] of gradients.entries()) {
      const { values, mean, square } = states[index], decay = shape.length > 1 ? weightDecay : 0;
      for (let at = 0; at < data.length; at++) {
        const g = data[at] * clip;
        mean[at] = beta1 * mean[at] + (1 - beta1) * g;
        square[at] = beta2 * square[at] + (1 - beta2) * g * g;
        const step1 = mean[at] / (1 - beta1 ** (step + 1)), step2 = square[at] / (1 - beta2 ** (step + 1));
        values[at] -= rate * (decay * values[at] + step1 / (Math.sqrt(step2) + 1e-8));
      }
    }
  }
  return { norm, values: states.map(({ values }) => values) };
}

for (const clipNorm of [0, 0.5, 1e6]) {
  everyBackend(`AdamW follows its formula over all parameters, clipNorm ${clipNorm}`, async (backend) => {
    const model = newModel(), store = initialize(backend, model, 1), rates = [0.1, 0.05, 0.2];
    const optimizer = newOptimizer(backend, store, { ...options, clipNorm });
    const gradients = store.parameters.map(({ name, shape }) => normals(name, shape));
    for (const [step, rate] of rates.entries()) {
      for (const [index, parameter] of store.parameters.entries()) {
        backend.write(parameter.gradient!, gradients[index].data);
      }
      optimizer.prepare(step, rate);
      backend.scope(() => optimizer.update());
    }
    const expected = adamwOf(gradients, { ...options, clipNorm }, rates);
    const norm = { shape: [1], data: Float64Array.of(expected.norm) };
    assertClose(await backend.read(optimizer.norm), norm, { rtol: 1e-6, atol: 0 }, "norm before clipping");
    for (const [index, parameter] of store.parameters.entries()) {
      const values = { shape: parameter.shape, data: expected.values[index] };
      assertClose(await backend.read(parameter), values, { rtol: 2e-6, atol: 0 }, parameter.name);
    }
    assertEquals(
      await backend.read(store.gradients),
      new Float32Array(store.size),
      "gradients are zero again",
    );
  });
}

/** A backend without memory that writes down what would be run, for models too large to make. */
function recordingBackend() {
  const runs: { name: string; size: number; weightDecay?: number; starts: Record<string, unknown> }[] = [];
  const backend = {
    allocate: (shape: Shape, dataType: "f32" | "u32" = "f32"): Tensor =>
      new Tensor(asBackend, shape, dataType, 0),
    view: (tensor: Tensor, start: number, shape: Shape): Tensor =>
      new Tensor(asBackend, shape, tensor.dataType, tensor.storage as number + start),
    write() {},
    run({ name }: { name: string }, tensors: Record<string, Tensor>, constants: Record<string, number>) {
      const starts = Object.fromEntries(Object.entries(tensors).map(([key, { storage }]) => [key, storage]));
      runs.push({ name, size: constants.size, weightDecay: constants.weightDecay, starts });
    },
  };
  const asBackend = backend as unknown as Backend;
  return { backend: asBackend, runs };
}

Deno.test("AdamW updates a model too large for one binding in ranges that cover it once", () => {
  const { backend, runs } = recordingBackend(), limit = 128 * 2 ** 20 / 4;
  const decayedSize = 2 * limit + 640, size = decayedSize + limit + 64;
  const store = {
    ...initialize(new CpuBackend(), { bias: new Parameter([1], constant(0)) }, 1),
    size,
    decayedSize,
    values: backend.allocate([size]),
    gradients: backend.allocate([size]),
  };
  newOptimizer(backend, store, options).update();
  const updates = runs.filter(({ name }) => name === "adamw");
  assertEquals(updates.map(({ size, weightDecay, starts }) => [starts.parameter, size, weightDecay]), [
    [0, limit, 0.1],
    [limit, limit, 0.1],
    [2 * limit, 640, 0.1],
    [decayedSize, limit, 0],
    [decayedSize + limit, 64, 0],
  ]);
  for (const { starts } of updates) {
    const { parameter, gradient, mean, square } = starts;
    assertEquals([gradient, mean, square], [parameter, parameter, parameter]);
  }
  const sums = runs.filter(({ name }) => name === "squareSums");
  assertEquals(
    sums.map(({ size, starts }) => [starts.x, size]),
    updates.map(({ size, starts }) => [starts.parameter, size]),
  );
  assert(
    runs.findIndex(({ name }) => name === "rootOfSum") < runs.indexOf(updates[0]),
    "the norm is known first",
  );
});

Deno.test("an optimizer refuses settings out of range, and names them", () => {
  const backend = new CpuBackend(),
    store = initialize(backend, { weight: new Parameter([2], constant(0)) }, 1);

  const ranges = {
    beta1: [-0.1, 1],
    beta2: [-0.1, 1],
    momentum: [-0.1, 1],
    epsilon: [0, Infinity],
    weightDecay: [-1, Infinity],
    clipNorm: [-1, Infinity],
  };
  newOptimizer(backend, store, options);
  for (const [name, values] of Object.entries(ranges)) {
    for (const value of [...values, NaN]) {
      const message = `Cannot optimize with ${name} ${value}: expected a number`;
      assertThrows(() => newOptimizer(backend, store, { ...options, [name]: value }), RangeError, message);
    }
  }
});
