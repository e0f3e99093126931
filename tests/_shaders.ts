/** What the tests of shaders share: every kernel, with constants that make it choose each of its tiles. */

import type { Constants, Kernel } from "../core/backend.ts";

// deno-lint-ignore no-explicit-any -- kernels of every shape
export type AnyKernel = Kernel<any, any, any>;

/** A kernel with constants. */
export type KernelRun = readonly [kernel: AnyKernel, constants: Constants];

/** All kernels that modules export. */
function kernelsIn(modules: readonly object[]): Set<AnyKernel> {
  const found = new Set<AnyKernel>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("cpu" in value && "wgsl" in value) found.add(value as AnyKernel);
    else if (Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)) {
      Object.values(value).forEach(look);
    }
  };
  for (const module of modules) Object.values(module).forEach(look);
  return found;
}

const rows = { rows: 65, columns: 1000, causal: 1, epsilon: 1e-5 };
const heads = { batch: 3, time: 65, heads: 4, parts: 3, part: 1 };
const cached = { ...heads, rows: 12, time: 1024, stride: 768, keyStart: 256, valueStart: 512, factor: 1 };
const products = [
  [1, 768, 768],
  [65, 63, 66],
  [64, 768, 3072],
  [1024, 256, 1024],
  [48, 768, 768],
  [4096, 64, 2048],
  [384, 16_384, 1536],
].flatMap(
  ([rows, inner, columns]) =>
    [0, 1].flatMap((transposeA) =>
      [0, 1].map((transposeB) => ({ batch: 2, rows, inner, columns, transposeA, transposeB, accumulate: 1 }))
    ),
);
const attentions = [[3, 3], [3, 4], [3, 32], [64, 32], [64, 64], [3, 80], [3, 128]].flatMap((
  [batch, headDim],
) =>
  [0, 0.1].map((rate) => ({
    ...heads,
    batch,
    headDim,
    causal: 1,
    padded: 1,
    threshold: rate * 2 ** 32 >>> 0,
    keepScale: 1 / (1 - rate),
    stream: 0,
    accumulate: 0,
    accumulateKey: 1,
    accumulateValue: 0,
  }))
);

/** Constants by the kernels that need others than `FALLBACK` has. */
const REPRESENTATIVE: Record<string, Constants[]> = {
  matmul: products,
  matmulBiased: products,
  matmulSlices: products.filter(({ rows }) => rows > 8).map((constants) => ({
    ...constants,
    sliceLength: 256,
  })),
  attentionForward: attentions,
  attentionBackwardQuery: attentions,
  attentionBackwardKeyValue: attentions,
  attentionStatistics: attentions,
  selfAttentionForward: attentions,
  selfAttentionBackwardQuery: attentions,
  selfAttentionBackwardKeyValue: attentions,
  selfAttentionStatistics: attentions,
  cacheFill: [{ ...cached, headDim: 64, length: 65 }],
  cachedAttention: [{ ...cached, headDim: 3 }, { ...cached, headDim: 128 }],
};

/** Constants of all other kernels. */
const FALLBACK: Constants = {
  ...rows,
  ...heads,
  headDim: 16,
  size: 100_000,
  length: 5,
  momentum: 0.9,
  value: 0,
  factor: 2,
  first: 3,
  last: 1,
  padded: 1,
  padding: 1,
  weighted: 1,
  beta1: 0.9,
  beta2: 0.999,
  weightDecay: 0.01,
  clipNorm: 1,
  stream: 1,
  threshold: 1000,
  keepScale: 1.1,
  joined: 1,
  accumulate: 1,
  accumulateA: 1,
  accumulateB: 1,
  accumulateBranch: 1,
  temperature: 0.8,
  topK: 40,
  topP: 0.9,
  repetitionPenalty: 1.1,
  capacity: 100,
  vocabulary: 1000,
  slices: 3,
};

/** The same with every switch off. */
const PLAIN: Constants = {
  ...FALLBACK,
  ...{ causal: 0, padded: 0, weighted: 0, joined: 0, topK: 0, topP: 1 },
  ...{ accumulate: 0, accumulateA: 0, accumulateB: 0, accumulateBranch: 0 },
};

/** With and without dropout, rows that fit into a lane's variables, and longer ones. */
const sums = [FALLBACK, PLAIN].flatMap((constants) =>
  [[1000, 0], [64, 1000], [4096, 1000]].map(([columns, threshold]) => ({ ...constants, columns, threshold }))
);

/** All kernels that modules export, with representative constants. */
export const representativeRuns = (modules: readonly object[]): KernelRun[] =>
  [...kernelsIn(modules)].flatMap((kernel) => {
    const all = kernel.name.startsWith("addNorm")
      ? sums
      : REPRESENTATIVE[kernel.name.replace(/Half$/, "")] ?? [FALLBACK, PLAIN];
    return all.map((constants) => [kernel, constants] as const);
  });
