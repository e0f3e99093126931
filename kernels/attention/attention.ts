/**
 * Attention: every position compares its query with the keys of all positions it may see, and takes the mean of their
 * values, weighted by how well query and key agree.
 *
 *     s[i, j] = q[i] · k[j] / √D        p[i] = softmax(s[i])        y[i] = Σⱼ p[i, j] v[j]
 *
 * In the causal form position i sees j ≤ i. The textbook stores s and p, T × T numbers for each head. Nothing of that size
 * is stored here. The CPU body keeps one row of scores. The shader keeps not even that: a query walks over the keys once,
 * with a running maximum m, the sum l of exp(s − m) and the weighted sum of values; whenever m grows, what was summed so
 * far is multiplied by exp(m_old − m_new).
 *
 * Backward. Kept is one number per row, logSumExp = m + log l, from which p[i, j] = exp(s[i, j] − logSumExp[i]) is made
 * again. With y = p v and the derivative of softmax (see `softmax.ts`):
 *
 *     dv[j] = Σᵢ p[i, j] dy[i]          dp[i, j] = dy[i] · v[j]
 *     ds    = p · (dp − delta)          delta[i] = Σⱼ p[i, j] dp[i, j] = dy[i] · y[i]
 *     dq[i] = Σⱼ ds[i, j] k[j] / √D     dk[j] = Σᵢ ds[i, j] q[i] / √D
 *
 * dq is a walk over keys, dk and dv a walk over queries: two kernels, in which no two invocations write the same number. A
 * third one runs before them and computes, for each query, the `statistics` that both read.
 *
 * With dropout, a mask M multiplies p after the softmax, and y is the sum of weight · v. Then dy · v is the gradient of the
 * weight, and delta is still dy · y:
 *
 *     weight = M p        dv = Σ weight dy        dWeight = dy · v        dp = M dWeight
 *
 * Read `attention_naive.ts` first: the same in plain loops, each derivative spelled out. `attention_cpu.ts` has the CPU
 * bodies, `attention_wgsl.ts` the shaders, with the walk over keys in pseudo-code, `hardware/attention_blocks_wgsl.ts` those for GPUs,
 * `attention_wasm.ts` what WebAssembly runs, and `attention_mask.ts` which keys a query sees and what dropout leaves out.
 * `decomposed_attention.ts` puts attention together from other operations; `self_attention.ts` takes packed heads.
 *
 * References: Vaswani et al. 2017, section 3.2.1; Dao, "FlashAttention-2", 2023, algorithms 1 and 2.
 *
 * @module
 */

import { type AdapterClass, kernel } from "../../core/backend.ts";
import {
  formatShape,
  gradientOf,
  gradientToWrite,
  needsGradient,
  outputOf,
  type Tensor,
} from "../../core/tensor.ts";
import {
  attentionBackwardKeyValueCpu,
  attentionBackwardQueryCpu,
  attentionForwardCpu,
  attentionStatisticsCpu,
} from "./attention_cpu.ts";
import { sumWasm } from "../reduce.ts";
import { select } from "../../core/wasm/wasm_numbers.ts";
import {
  ATTENTION_BACKWARD_KEY_VALUE_CONSTANTS,
  ATTENTION_BACKWARD_QUERY_CONSTANTS,
  ATTENTION_BACKWARD_READS,
  ATTENTION_CONSTANTS,
  ATTENTION_READS,
  ATTENTION_STATISTICS_CONSTANTS,
  ATTENTION_STATISTICS_READS,
  type AttentionConstants,
  type AttentionOptions,
  prepareMask,
  VISIBLE_WGSL,
} from "./attention_mask.ts";
import { type AttentionPass, planAttention } from "./hardware/attention_tiles_wgsl.ts";
import { lengthInWasm } from "./attention_walk_wasm.ts";
import {
  attentionBackwardKeyValueWasm,
  attentionBackwardQueryWasm,
  attentionForwardWasm,
} from "./attention_wasm.ts";
import {
  attentionBackwardKeyValueWgsl,
  attentionBackwardQueryWgsl,
  attentionForwardWgsl,
} from "./attention_wgsl.ts";
import { addScaled } from "../elementwise.ts";
import { loadWgsl, operandIn, operandOn, readingHalves } from "../matmul/half.ts";

