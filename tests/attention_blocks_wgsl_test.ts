/** The walk in blocks: sizes that fit no block, blocks that are left out, and bits that repeat. */

import { assert, assertEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { attention, type AttentionOptions } from "../kernels/attention/attention.ts";
import {
  assertSame,
  evaluate,
  hasAdapter,
  ids,
  type Inputs,
  normals,
  type Operation,
  TOLERANCES,
  type Values,
  webGpu,
} from "./_testing.ts";

const attend = (options: AttentionOptions): Operation => ({ query, key, value, lengths }) =>
  attention(query, key, value, { ...options, lengths });

const sized = (...shape: number[]): Inputs => ({
  query: normals("query", shape),
  key: normals("key", shape),
  value: normals("value", shape),
});

/** The random state of a tape with dropout. */
const random = Uint32Array.of(7, 0, 3, 0);

/** A case: its inputs, and what attention does with them. */
interface Case extends AttentionOptions {
  readonly inputs: Inputs;
  /** Whether shaders for software are compared, too: those of wider heads take up to a minute to compile. */
  readonly narrow?: boolean;
}

/** Blocks have 64 rows and 32 columns, steps 32 channels; 80 channels are two and a half of them, 20 less than one. */
const CASES: Readonly<Record<string, Case>> = {
  "1 position of 64 channels": { inputs: sized(2, 1, 1, 64), causal: true, dropoutRate: 0.4 },
  "5 positions of 20 channels": { inputs: { ...sized(2, 1, 5, 20), lengths: ids(5, 2) }, narrow: true },
  "31 positions of 16 channels": {
    inputs: sized(1, 3, 31, 16),
    causal: true,
    dropoutRate: 0.3,
    narrow: true,
  },
  "33 positions of 32 channels, padded": {
    inputs: { ...sized(2, 2, 33, 32), lengths: ids(33, 17) },
    causal: true,
    dropoutRate: 0.3,
  },
  "200 positions of 32 channels, padded": { inputs: { ...sized(2, 1, 200, 32), lengths: ids(200, 33) } },
  "65 positions of 64 channels, padded": {
    inputs: { ...sized(3, 1, 65, 64), lengths: ids(65, 0, 64) },
    dropoutRate: 0.3,
  },
  "32 positions of 80 channels": { inputs: sized(1, 2, 32, 80), dropoutRate: 0.3 },
  "64 positions of 128 channels": { inputs: sized(2, 1, 64, 128), causal: true, dropoutRate: 0.3 },
  "100 positions of 16 channels, large scores": {
    inputs: { ...sized(1, 1, 100, 16), query: normals("query", [1, 1, 100, 16], 10) },
    causal: true,
  },
};

for (const adapterClass of ["software", "hardware"] as const) {
  Deno.test(`attention in blocks equals the CPU reference [webgpu, ${adapterClass} shaders]`, {
    ignore: !hasAdapter,
  }, async () => {
    const backend = await webGpu(adapterClass);
    for (const [what, { inputs, narrow, ...options }] of Object.entries(CASES)) {
      if (adapterClass === "software" && !narrow) continue;
      const [actual, expected] = await Promise.all(
        [backend, new CpuBackend()].map((backend) =>
          evaluate(backend, inputs, attend(options), undefined, random)
        ),
      );
      assertSame(actual, expected, TOLERANCES.rows, what);
    }
  });
}

Deno.test("attention in blocks repeats bit for bit [webgpu, hardware shaders]", {
  ignore: !hasAdapter,
}, async () => {
  const backend = await webGpu("hardware"),
    { inputs, ...options } = CASES["33 positions of 32 channels, padded"];
  const once = await evaluate(backend, inputs, attend(options), undefined, random);
  for (let time = 0; time < 3; time++) {
    assertEquals(await evaluate(backend, inputs, attend(options), undefined, random), once);
  }
});

Deno.test("attention in blocks adds gradients up [webgpu, hardware shaders]", {
  ignore: !hasAdapter,
}, async () => {
  const inputs = { x: normals("x", [1, 2, 67, 16]) };
  const operation: Operation = ({ x }) => attention(x, x.reshape(x.shape), x, { causal: true });
  const [actual, expected] = await Promise.all(
    [await webGpu("hardware"), new CpuBackend()].map((backend) => evaluate(backend, inputs, operation)),
  );
  assertSame(actual, expected, TOLERANCES.rows, "attention of a tensor to itself");
});

Deno.test("attention leaves blocks out that no query sees [webgpu, hardware shaders]", {
  ignore: !hasAdapter,
}, async () => {
  const backend = await webGpu("hardware"), shape = [1, 1, 128, 16];
  /** The inputs and dy with rows of NaN: a block of them that is read shows, since 0 · NaN is NaN. */
  const poisoned = (names: readonly string[], first: number, end: number) => {
    const { dy, ...inputs } = { ...sized(...shape), dy: normals("dy", shape) };
    const all: Inputs = { ...inputs, dy };
    for (const name of names) all[name].data.fill(NaN, first * 16, end * 16);
    return { inputs, dy };
  };
  const assertFinite = ({ data }: Values, first: number, end: number, what: string) =>
    assert(data.subarray(first * 16, end * 16).every(Number.isFinite), `${what} reads what no query sees`);

  const late = poisoned(["query", "key", "value", "dy"], 64, 128);
  const { y, gradients } = await evaluate(backend, late.inputs, attend({ causal: true }), late.dy);
  assertFinite(y, 0, 64, "y");
  assertFinite(gradients.query, 0, 64, "the gradient of the query");

  const early = poisoned(["query", "dy"], 0, 64);
  const causal = await evaluate(backend, early.inputs, attend({ causal: true }), early.dy);
  assertFinite(causal.gradients.key, 64, 128, "the gradient of the key");
  assertFinite(causal.gradients.value, 64, 128, "the gradient of the value");

  const padding = poisoned(["key", "value"], 32, 128);
  const padded = await evaluate(backend, { ...padding.inputs, lengths: ids(32) }, attend({}), padding.dy);
  assertFinite(padded.y, 0, 128, "y of padded keys");
  assertFinite(padded.gradients.query, 0, 128, "the gradient of the query of padded keys");
  assertFinite(padded.gradients.key, 64, 128, "the gradient of padded keys");
  assertFinite(padded.gradients.value, 64, 128, "the gradient of padded values");
});
