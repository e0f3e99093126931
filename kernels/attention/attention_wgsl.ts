/**
 * Writes the shaders of fused attention in which every invocation computes its rows alone: for CPUs that run shaders, and for
 * GPUs where heads have an unusual width. For other heads on GPUs see `hardware/attention_blocks_wgsl.ts`.
 *
 * Each shader is a function `run(group, lane)`, called once by every invocation; core/backend.ts says what groups and lanes
 * are, and how many of them a backend starts. An invocation computes a *block*, a few neighbouring rows of its result, with
 * all that it works on in registers. It walks over the other side four rows at a time, because then scores are vectors of
 * four. A CPU is fast when each key that is loaded is used for several queries.
 *
 * Forward, for one query i. The softmax is computed while walking ("online"): its maximum m is not known yet, so weights
 * are relative to the largest score so far, and what was summed shrinks whenever a larger one comes. In registers are
 * q = query[i] / √D, m, l and sum:
 *
 *     m = −1e30,  l = 0,  sum = 0
 *     for j = 0, 4, 8, … while i sees key j:
 *       s      = (q · key[j], …, q · key[j + 3])           −1e30 for keys that i does not see
 *       mNew   = max(m, s)
 *       shrink = exp(m − mNew)                             1 unless a larger score came
 *       p      = exp(s − mNew)                             0 for keys that i does not see
 *       l      = l · shrink + Σ p
 *       sum    = sum · shrink + Σ p[n] · mask[n] · value[j + n]
 *       m      = mNew
 *     y[i] = sum / l,  logSumExp[i] = m + log l
 *
 * The largest score has weight 1, so l is at least 1, unless i sees no key at all: then sum is 0, and so is y.
 *
 * Backward, for one query i. The same walk without a running maximum: exp(s − logSumExp[i]) is the weight. In registers are q,
 * dy = dy[i] and dq:
 *
 *     for j = 0, 4, 8, … while i sees key j:
 *       p       = exp(s − logSumExp[i])
 *       dWeight = (dy · value[j], …, dy · value[j + 3])
 *       dp      = dWeight · mask
 *       ds      = p · (dp − delta[i])
 *       dq     += Σ ds[n] · key[j + n]
 *     dQuery[i] += dq / √D
 *
 * Backward, for one key j. A walk over queries, one at a time. In registers are k = key[j] / √D, v = value[j], dk and dv:
 *
 *     for every query i that sees key j:
 *       p       = exp(k · query[i] − logSumExp[i])
 *       weight  = p · mask,  dWeight = v · dy[i]
 *       ds      = weight · dWeight − p · delta[i]          p · (dp − delta[i]), as p · dp = weight · dWeight
 *       dv     += weight · dy[i]
 *       dk     += ds · query[i]
 *     dKey[j] += dk / √D,  dValue[j] += dv
 *
 * In the shaders a variable's first number is the row of the block that it belongs to, and the number after `_` which four
 * channels of it: `q1_2` holds channels 8 to 11 of the second query. Without a first number it belongs to the row being
 * walked over.
 *
 * Reference: Dao, "FlashAttention-2", 2023, algorithms 1 and 2.
 *
 * @module
 */

import type { AdapterClass, Bindings } from "../../core/backend.ts";
import { storeOrAdd } from "../../core/webgpu/shader.ts";
import {
  ATTENTION_BACKWARD_READS,
  ATTENTION_READS,
  type AttentionBackwardKeyValueConstants,
  type AttentionBackwardQueryConstants,
  type AttentionConstants,
  attentionDeclarationsWgsl,
} from "./attention_mask.ts";
import {
  attentionBackwardKeyValueBlocksWgsl,
  attentionBackwardQueryBlocksWgsl,
  attentionForwardBlocksWgsl,
} from "./hardware/attention_blocks_wgsl.ts";
import { BY_HEADS, type HeadLayout } from "./head_layout.ts";
import { planAttention } from "./hardware/attention_tiles_wgsl.ts";
import { dotRowsWgsl, storeRowWgsl, sumRowsWgsl } from "../rows.ts";
import { component, unroll, unrollSum } from "../matmul/unroll.ts";

/** What a shader is written from: `reads` and `writes` name operands, which `layout` finds in tensors of these `types`. */
interface ShaderParts {
  readonly constants: AttentionConstants;
  readonly blockRows: number;
  readonly types: Bindings;
  readonly layout: HeadLayout;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly body: string;
}

