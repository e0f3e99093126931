import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize, namedParameters } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { geluErf, relu } from "../kernels/activations.ts";
import { add } from "../kernels/elementwise.ts";
import { type BlockOptions, PostNormBlock, PreNormBlock } from "../models/blocks.ts";
import type { TransformerConfig } from "../models/config.ts";
import { assertClose, everyBackend, normals, TOLERANCES } from "./_testing.ts";

const config: TransformerConfig = {
  vocabSize: 1,
  contextLength: 8,
  layers: 8,
  heads: 3,
  modelDim: 12,
  feedForwardDim: 24,
  dropoutRate: 0.5,
  initialStd: 0.3,
};

const BLOCKS = { PostNormBlock, PreNormBlock };

function build<Kind extends keyof typeof BLOCKS>(backend: Backend, kind: Kind, options?: BlockOptions) {
  const block = new BLOCKS[kind](config, options) as InstanceType<(typeof BLOCKS)[Kind]>;
  const { parameters } = initialize(backend, block, 1);
  // biases, scales and shifts begin the same everywhere: other ones show
  for (const parameter of parameters.filter(({ decayed }) => !decayed)) {
    backend.write(parameter, normals(parameter.name, parameter.shape).data);
  }
  return block;
}

const shape = [2, 5, 12], { data: x } = normals("x", shape);

/** Two ways to compute (B, T, C). */
async function assertEqual(backend: Backend, actual: (x: Tensor) => Tensor, expected: (x: Tensor) => Tensor) {
  const read = (body: (x: Tensor) => Tensor) =>
    backend.read(backend.scope(() => body(backend.from(x, shape))));
  assertClose(await read(actual), { shape, data: await read(expected) }, TOLERANCES.rows, "block");
}

everyBackend("PostNormBlock normalizes after each addition", async (backend) => {
  const block = build(backend, "PostNormBlock"), { attention, norm1, mlp, norm2 } = block;
  await assertEqual(backend, (x) => block.forward(x), (x) => {
    const n = norm1.forward(add(x, attention.forward(x)));
    return norm2.forward(add(n, mlp.forward(n)));
  });
});

everyBackend(
  "PreNormBlock normalizes before each part, and adds to what was not normalized",
  async (backend) => {
    const block = build(backend, "PreNormBlock"), { attention, norm1, mlp, norm2 } = block;
    await assertEqual(backend, (x) => block.forward(x), (x) => {
      const h = add(x, attention.forward(norm1.forward(x)));
      return add(h, mlp.forward(norm2.forward(h)));
    });
  },
);

for (const kind of ["PostNormBlock", "PreNormBlock"] as const) {
  const read = async (backend: Backend, options?: BlockOptions, values = x) =>
    await backend.read(build(backend, kind, options).forward(backend.from(values, shape)));

  Deno.test(`${kind}: the first position sees later ones only where it is not causal`, async () => {
    const backend = new CpuBackend(), changed = x.map((value, at) => at === 4 * 12 ? value + 1 : value);
    const first = async (options: BlockOptions | undefined, values: Float32Array) =>
      (await read(backend, options, values)).slice(0, 12);
    assertEquals(await first(undefined, changed), await first(undefined, x));
    assertNotEquals(await first({ causal: false }, changed), await first({ causal: false }, x));
  });

  Deno.test(`${kind}: the nonlinearity is the one that is asked for`, async () => {
    const backend = new CpuBackend(),
      plain = await read(backend),
      exact = await read(backend, { activation: geluErf });
    const apart = (other: ArrayLike<number>) =>
      Math.max(...Array.from(plain, (y, at) => Math.abs(y - other[at])));
    // the two forms of GELU differ by less than 0.0005, ReLU differs by far more
    assert(apart(exact) > 0 && apart(exact) < 0.005, `${apart(exact)}`);
    assert(apart(await read(backend, { activation: relu })) > 0.02);
  });

  Deno.test(`${kind}: both additions are dropped in training, each on its own, and otherwise nothing is`, async () => {
    const backend = new CpuBackend(), block = build(backend, kind), plain = await read(backend);
    const random = backend.from(new Uint32Array(4)), tape = new Tape(random);
    const silent = (names: RegExp) => {
      for (const parameter of namedParameters(block)) {
        if (names.test(parameter.name)) backend.write(parameter, new Float32Array(parameter.size));
      }
    };
    const run = async (on: Tape) => await backend.read(block.forward(on.watch(backend.from(x, shape))));
    assertEquals(await run(new Tape()), plain);
    assertNotEquals(await run(tape), plain);
    assertEquals([0, 1, 2].map(() => tape.nextStream()), [3, 4, 5]); // weights of attention, and two additions
    silent(/contract/);
    assertNotEquals(await run(new Tape(random)), await run(new Tape()));
    silent(/projection/);
    assertEquals(await run(new Tape(random)), await run(new Tape()));
  });
}

Deno.test("only the residual projections of PreNormBlock begin smaller, by the root of twice the layers", () => {
  const deviations = (block: object) =>
    new Map(
      namedParameters(block).map(({ name, initial }) => [name, "std" in initial ? initial.std : undefined]),
    );
  const post = deviations(new PostNormBlock(config)), pre = deviations(new PreNormBlock(config));
  for (const part of ["attention.queryKeyValue", "attention.projection", "mlp.expand", "mlp.contract"]) {
    const residual = /projection|contract/.test(part);
    assertEquals(post.get(`${part}.weight`), 0.3);
    assertAlmostEquals(pre.get(`${part}.weight`)!, residual ? 0.3 / 4 : 0.3);
    assertEquals([post.get(`${part}.bias`), pre.get(`${part}.bias`)], [undefined, undefined]);
  }
});
