/**
 * Self-attention on the rows that linear layers write and read: what `attention` computes, without moving heads before it and
 * after it.
 *
 *     x (B, T, 3C)  →  y (B, T, C)        y = mergeHeads(attention(…splitHeads(x)))
 *
 * That line is the twin. It reads and writes 4 C numbers at each position only to move them: query, key and value out of x, and
 * the result into y; the backward pass moves as many. But a row of D numbers is as easily read where it stands in x. So the
 * shaders of `attention` are given another layout here (`head_layout.ts`), which saves eight kernels, and the memory for what
 * they make.
 *
 * Backward. dQuery, dKey and dValue are parts of one gradient dx. Two kernels write it, one after the other: the first all of
 * dQuery, the second all of dKey and dValue. Together they write every element once, so both store, or both add.
 *
 * What is computed from a row is what `attention` computes, in the same order and with the same masks of dropout: its lesson is
 * the one to read. Backends without shaders run the twin: to WebAssembly moving heads is less than a hundredth of a step, and
 * its loops are fast on rows that follow each other.
 *
 * Reference: Vaswani et al., "Attention is all you need", 2017, section 3.2.2.
 *
 * @module
 */

import { type AdapterClass, kernel } from "../../core/backend.ts";
import { gradientOf, gradientToWrite, outputOf, type Tensor } from "../../core/tensor.ts";
import { declareBindings } from "../../core/webgpu/shader.ts";
import { elementWgsl, operandIn, operandOn, readingHalves } from "../matmul/half.ts";
import { readRowWgsl } from "../rows.ts";
import { attention, planned } from "./attention.ts";
import {
  attentionBackwardKeyValueCpu,
  attentionBackwardQueryCpu,
  attentionForwardCpu,
  attentionStatisticsCpu,
} from "./attention_cpu.ts";
import {
  ATTENTION_BACKWARD_QUERY_CONSTANTS,
  ATTENTION_CONSTANTS,
  ATTENTION_STATISTICS_CONSTANTS,
  ATTENTION_STATISTICS_READS,
  type AttentionOptions,
  prepareMask,
  VISIBLE_WGSL,
} from "./attention_mask.ts";
import {
  attentionBackwardKeyValueWgsl,
  attentionBackwardQueryWgsl,
  attentionForwardWgsl,
} from "./attention_wgsl.ts";
import { PACKED } from "./head_layout.ts";
import { headSizes, mergeHeads, splitHeads } from "./heads.ts";

/** y = softmax(query · keyᵀ / √D) · value, and the log of the softmax's denominator, by heads. */
export const selfAttentionForward = kernel({
  name: "selfAttentionForward",
  reads: { x: "f32", lengths: "u32", random: "u32" },
  writes: { y: "f32", logSumExp: "f32" },
  constants: ATTENTION_CONSTANTS,
  ...planned("forward"),
  cpu: ({ x, ...arrays }, settings) =>
    attentionForwardCpu({ query: x, key: x, value: x, ...arrays }, settings, PACKED),
  wgsl: (constants, adapter, types) => attentionForwardWgsl(constants, adapter, types, PACKED),
});

/** Statistics of each query: see `attentionStatistics`. */
export const selfAttentionStatistics = kernel({
  name: "selfAttentionStatistics",
  reads: ATTENTION_STATISTICS_READS,
  writes: { statistics: "f32" },
  constants: ATTENTION_STATISTICS_CONSTANTS,
  elements: ({ batch, heads, time }) => batch * heads * time,
  cpu: (arrays, settings) => attentionStatisticsCpu(arrays, settings, PACKED),
  // neighbouring invocations have neighbouring rows of y
  wgsl: ({ headDim }, _, types) =>
    `${
      declareBindings(
        Object.keys(ATTENTION_STATISTICS_READS),
        ["statistics"],
        (name) => elementWgsl(types[name], headDim % 4 === 0 && name.endsWith("y") ? 4 : 1),
      )
    }
${readRowWgsl("dy", headDim, types.dy)}
${readRowWgsl("y", headDim, types.y)}
${VISIBLE_WGSL}
fn each(rowOfY: u32) {
  let rows: u32 = batch * heads * time;
  let i = rowOfY / heads % time;
  let head = rowOfY / heads / time * heads + rowOfY % heads;
  let row = head * time + i;
  var delta = 0.0;
  for (var part = 0u; part < ${Math.ceil(headDim / 4)}; part++) {
    delta += dot(dyAt(rowOfY, part), yAt(rowOfY, part));
  }
  statistics[row] = logSumExp[row];
  statistics[rows + row] = delta;
  statistics[2 * rows + row] = f32(visible(head, i));
}`,
});

/** What both backward kernels read. */
const BACKWARD_READS = { x: "f32", dy: "f32", statistics: "f32", random: "u32" } as const;