/** What the shaders share: `first` is the first row of the block in its head, whose rows begin at `start`. */
function shader({ constants, blockRows, types, layout, reads, writes, body }: ShaderParts): string {
  const [read, written] = [reads, writes].map((operands) => layout.tensorsOf(operands));
  return `${attentionDeclarationsWgsl(constants, read, written, types)}
const blocks = (time + ${blockRows - 1}) / ${blockRows};
fn run(group: u32, lane: u32) {
  let unit = group * lanes + lane;
  let head = unit / blocks;
  if (head >= batch * heads) { return; }
  ${layout.declarations}
  let first = unit % blocks * ${blockRows};
  ${body}
}`;
}

/** How `dotRowsWgsl` and `sumRowsWgsl` read the four positions from j on. */
const fourOf = (operand: string, layout: HeadLayout) => (n: number, part: number): string =>
  layout.readWgsl(operand, `j + ${n}`, part);

/** Stores row r of the block, or adds it. */
const storeOf = (
  operand: string,
  operator: "=" | "+=",
  r: number,
  headDim: number,
  layout: HeadLayout,
  value: (part: number) => string,
): string =>
  storeRowWgsl(
    layout.tensorOf(operand),
    operator,
    layout.rowWgsl(operand, `first + ${r}`),
    headDim,
    value,
  );

/** Code for a row of the block that may lie beyond the last row of its head. */
const ifWithin = (r: number, code: string): string => `if (first + ${r} < time) {\n${code}\n}`;

/** y and logSumExp. */
export function attentionForwardWgsl(
  constants: AttentionConstants,
  adapter: AdapterClass,
  types: Bindings,
  layout: HeadLayout = BY_HEADS,
): string {
  const plan = planAttention(constants, adapter, "forward"), { headDim } = constants;
  if (plan.kind === "blocks") return attentionForwardBlocksWgsl(constants, plan, types, layout);
  const { blockRows } = plan, parts = Math.ceil(headDim / 4);
  const begin = (r: number) => `
  let seen${r} = visible(head, first + ${r});
  var m${r} = -1e30;
  var l${r} = 0.0;
  ${
    unroll(parts, (part) => `
  let q${r}_${part} = scale * ${layout.readWgsl("query", `first + ${r}`, part)};
  var sum${r}_${part} = vec4f();`)
  }`;
  const weigh = (r: number) => `
    let sees${r} = keys < vec4u(seen${r});
    s${r} = select(vec4f(-1e30), s${r}, sees${r});
    let mNew${r} = max(m${r}, max(max(s${r}.x, s${r}.y), max(s${r}.z, s${r}.w)));
    let shrink${r} = exp(m${r} - mNew${r});
    var p${r} = select(vec4f(), exp(s${r} - mNew${r}), sees${r});
    l${r} = l${r} * shrink${r} + (p${r}.x + p${r}.y + p${r}.z + p${r}.w);
    m${r} = mNew${r};
    p${r} *= mask(start + first + ${r}, j);`;
  const add = (r: number, part: number, sum: string) =>
    `sum${r}_${part} = sum${r}_${part} * shrink${r} + ${sum};`;
  const store = (r: number) => `
    l${r} = max(l${r}, 1); // 0 if the query sees no key
    ${storeOf("y", "=", r, headDim, layout, (part) => `sum${r}_${part} / l${r}`)}
    logSumExp[start + first + ${r}] = m${r} + log(l${r});`;
  const body = `
  ${unroll(blockRows, begin)}
  for (var j = 0u; j < seen${blockRows - 1}; j += 4) { // the last row sees the most keys
    let keys = j + vec4u(0, 1, 2, 3);
    ${dotRowsWgsl("s", "q", fourOf("key", layout), blockRows, parts)}
    ${unroll(blockRows, weigh)}
    ${sumRowsWgsl("p", fourOf("value", layout), blockRows, parts, add)}
  }
  ${unroll(blockRows, (r) => ifWithin(r, store(r)))}`;
  const reads = Object.keys(ATTENTION_READS), writes = ["y", "logSumExp"];
  return shader({ constants, blockRows, types, layout, reads, writes, body });
}

/** What both backward shaders read. */
const BACKWARD_READS = Object.keys(ATTENTION_BACKWARD_READS);

