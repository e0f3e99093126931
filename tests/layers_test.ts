import { assertEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize, namedParameters } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { relu } from "../kernels/activations.ts";
import { LayerNorm, Linear, Mlp, SelfAttention } from "../models/layers.ts";
import { assertClose, everyBackend, normals, TOLERANCES } from "./_testing.ts";

const names = (module: object) => namedParameters(module).map(({ name, shape }) => `${name} (${shape})`);

Deno.test("layers declare their parameters", () => {
  assertEquals(names(new Linear(3, 5, 1)), ["weight (3,5)", "bias (5)"]);
  assertEquals(names(new LayerNorm(4, 1e-5)), ["weight (4)", "bias (4)"]);
  assertEquals(names(new SelfAttention({ modelDim: 4, heads: 2, causal: true, dropoutRate: 0, std: 1 })), [
    "queryKeyValue.weight (4,12)",
    "queryKeyValue.bias (12)",
    "projection.weight (4,4)",
    "projection.bias (4)",
  ]);
  assertEquals(names(new Mlp({ modelDim: 4, feedForwardDim: 10, activation: relu, std: 1 })), [
    "expand.weight (4,10)",
    "expand.bias (10)",
    "contract.weight (10,4)",
    "contract.bias (4)",
  ]);
});

everyBackend("Linear and LayerNorm begin as they should", async (backend) => {
  const linear = new Linear(2, 2, 0), norm = new LayerNorm(2, 0);
  initialize(backend, linear, 1);
  initialize(backend, norm, 1);
  const [y, z] = backend.scope(() => {
    const x = backend.from([1, 3, 5, 1], [2, 2]);
    return [linear.forward(x), norm.forward(x)];
  });
  assertEquals([...await backend.read(y)], [0, 0, 0, 0]);
  assertEquals([...await backend.read(z)], [-1, 1, 1, -1]);
});

Deno.test("Mlp applies its activation between two linear layers", async () => {
  const backend = new CpuBackend(),
    mlp = new Mlp({ modelDim: 1, feedForwardDim: 2, activation: relu, std: 1 });
  initialize(backend, mlp, 1);
  backend.write(mlp.expand.weight, [1, -1]);
  backend.write(mlp.contract.weight, [10, 100]);
  assertEquals([...await backend.read(mlp.forward(backend.from([2, -3], [1, 2, 1])))], [20, 300]);
});

/** A random self-attention and its input. */
function selfAttention(backend: Backend, causal: boolean, dropoutRate = 0) {
  const layer = new SelfAttention({ modelDim: 12, heads: 3, causal, dropoutRate, std: 0.3 });
  initialize(backend, layer, 1);
  return { layer, input: () => backend.from(normals("x", [2, 5, 12]).data, [2, 5, 12]) };
}

everyBackend("SelfAttention that is observed computes the same, and shows its weights", async (backend) => {
  for (const causal of [false, true]) {
    const { layer, input } = selfAttention(backend, causal), weights: Tensor[] = [];
    const expected = await backend.read(backend.scope(() => layer.forward(input())));
    const y = backend.scope(() => layer.forward(input(), { weights }));
    assertClose(await backend.read(y), { shape: y.shape, data: expected }, TOLERANCES.rows, "observed");
    assertEquals(weights.map(({ shape }) => shape), [[2, 3, 5, 5]]);
  }
});

everyBackend("SelfAttention with lengths does not see padding", async (backend) => {
  const { layer } = selfAttention(backend, false), { data } = normals("x", [1, 5, 12]);
  const run = async (values: Float32Array, lengths: number[]) =>
    await backend.read(backend.scope(() =>
      layer.forward(backend.from(values, [1, values.length / 12, 12]), {
        lengths: backend.from(Uint32Array.from(lengths)),
      })
    ));
  const short = await run(data.slice(0, 36), [3]), long = await run(data, [3]);
  assertClose(
    long.subarray(0, 36),
    { shape: [3, 12], data: short },
    TOLERANCES.rows,
    "the first three positions",
  );
});

Deno.test("SelfAttention drops weights on a tape with random state only", async () => {
  const backend = new CpuBackend(), { layer, input } = selfAttention(backend, true, 0.5);
  const run = async (tape?: Tape) => {
    const x = input();
    tape?.watch(x);
    return await backend.read(layer.forward(x));
  };
  const plain = await run();
  assertEquals(await run(new Tape()), plain);
  const dropped = await run(new Tape(backend.from(new Uint32Array(4))));
  assertEquals(dropped.some((value, at) => value !== plain[at]), true);
});
