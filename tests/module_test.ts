import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import {
  allocateParameters,
  constant,
  countParameters,
  initialize,
  namedParameters,
  normal,
  Parameter,
  type ParameterStore,
} from "../core/module.ts";
import { everyBackend } from "./_testing.ts";

/** Two layers and a table that stands in two places. */
function model() {
  const table = new Parameter([10, 7], normal(0.02));
  const layer = () => ({ weight: new Parameter([3, 5], normal(1)), bias: new Parameter([5], constant(0.5)) });
  return {
    name: "no parameter",
    table,
    layers: [layer(), layer()],
    nested: { scale: new Parameter([1], constant(1)), again: table },
  };
}

Deno.test("namedParameters walks properties in order, a tied parameter once", () => {
  const parameters = namedParameters(model());
  assertEquals(parameters.map(({ name }) => name), [
    "table",
    "layers.0.weight",
    "layers.0.bias",
    "layers.1.weight",
    "layers.1.bias",
    "nested.scale",
  ]);
  assertEquals(parameters.map(({ decayed }) => decayed), [true, true, false, true, false, false]);
  assertEquals(namedParameters(model().layers, "stack")[0].name, "stack.0.weight");
});

Deno.test("countParameters counts elements, tied ones once, before anything has memory", () => {
  assertEquals(countParameters(model()), 70 + 2 * 20 + 1);
});

everyBackend("initialize lays parameters out in flat buffers, the decayed ones first", async (backend) => {
  const built = model(), store = initialize(backend, built, 1);
  assertEquals([...store.starts].map(([{ name }, start]) => [name, start]), [
    ["table", 0],
    ["layers.0.weight", 128],
    ["layers.1.weight", 192],
    ["layers.0.bias", 256],
    ["layers.1.bias", 320],
    ["nested.scale", 384],
  ]);
  assertEquals([store.decayedSize, store.size], [256, 448]);

  const values = await backend.read(store.values);
  for (const [parameter, start] of store.starts) {
    assertEquals(await backend.read(parameter), values.slice(start, start + parameter.size), parameter.name);
  }
  assertEquals([...values.subarray(256, 262)], [0.5, 0.5, 0.5, 0.5, 0.5, 0], "values, then padding");
  assert((await backend.read(store.gradients)).every((value) => value === 0));

  // a parameter and its gradient are windows on the flat buffers
  backend.write(built.layers[1].bias.gradient!, [1, 2, 3, 4, 5]);
  assertEquals([...(await backend.read(store.gradients)).subarray(320, 325)], [1, 2, 3, 4, 5]);
});

everyBackend("initialize gives the same bits on every backend", async (backend) => {
  const values = async (backend: Backend) => await backend.read(initialize(backend, model(), 5).values);
  assertEquals(await values(backend), await values(new CpuBackend()));
});

Deno.test("initial values depend on seed and name, not on what else there is", async () => {
  const backend = new CpuBackend();
  const valuesOf = async (module: object, seed: number, name: string) => {
    initialize(backend, module, seed);
    return await backend.read(namedParameters(module).find((parameter) => parameter.name === name)!);
  };
  const first = await valuesOf(model(), 1, "layers.1.weight"), { table, ...without } = model();
  assert(table);
  assertEquals(
    await valuesOf({ layers: [without.layers[1], without.layers[0]] }, 1, "layers.1.weight"),
    first,
  );
  assertNotEquals(await valuesOf(model(), 2, "layers.1.weight"), first);
  assertNotEquals(await valuesOf(model(), 1, "layers.0.weight"), first);
});

Deno.test("normal initial values have their standard deviation", async () => {
  const backend = new CpuBackend(), module = { weight: new Parameter([300, 300], normal(0.02)) };
  initialize(backend, module, 1);
  const values = [...await backend.read(module.weight)], count = values.length;
  const mean = values.reduce((sum, value) => sum + value) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  assertAlmostEquals(mean, 0, 5 * 0.02 / Math.sqrt(count));
  assertAlmostEquals(Math.sqrt(variance), 0.02, 5 * 0.02 / Math.sqrt(2 * count));
});

everyBackend("allocateParameters lays out as initialize does, and draws nothing", async (backend) => {
  const empty = allocateParameters(backend, model()), drawn = initialize(backend, model(), 1);
  const layout = ({ starts }: ParameterStore) => [...starts].map(([{ name }, start]) => [name, start]);
  assertEquals(layout(empty), layout(drawn));
  assertEquals([empty.size, empty.decayedSize], [drawn.size, drawn.decayedSize]);
  assert((await backend.read(empty.values)).every((value) => value === 0));
  backend.write(empty.values, await backend.read(drawn.values));
  assertEquals(await backend.read(empty.parameters[1]), await backend.read(drawn.parameters[1]));
});