/** The groups and lanes of a kernel, from its plan. */
export const planned = (pass: AttentionPass) => ({
  groups: (constants: AttentionConstants, adapter: AdapterClass) =>
    planAttention(constants, adapter, pass).groups,
  lanes: (constants: AttentionConstants, adapter: AdapterClass) =>
    planAttention(constants, adapter, pass).lanes,
});

/** y = softmax(query · keyᵀ / √D) · value, and the log of the softmax's denominator. */
export const attentionForward = kernel({
  name: "attentionForward",
  reads: ATTENTION_READS,
  writes: { y: "f32", logSumExp: "f32" },
  constants: ATTENTION_CONSTANTS,
  ...planned("forward"),
  cpu: attentionForwardCpu,
  wgsl: attentionForwardWgsl,
  wasm: attentionForwardWasm,
});

/** Queries whose statistics WebAssembly computes in one piece. */
const STATISTICS_ROWS_PER_PIECE = 1024;

/** Statistics of each query for the backward pass: logSumExp, delta = dy · y, and how many keys it sees. */
export const attentionStatistics = kernel({
  name: "attentionStatistics",
  reads: ATTENTION_STATISTICS_READS,
  writes: { statistics: "f32" },
  constants: ATTENTION_STATISTICS_CONSTANTS,
  elements: ({ batch, heads, time }) => batch * heads * time,
  cpu: attentionStatisticsCpu,
  wgsl: (_constants, _adapter, { dy }) =>
    `${VISIBLE_WGSL}
fn each(row: u32) {
  let rows: u32 = batch * heads * time;
  var delta = 0.0;
  for (var d = 0u; d < headDim; d++) { delta += ${
      loadWgsl(dy, 1, "dy[row * headDim + d]")
    } * y[row * headDim + d]; }
  statistics[row] = logSumExp[row];
  statistics[rows + row] = delta;
  statistics[2 * rows + row] = f32(visible(row / time, row % time));
}`,
  wasm: [{
    pieces: ({ batch, heads, time }) => Math.ceil(batch * heads * time / STATISTICS_ROWS_PER_PIECE),
    body({ dy, y, logSumExp, lengths, statistics }, code) {
      const time = code.i32("time"), rows = code.let(code.i32("batch").times(code.i32("heads")).times(time));
      const { start, end } = code.rangeOfPiece(rows, STATISTICS_ROWS_PER_PIECE),
        headDim = code.i32("headDim");
      code.for(start, end, 1, (row) => {
        const [dyRow, yRow] = [dy, y].map((array) => array.from(row.times(headDim)));
        const length = code.let(lengthInWasm(code, lengths, code.let(row.over(time)))), i = row.modulo(time);
        const seen = select(code.i32("causal"), i.plus(1).min(length), length);
        statistics.store(row, logSumExp.load(row));
        statistics.store(
          rows.plus(row),
          sumWasm(code, 0, headDim, (d) => dyRow.load4(d).times(yRow.load4(d))).lane(0),
        );
        statistics.store(rows.shiftLeft(1).plus(row), seen.toF32());
      });
    },
  }],
});

/** dQuery += Σⱼ ds[i, j] k[j] / √D, or dQuery = …. */
export const attentionBackwardQuery = kernel({
  name: "attentionBackwardQuery",
  reads: ATTENTION_BACKWARD_READS,
  writes: { dQuery: "f32" },
  constants: ATTENTION_BACKWARD_QUERY_CONSTANTS,
  ...planned("backwardQuery"),
  cpu: attentionBackwardQueryCpu,
  wgsl: attentionBackwardQueryWgsl,
  wasm: attentionBackwardQueryWasm,
});

/** dKey += Σᵢ ds[i, j] q[i] / √D and dValue += Σᵢ p[i, j] dy[i], or dKey = …, or dValue = …. */
export const attentionBackwardKeyValue = kernel({
  name: "attentionBackwardKeyValue",
  reads: ATTENTION_BACKWARD_READS,
  writes: { dKey: "f32", dValue: "f32" },
  constants: ATTENTION_BACKWARD_KEY_VALUE_CONSTANTS,
  ...planned("backwardKeyValue"),
  cpu: attentionBackwardKeyValueCpu,
  wgsl: attentionBackwardKeyValueWgsl,
  wasm: attentionBackwardKeyValueWasm,
});

