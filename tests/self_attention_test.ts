/** Attention on packed heads, against its twin, which moves them. */

import { assertEquals, assertThrows } from "@std/assert";
import type { AdapterClass } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { initialize } from "../core/module.ts";
import { attention } from "../kernels/attention/attention.ts";
import type { AttentionOptions } from "../kernels/attention/attention_mask.ts";
import { mergeHeads, splitHeads } from "../kernels/attention/heads.ts";
import { selfAttention } from "../kernels/attention/self_attention.ts";
import { add } from "../kernels/elementwise.ts";
import { recompute } from "../kernels/recompute.ts";
import { SelfAttention } from "../models/layers.ts";
import {
  assertSame,
  checkGradients,
  CpuLikeGpu,
  evaluate,
  everyBackend,
  hasAdapter,
  ids,
  type Inputs,
  normals,
  type Operation,
  RecordingBackend,
  TOLERANCES,
  webGpu,
} from "./_testing.ts";

/** The same as `CpuLikeGpu`, with the names of what it runs. */
class LikeHardware extends RecordingBackend {
  readonly adapterClass: AdapterClass = "hardware";
}

/** Bit for bit; unlike `assertEquals`, it does not list what thousands of numbers were. */
const EXACT = { rtol: 0, atol: 0 };

/** The random state of a tape with dropout: seed, the batch's number, and a word that dropout does not read. */
const random = Uint32Array.of(7, 0, 3, 0);

/** A case: its input (B, T, 3C), and what attention does with it. */
interface Case extends AttentionOptions {
  readonly inputs: Inputs;
  readonly heads: number;
}

const packed = (batch: number, time: number, heads: number, headDim: number): Case => ({
  inputs: { x: normals("x", [batch, time, 3 * heads * headDim]) },
  heads,
});

const padded = (found: Case, ...lengths: number[]): Case => ({
  ...found,
  inputs: { ...found.inputs, lengths: ids(...lengths) },
});

/** Around blocks of 64 rows and 32 columns, and of the steps of 32 channels. */
const CASES: Readonly<Record<string, Case>> = {
  "1 position of 16 channels": { ...packed(2, 1, 3, 16), causal: true },
  "65 positions of 16 channels, padded": {
    ...padded(packed(3, 65, 2, 16), 65, 0, 33),
    causal: true,
    dropoutRate: 0.3,
  },
  "70 positions of 20 channels": { ...packed(1, 70, 3, 20), dropoutRate: 0.3 },
  "13 positions of 3 channels, padded": {
    ...padded(packed(2, 13, 2, 3), 13, 6),
    causal: true,
    dropoutRate: 0.3,
  },
  "33 positions of 32 channels, padded": padded(packed(2, 33, 2, 32), 33, 5),
  "100 positions of 64 channels": { ...packed(2, 100, 2, 64), causal: true, dropoutRate: 0.1 },
  "40 positions of 80 channels": { ...packed(1, 40, 2, 80), causal: true },
  "64 positions of 128 channels": { ...packed(1, 64, 2, 128), dropoutRate: 0.3 },
};

const operation = ({ heads, inputs: _, ...options }: Case): Operation => ({ x, lengths }) =>
  selfAttention(x, heads, { ...options, lengths });

const twin = ({ heads, inputs: _, ...options }: Case): Operation => ({ x, lengths }) => {
  const [query, key, value] = splitHeads(x, heads);
  return mergeHeads(attention(query, key, value, { ...options, lengths }));
};

for (const [what, found] of Object.entries(CASES)) {
  for (const precision of ["f32", "f16"] as const) {
    Deno.test(`self-attention on the CPU equals its twin bit for bit: ${what}, ${precision}`, async () => {
      const backend = new LikeHardware({ poison: true }), options = { precision };
      const actual = await evaluate(backend, found.inputs, operation(found), undefined, random, options);
      const expected = await evaluate(backend, found.inputs, twin(found), undefined, random, options);
      assertSame(actual, expected, EXACT, what);
    });
  }
}

Deno.test("self-attention: gradients equal central differences", async () => {
  const found = { ...packed(2, 3, 2, 16), causal: true, dropoutRate: 0.3 };
  await checkGradients(found.inputs, operation(found), random, CpuLikeGpu);
  const short = padded(packed(2, 3, 1, 16), 3, 2);
  await checkGradients(short.inputs, operation(short), undefined, CpuLikeGpu);
});