/** The first third of each row of dx: dQuery. */
export const selfAttentionBackwardQuery = kernel({
  name: "selfAttentionBackwardQuery",
  reads: BACKWARD_READS,
  writes: { dx: "f32" },
  constants: ATTENTION_BACKWARD_QUERY_CONSTANTS,
  ...planned("backwardQuery"),
  cpu: ({ x, dx, ...arrays }, settings) =>
    attentionBackwardQueryCpu({ query: x, key: x, value: x, dQuery: dx, ...arrays }, settings, PACKED),
  wgsl: (constants, adapter, types) => attentionBackwardQueryWgsl(constants, adapter, types, PACKED),
});

/** The settings of the kernel for keys and values: their gradients are parts of one tensor. */
const addingBoth = <Settings extends { readonly accumulate: number }>(settings: Settings) => ({
  ...settings,
  accumulateKey: settings.accumulate,
  accumulateValue: settings.accumulate,
});

/** The other two thirds of each row of dx: dKey and dValue. */
export const selfAttentionBackwardKeyValue = kernel({
  name: "selfAttentionBackwardKeyValue",
  reads: BACKWARD_READS,
  writes: { dx: "f32" },
  constants: ATTENTION_BACKWARD_QUERY_CONSTANTS,
  ...planned("backwardKeyValue"),
  cpu: ({ x, dx, ...arrays }, settings) =>
    attentionBackwardKeyValueCpu(
      { query: x, key: x, value: x, dKey: dx, dValue: dx, ...arrays },
      addingBoth(settings),
      PACKED,
    ),
  wgsl: (constants, adapter, types) =>
    attentionBackwardKeyValueWgsl(addingBoth(constants), adapter, types, PACKED),
});

/** The kernels by precision, as those of `attention`: x and dy are what f16 rounds. */
export const SELF_ATTENTION_KERNELS = {
  f32: {
    forward: selfAttentionForward,
    statistics: selfAttentionStatistics,
    backwardQuery: selfAttentionBackwardQuery,
    backwardKeyValue: selfAttentionBackwardKeyValue,
  },
  f16: {
    forward: readingHalves(selfAttentionForward, ["x"]),
    statistics: readingHalves(selfAttentionStatistics, ["dy"]),
    backwardQuery: readingHalves(selfAttentionBackwardQuery, ["x", "dy"]),
    backwardKeyValue: readingHalves(selfAttentionBackwardKeyValue, ["x", "dy"]),
  },
} as const;

/**
 * Whether {@linkcode selfAttention} reads heads in place, without splitting and merging them: on backends with shaders,
 * whatever runs these.
 *
 * @param adapterClass What runs the shaders of a backend, if it has any.
 * @returns False where the twin runs.
 */
export function readsHeadsInPlace(adapterClass?: AdapterClass): boolean {
  return adapterClass !== undefined;
}

/**
 * Attention of all heads to themselves, from the rows of one linear layer to those of the next.
 *
 * @example It is what its twin computes
 * ```ts
 * import { attention, CpuBackend, mergeHeads, selfAttention, splitHeads } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), heads = 2;
 * const x = backend.from(Float32Array.from({ length: 24 }, (_, index) => index % 5), [1, 2, 12]);
 * const y = selfAttention(x, heads, { causal: true });
 * const [query, key, value] = splitHeads(x, heads);
 * assertEquals(y.shape, [1, 2, 4]);
 * assertEquals(await backend.read(y), await backend.read(mergeHeads(attention(query, key, value, { causal: true }))));
 * ```
 *
 * @param x (B, T, 3C): in every row first all of the query, then the key, then the value.
 * @param heads H, a divisor of C.
 * @param options Causal, padding, dropout.
 * @returns (B, T, C).
 * @throws {TypeError} If 3H does not divide the width, or if there is not one length for each sequence.
 * @category Operations
 */
export function selfAttention(x: Tensor, heads: number, options: AttentionOptions = {}): Tensor {
  const { backend } = x, sizes = headSizes(x, heads), { batch, time, headDim } = sizes;
  if (!readsHeadsInPlace(backend.adapterClass)) {
    const [query, key, value] = splitHeads(x, heads);
    return mergeHeads(attention(query, key, value, options));
  }
  const y = outputOf([batch, time, heads * headDim], [x]), { precision = "f32" } = y.tape?.options ?? {};
  const kernels = SELF_ATTENTION_KERNELS[precision], operand = operandOn(y.tape, x);
  const logSumExp = backend.allocate([batch, heads, time]);
  const { settings, lengths, random } = prepareMask(y, sizes, options);
  backend.run(kernels.forward, { x: operand, lengths, random, y, logSumExp }, settings);
  y.tape?.record(() => {
    const dy = operandIn(gradientOf(y), precision), statistics = backend.allocate([3, batch, heads, time]);
    backend.run(kernels.statistics, { dy, y, logSumExp, lengths, statistics }, settings);
    // each kernel writes some parts of dx: together they write it once
    const { gradient: dx, accumulate } = gradientToWrite(x);
    const tensors = { x: operand, dy, statistics, random, dx };
    backend.run(kernels.backwardQuery, tensors, { ...settings, accumulate });
    backend.run(kernels.backwardKeyValue, tensors, { ...settings, accumulate });
  });
  return y;
}