/**
 * The kernels by precision: those for f16 read query, key, value and dy in half precision, and compute in f32 as the others
 * do. What lies in between, scores and weights, never leaves a shader, so it need not be rounded.
 */
export const ATTENTION_KERNELS = {
  f32: {
    forward: attentionForward,
    statistics: attentionStatistics,
    backwardQuery: attentionBackwardQuery,
    backwardKeyValue: attentionBackwardKeyValue,
  },
  f16: {
    forward: readingHalves(attentionForward, ["query", "key", "value"]),
    statistics: readingHalves(attentionStatistics, ["dy"]),
    backwardQuery: readingHalves(attentionBackwardQuery, ["query", "key", "value", "dy"]),
    backwardKeyValue: readingHalves(attentionBackwardKeyValue, ["query", "key", "value", "dy"]),
  },
} as const;

/**
 * Attention of all heads.
 *
 * @example A position that sees only itself takes its own value
 * ```ts
 * import { attention, CpuBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * const x = backend.from([1, 2], [1, 1, 1, 2]);
 * assertEquals(await backend.read(attention(x, x, x, { causal: true })), new Float32Array([1, 2]));
 * ```
 *
 * @param query (B, H, T, D).
 * @param key (B, H, T, D).
 * @param value (B, H, T, D).
 * @param options Causal, padding, dropout.
 * @returns (B, H, T, D).
 * @throws {TypeError} If the shapes differ, or if there is not one length for each sequence.
 * @category Operations
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const { backend } = query, [batch, heads, time, headDim] = query.shape;
  if (query.shape.length !== 4 || [key, value].some(({ shape }) => String(shape) !== String(query.shape))) {
    throw new TypeError(
      `Cannot attend from ${formatShape(query.shape)} to keys ${formatShape(key.shape)} and values ` +
        `${formatShape(value.shape)}: expected three times (B, H, T, D)`,
    );
  }
  const y = outputOf(query.shape, [query, key, value]), { precision = "f32" } = y.tape?.options ?? {};
  const kernels = ATTENTION_KERNELS[precision];
  const operands = {
    query: operandOn(y.tape, query),
    key: operandOn(y.tape, key),
    value: operandOn(y.tape, value),
  };
  const logSumExp = backend.allocate([batch, heads, time]);
  const { settings, lengths, random } = prepareMask(y, { batch, heads, time, headDim }, options);
  backend.run(kernels.forward, { ...operands, lengths, random, y, logSumExp }, settings);
  y.tape?.record(() => {
    const dy = operandIn(gradientOf(y), precision), statistics = backend.allocate([3, batch, heads, time]);
    backend.run(kernels.statistics, { dy, y, logSumExp, lengths, statistics }, settings);
    const kept = { ...operands, dy, statistics, random };
    // s = q · k / √D,   y = softmax(s) · v
    if (needsGradient(query)) {
      const { gradient: dQuery, accumulate } = gradientToWrite(query);
      backend.run(kernels.backwardQuery, { ...kept, dQuery }, { ...settings, accumulate });
    }
    if (!needsGradient(key) && !needsGradient(value)) return;
    const { gradient: dKey, accumulate: accumulateKey } = gradientToWrite(key);
    const { gradient, accumulate } = gradientToWrite(value), shared = gradient.storage === dKey.storage;
    // a tensor that is both key and value has one gradient, and no shader may write to one memory by two names
    const dValue = shared ? backend.allocate(value.shape) : gradient;
    const accumulateValue = shared ? 0 : accumulate;
    backend.run(kernels.backwardKeyValue, { ...kept, dKey, dValue }, {
      ...settings,
      accumulateKey,
      accumulateValue,
    });
    if (shared) backend.run(addScaled, { x: dValue, y: dKey }, { size: value.size, factor: 1 });
  });
  return y;
}