everyBackend("self-attention equals the CPU reference", async (backend) => {
  for (const [what, found] of Object.entries(CASES)) {
    // shaders for software of wider heads take up to a minute to compile
    if (backend.adapterClass === "software" && found.inputs.x.shape[2] / found.heads > 3 * 20) continue;
    const expected = await evaluate(new CpuBackend(), found.inputs, twin(found), undefined, random);
    const actual = await evaluate(backend, found.inputs, operation(found), undefined, random);
    assertSame(actual, expected, TOLERANCES.rows, what);
  }
});

everyBackend("self-attention in half precision equals the CPU reference", async (backend) => {
  const found = CASES["65 positions of 16 channels, padded"], options = { precision: "f16" } as const;
  const expected = await evaluate(new CpuBackend(), found.inputs, twin(found), undefined, random, options);
  const actual = await evaluate(backend, found.inputs, operation(found), undefined, random, options);
  assertSame(actual, expected, TOLERANCES.rows, "in halves");
}, { halves: true });

everyBackend("self-attention adds to a gradient, and draws its own masks each time", async (backend) => {
  const found = { ...packed(2, 67, 2, 16), causal: true, dropoutRate: 0.3 };
  const twice = (operation: Operation): Operation => (tensors) => add(operation(tensors), operation(tensors));
  const expected = await evaluate(new CpuBackend(), found.inputs, twice(twin(found)), undefined, random);
  for (const one of [backend, new CpuLikeGpu()]) {
    const actual = await evaluate(one, found.inputs, twice(operation(found)), undefined, random);
    assertSame(actual, expected, TOLERANCES.rows, "twice");
  }
});

Deno.test("self-attention repeats bit for bit, also computed again [webgpu, hardware shaders]", {
  ignore: !hasAdapter,
}, async () => {
  const backend = await webGpu("hardware"), found = CASES["65 positions of 16 channels, padded"];
  const once = await evaluate(backend, found.inputs, operation(found), undefined, random);
  for (let time = 0; time < 3; time++) {
    const again = await evaluate(backend, found.inputs, operation(found), undefined, random);
    assertSame(again, once, EXACT, "repeated");
  }
  const layer = new SelfAttention({ modelDim: 32, heads: 2, causal: true, dropoutRate: 0.3, std: 0.3 });
  initialize(backend, layer, 1);
  const input = { x: normals("x", [2, 65, 32]) };
  const computed = (isComputedAgain: boolean) =>
    evaluate(backend, input, ({ x }) => recompute(x, (x) => layer.forward(x)), undefined, random, {
      recompute: isComputedAgain,
    });
  assertSame(await computed(true), await computed(false), EXACT, "computed again");
});

/** The kernels of the forward pass and of the backward pass, which begins with a gradient of zeros to which dy is added. */
async function kernelsOf(backend: RecordingBackend, found: Case, precision: "f32" | "f16") {
  let forward: string[] = [];
  await evaluate(
    backend,
    found.inputs,
    (tensors) => {
      backend.kernels.length = 0;
      const y = operation(found)(tensors);
      forward = backend.kernels.splice(0);
      return y;
    },
    undefined,
    random,
    { precision },
  );
  return { forward, backward: backend.kernels.slice(2) };
}

Deno.test("self-attention leaves heads where they stand where there are shaders: 4 kernels instead of 12", async () => {
  const found = CASES["1 position of 16 channels"];
  const { forward, backward } = await kernelsOf(new LikeHardware(), found, "f32");
  assertEquals(forward, ["selfAttentionForward"]);
  assertEquals(backward, [
    "selfAttentionStatistics",
    "selfAttentionBackwardQuery",
    "selfAttentionBackwardKeyValue",
  ]);
  const halves = await kernelsOf(new LikeHardware(), found, "f16");
  assertEquals(halves.forward, ["castToHalf", "selfAttentionForwardHalf"]);
  assertEquals(halves.backward[0], "castToHalf");
  assertEquals(halves.backward.length, 4);
  const moved = await kernelsOf(new RecordingBackend(), found, "f32");
  assertEquals(moved.forward.length + moved.backward.length, 12);
});

Deno.test("self-attention refuses heads and lengths that do not fit", () => {
  for (const backend of [new CpuBackend(), new LikeHardware()]) {
    assertThrows(
      () => selfAttention(backend.allocate([1, 2, 96]), 5),
      TypeError,
      "Cannot split (1, 2, 96) into 5 heads: expected a multiple of 15",
    );
    assertThrows(
      () => selfAttention(backend.allocate([2, 2, 96]), 2, { lengths: backend.from(Uint32Array.of(1)) }),
      TypeError,
      "Cannot attend to sequences with lengths (1) of u32: expected 2 of u32",
    );
  }
});