/** dQuery, from a walk over the keys. */
export function attentionBackwardQueryWgsl(
  constants: AttentionBackwardQueryConstants,
  adapter: AdapterClass,
  types: Bindings,
  layout: HeadLayout = BY_HEADS,
): string {
  const plan = planAttention(constants, adapter, "backwardQuery"), { headDim } = constants;
  if (plan.kind === "blocks") return attentionBackwardQueryBlocksWgsl(constants, plan, types, layout);
  const { blockRows } = plan, parts = Math.ceil(headDim / 4), operator = storeOrAdd(constants.accumulate);
  const begin = (r: number) => `
  let row${r} = start + min(first + ${r}, time - 1);
  let logSumExp${r} = statisticOf(0, row${r});
  let delta${r} = statisticOf(1, row${r});
  let seen${r} = u32(statisticOf(2, row${r}));
  ${
    unroll(parts, (part) => `
  let q${r}_${part} = scale * ${layout.readWgsl("query", `first + ${r}`, part)};
  let dy${r}_${part} = ${layout.readWgsl("dy", `first + ${r}`, part)};
  var dq${r}_${part} = vec4f();`)
  }`;
  const weigh = (r: number) => `
    let sees${r} = keys < vec4u(seen${r});
    let p${r} = select(vec4f(), exp(select(vec4f(-1e30), s${r} - logSumExp${r}, sees${r})), sees${r});
    let dp${r} = dWeight${r} * mask(start + first + ${r}, j);
    let ds${r} = p${r} * (dp${r} - delta${r});`;
  const add = (r: number, part: number, sum: string) => `dq${r}_${part} += ${sum};`;
  const store = (r: number) =>
    storeOf("dQuery", operator, r, headDim, layout, (part) => `scale * dq${r}_${part}`);
  const body = `
  ${unroll(blockRows, begin)}
  for (var j = 0u; j < seen${blockRows - 1}; j += 4) { // the last row sees the most keys
    let keys = j + vec4u(0, 1, 2, 3);
    ${dotRowsWgsl("s", "q", fourOf("key", layout), blockRows, parts)}
    ${dotRowsWgsl("dWeight", "dy", fourOf("value", layout), blockRows, parts)}
    ${unroll(blockRows, weigh)}
    ${sumRowsWgsl("ds", fourOf("key", layout), blockRows, parts, add)}
  }
  ${unroll(blockRows, (r) => ifWithin(r, store(r)))}`;
  return shader({ constants, blockRows, types, layout, reads: BACKWARD_READS, writes: ["dQuery"], body });
}

/** dKey and dValue, from a walk over the queries that see them. */
export function attentionBackwardKeyValueWgsl(
  constants: AttentionBackwardKeyValueConstants,
  adapter: AdapterClass,
  types: Bindings,
  layout: HeadLayout = BY_HEADS,
): string {
  const plan = planAttention(constants, adapter, "backwardKeyValue"), { headDim, causal } = constants;
  if (plan.kind === "blocks") return attentionBackwardKeyValueBlocksWgsl(constants, plan, types, layout);
  const { blockRows } = plan, parts = Math.ceil(headDim / 4);
  const begin = (r: number) =>
    unroll(parts, (part) => `
  let k${r}_${part} = scale * ${layout.readWgsl("key", `first + ${r}`, part)};
  let v${r}_${part} = ${layout.readWgsl("value", `first + ${r}`, part)};
  var dk${r}_${part} = vec4f();
  var dv${r}_${part} = vec4f();`);
  // masks come for four keys at once; an invocation that holds four uses all of them
  const maskOf = (r: number) => blockRows === 4 ? component("masks", r) : `masks[(first + ${r}) % 4]`;
  const add = (r: number) =>
    `{
      let sees = first + ${r} < seen;
      let s = ${unrollSum(parts, (part) => `dot(q_${part}, k${r}_${part})`)};
      let p = select(0.0, exp(select(-1e30, s - logSumExpOfRow, sees)), sees);
      let weight = p * ${maskOf(r)};
      let dWeight = ${unrollSum(parts, (part) => `dot(dy_${part}, v${r}_${part})`)};
      let ds = weight * dWeight - p * deltaOfRow;
      ${unroll(parts, (part) => `dv${r}_${part} += weight * dy_${part}; dk${r}_${part} += ds * q_${part};`)}
    }`;
  const store = (r: number) => `
    ${
    storeOf(
      "dKey",
      storeOrAdd(constants.accumulateKey),
      r,
      headDim,
      layout,
      (part) => `scale * dk${r}_${part}`,
    )
  }
    ${
    storeOf("dValue", storeOrAdd(constants.accumulateValue), r, headDim, layout, (part) => `dv${r}_${part}`)
  }`;
  const body = `
  ${unroll(blockRows, begin)}
  for (var i = ${causal ? "first" : "0u"}; i < time; i++) {
    let row = start + i;
    let logSumExpOfRow = statisticOf(0, row);
    let deltaOfRow = statisticOf(1, row);
    let seen = u32(statisticOf(2, row));
    let masks = mask(row, first);
    ${
    unroll(parts, (part) =>
      `let q_${part} = ${layout.readWgsl("query", "i", part)}; let dy_${part} = ${
        layout.readWgsl("dy", "i", part)
      };`)
  }
    ${unroll(blockRows, add)}
  }
  ${unroll(blockRows, (r) => ifWithin(r, store(r)))}`;
  const writes = ["dKey", "dValue"];
  return shader({ constants, blockRows, types, layout, reads: BACKWARD_READS, writes, body });
}
