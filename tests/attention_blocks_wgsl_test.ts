/** The walk in blocks: sizes that fit no block, blocks that are left out, and bits that repeat. */

import { assert, assertEquals } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { assembleShader } from "../core/webgpu/shader.ts";
import type { AnyKernel } from "./_shaders.ts";
import {
  attention,
  attentionBackwardKeyValue,
  attentionBackwardQuery,
  attentionForward,
} from "../kernels/attention/attention.ts";
import type { AttentionOptions } from "../kernels/attention/attention_mask.ts";
import { attentionTensors } from "./_random_tensors.ts";
import {
  selfAttentionBackwardKeyValue,
  selfAttentionBackwardQuery,
  selfAttentionForward,
} from "../kernels/attention/self_attention.ts";
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

/** The random state of a tape with dropout. */
const random = Uint32Array.of(7, 0, 3, 0);

/** A case: its inputs, and what attention does with them. */
interface Case extends AttentionOptions {
  readonly inputs: Inputs;
  /** Whether shaders for software are compared, too: those of wider heads take up to a minute to compile. */
  readonly narrow?: boolean;
}

/**
 * Blocks have 64 rows and 32 columns, steps 32 channels; 80 channels are two and a half of them, 20 less than one. Where there
 * are many groups, invocations compute twice as much.
 */
const CASES: Readonly<Record<string, Case>> = {
  "1 position of 16 channels": { inputs: attentionTensors(2, 1, 1, 16), causal: true, dropoutRate: 0.4 },
  "2 positions of 64 channels, many heads": { inputs: attentionTensors(16, 32, 2, 64), dropoutRate: 0.4 },
  "5 positions of 20 channels": {
    inputs: { ...attentionTensors(2, 1, 5, 20), lengths: ids(5, 2) },
    narrow: true,
  },
  "31 positions of 16 channels": {
    inputs: attentionTensors(1, 3, 31, 16),
    causal: true,
    dropoutRate: 0.3,
    narrow: true,
  },
  "65 positions of 32 channels, many heads, padded": {
    inputs: {
      ...attentionTensors(16, 16, 65, 32),
      lengths: ids(65, 64, 63, 33, 32, 31, 1, 0, 65, 64, 63, 33, 32, 31, 1, 0),
    },
    causal: true,
    dropoutRate: 0.3,
  },
  "200 positions of 32 channels, padded": {
    inputs: { ...attentionTensors(2, 1, 200, 32), lengths: ids(200, 33) },
  },
  "65 positions of 64 channels, padded": {
    inputs: { ...attentionTensors(3, 1, 65, 64), lengths: ids(65, 0, 64) },
    dropoutRate: 0.3,
  },
  "32 positions of 80 channels": { inputs: attentionTensors(1, 2, 32, 80), dropoutRate: 0.3 },
  "64 positions of 128 channels": { inputs: attentionTensors(2, 1, 64, 128), causal: true, dropoutRate: 0.3 },
  "100 positions of 16 channels, large scores": {
    inputs: { ...attentionTensors(1, 1, 100, 16), query: normals("query", [1, 1, 100, 16], 10) },
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
    { inputs, ...options } = CASES["65 positions of 32 channels, many heads, padded"];
  const once = await evaluate(backend, inputs, attend(options), undefined, random);
  for (let time = 0; time < 3; time++) {
    assertEquals(await evaluate(backend, inputs, attend(options), undefined, random), once);
  }
});

Deno.test("attention in blocks adds gradients up [webgpu, hardware shaders]", {
  ignore: !hasAdapter,
}, async () => {
  const inputs = { x: normals("x", [1, 2, 67, 16]) };
  const operation: Operation = ({ x }) => {
    const y = attention(x, x, x, { causal: true });
    return attention(x, y.reshape(y.shape), x, { causal: true }); // x has a gradient when the one before it is computed
  };
  const [actual, expected] = await Promise.all(
    [await webGpu("hardware"), new CpuBackend()].map((backend) => evaluate(backend, inputs, operation)),
  );
  assertSame(actual, expected, TOLERANCES.rows, "attention of a tensor to itself");
});

/** What a shader does with the memory that a group shares, line by line; a loop with a barrier in it runs twice. */
function* sharedMemoryUse(
  lines: readonly string[],
): Generator<{ line: string; memory?: string; write?: boolean }> {
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at].trim();
    if (line.startsWith("for (")) {
      let end = at, depth = 0;
      do depth += lines[end].split("{").length - lines[end].split("}").length; while (
        depth > 0 && end++ < lines.length
      );
      const body = lines.slice(at + 1, end),
        turns = body.some((inner) => inner.includes("Barrier()")) ? 2 : 1;
      for (let turn = 0; turn < turns; turn++) yield* sharedMemoryUse(body);
      at = end;
    } else if (line.includes("Barrier()")) yield { line };
    else {
      const [, written] = line.match(/^(tall|wide|partial)\[[^=]*\] = /) ?? [];
      for (
        const [, memory] of line.slice(written ? line.indexOf("=") : 0).matchAll(/\b(tall|wide|partial)\[/g)
      ) {
        yield { line, memory, write: false };
      }
      if (written) yield { line, memory: written, write: true };
    }
  }
}

Deno.test("attention in blocks has a barrier between what a lane writes and what others read, both ways", () => {
  const sizes = { batch: 2, heads: 3, time: 100, headDim: 64, causal: 1, padded: 1, stream: 0 };
  const constants = {
    ...sizes,
    threshold: 1000,
    keepScale: 1,
    accumulate: 0,
    accumulateKey: 0,
    accumulateValue: 0,
  };
  const kernels = [
    ...[attentionForward, attentionBackwardQuery, attentionBackwardKeyValue],
    ...[selfAttentionForward, selfAttentionBackwardQuery, selfAttentionBackwardKeyValue],
  ];
  for (const kernel of kernels as AnyKernel[]) {
    const { name } = kernel, { code } = assembleShader(kernel, constants, "hardware");
    const written = new Set<string>(), read = new Set<string>();
    let uses = 0;
    for (const { line, memory, write } of sharedMemoryUse(code.slice(code.indexOf("fn run(")).split("\n"))) {
      if (!memory) {
        written.clear();
        read.clear();
        continue;
      }
      uses++;
      assert(!(write ? read : written).has(memory), `${name} needs a barrier before ${line}`);
      (write ? written : read).add(memory);
    }
    assert(uses > 20, `${name}: ${uses} uses of shared memory were found`);
  }
});

Deno.test("attention leaves blocks out that no query sees [webgpu, hardware shaders]", {
  ignore: !hasAdapter,
}, async () => {
  const backend = await webGpu("hardware"), shape = [1, 1, 128, 16];
  /** The inputs and dy with rows of NaN: a block of them that is read shows, since 0 · NaN is NaN. */
  const poisoned = (names: readonly string[], first: number, end: number) => {
    const { dy, ...inputs } = { ...attentionTensors(...shape), dy: normals("dy", shape) };
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
