/**
 * Writes the shaders of fused attention for GPUs: FlashAttention-2's walk in blocks.
 *
 * An invocation that computes one query alone reads all keys and values of its head from storage, and uses each number once.
 * Here a group of invocations computes 64 queries of a head together. It walks over the keys in blocks of 32, which it copies to
 * workgroup memory, so that every number read is used by all 64 queries. Forward:
 *
 *     m = −1e30,  l = 0,  Y = 0                   of 64 queries
 *     for every block of 32 keys:
 *       S      = Q Kᵀ / √D                        64 × 32 scores; −1e30 where a query does not see a key
 *       mNew   = max(m, maximum of each row of S)
 *       shrink = exp(m − mNew)                    1 unless this block has a larger score
 *       P      = exp(S − mNew)                    0 where a query does not see a key
 *       l      = l · shrink + sum of each row of P
 *       Y      = Y · shrink + (mask · P) V        64 × D
 *       m      = mNew
 *     y = Y / l,  logSumExp = m + log l
 *
 * The gradient of 64 queries takes the same walk; the forward pass has kept logSumExp, so no running maximum is needed. dY is the
 * gradient of the 64 results:
 *
 *     dQ = 0
 *     for every block of 32 keys:
 *       P       = exp(S − logSumExp)
 *       dWeight = dY Vᵀ
 *       dS      = P · (mask · dWeight − delta)
 *       dQ     += dS K
 *     dQuery = dQ / √D
 *
 * The gradients of 64 keys and values take a walk over queries. There every matrix is transposed: it has a row for each key.
 *
 *     dK = 0,  dV = 0
 *     for every block of 32 queries:
 *       P       = exp(S − logSumExp)              S = K Qᵀ / √D
 *       dWeight = V dYᵀ
 *       dS      = mask · P · dWeight − P · delta
 *       dV     += (mask · P) dY
 *       dK     += dS Q
 *     dKey = dK / √D,  dValue = dV
 *
 * Blocks in which no query sees a key are skipped: above the diagonal of the causal form, and padding. A row of S is spread
 * over the registers of 8 invocations. They exchange its maximum through workgroup memory in every block; of l each keeps its
 * own part, and the 8 parts are added at the end. Every sum has a fixed order and no number is written by two groups, so
 * results repeat bit for bit.
 *
 * `attention_tiles_wgsl.ts` has the two products of a group, `multiplyRows` (Q Kᵀ) and `addRows` (P V), and says how the
 * variables are numbered; `../attention_wgsl.ts` has the walk of a single invocation.
 *
 * References: Dao, "FlashAttention-2", 2023, algorithms 1 and 2; Milakov, Gimelshein, "Online normalizer calculation for
 * softmax", 2018.
 *
 * @module
 */

import type { Bindings } from "../../../core/backend.ts";
import { storeOrAdd } from "../../../core/webgpu/shader.ts";
import {
  ATTENTION_BACKWARD_READS,
  ATTENTION_READS,
  type AttentionBackwardKeyValueConstants,
  type AttentionBackwardQueryConstants,
  type AttentionConstants,
  attentionDeclarationsWgsl,
} from "../attention_mask.ts";
import type { HeadLayout } from "../head_layout.ts";
import { type AttentionPlan, AttentionTiles, BLOCK_COLUMNS, BLOCK_ROWS } from "./attention_tiles_wgsl.ts";
import { component, unroll, unrollSum } from "../../matmul/unroll.ts";

/** A vector with one expression for each of the four rows of a quad. */
const vectorOf = (text: (row: number) => string): string => `vec4f(${unroll(4, text, ", ")})`;

/** What a shader is written from: `reads` and `writes` name operands, which `layout` finds in tensors of these `types`. */
interface ShaderParts {
  readonly constants: AttentionConstants;
  readonly tiles: AttentionTiles;
  readonly types: Bindings;
  readonly layout: HeadLayout;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Which block of a head a group computes, in WGSL. */
  readonly block: string;
  readonly body: string;
}

/** What the shaders share: `first` is the first row of the block in its head, whose rows begin at `start`. */
function shader({ constants, tiles, types, layout, reads, writes, block, body }: ShaderParts): string {
  const [read, written] = [reads, writes].map((operands) => layout.tensorsOf(operands));
  return `${attentionDeclarationsWgsl(constants, read, written, types)}
const blocks = (time + ${BLOCK_ROWS - 1}) / ${BLOCK_ROWS};
${tiles.memory}
fn run(group: u32, lane: u32) {
  let head = group / blocks;
  ${layout.declarations}
  let first = (${block}) * ${BLOCK_ROWS};
  ${tiles.position}
  ${body}
}`;
}

/** Which block a group computes. In the causal form late queries and early keys have the longest walks, which begin first. */
const LAST_FIRST = "blocks - 1 - group % blocks", FIRST_FIRST = "group % blocks";

/** The last query of the block. */
const LAST_QUERY = `min(first + ${BLOCK_ROWS - 1}, time - 1)`;

/** `key0`, …: the keys of a lane, in the walk over keys. */
const LANE_KEYS = unroll(4, (j) => `let key${j} = vec4u(firstKey + 4 * laneColumn + ${j});`);

/**
 * Dropout masks of a quad of queries for the keys of a lane, `masks0_0`, …: one call of `mask` gives those of one query for four
 * keys. Empty without dropout.
 */
const masksOfQueries = ({ threshold }: AttentionConstants, tiles: AttentionTiles): string =>
  threshold === 0 ? "" : tiles.quads((a) => `
    ${
    unroll(
      4,
      (i) => `let rowMasks${a}_${i} = mask(${component(`batchRows${a}`, i)}, firstKey + 4 * laneColumn);`,
    )
  }
    ${
    unroll(
      4,
      (j) => `let masks${a}_${j} = ${vectorOf((i) => component(`rowMasks${a}_${i}`, j))};`,
    )
  }`);

/** y and logSumExp. */
export function attentionForwardBlocksWgsl(
  constants: AttentionConstants,
  plan: AttentionPlan,
  types: Bindings,
  layout: HeadLayout,
): string {
  const tiles = new AttentionTiles(constants.headDim, plan.laneQuads, layout), { steps } = tiles;
  const largest = (a: number) => `max(max(s${a}_0, s${a}_1), max(s${a}_2, s${a}_3))`;
  const dropout = constants.threshold > 0;
  const body = `
  ${
    tiles.quads((a) => `
  let seen${a} = vec4u(${unroll(4, (i) => `visible(head, ${component(`rows${a}`, i)})`, ", ")});
  var m${a} = vec4f(-1e30);
  var l${a} = vec4f();`)
  }
  ${tiles.sums("y")}
  let end = visible(head, ${LAST_QUERY}); // the last query sees the most keys
  for (var firstKey = 0u; firstKey < end; firstKey += ${BLOCK_COLUMNS}) {
    ${tiles.multiplyRows("s", ["query", "first"], ["key", "firstKey"])}
    ${LANE_KEYS}
    ${tiles.numbers((a, j) => `s${a}_${j} = select(vec4f(-1e30), scale * s${a}_${j}, key${j} < seen${a});`)}
    ${tiles.quads((a) => `var mNew${a} = max(m${a}, ${largest(a)});`)}
    ${tiles.combine("mNew", (left, right) => `max(${left}, ${right})`)}
    ${
    tiles.quads((a) => `
    let shrink${a} = exp(m${a} - mNew${a});
    ${unroll(4, (j) => `var p${a}_${j} = select(vec4f(), exp(s${a}_${j} - mNew${a}), key${j} < seen${a});`)}
    l${a} = l${a} * shrink${a} + (${unrollSum(4, (j) => `p${a}_${j}`)});
    m${a} = mNew${a};
    ${unroll(steps, (step) => unroll(4, (x) => `y${a}_${step}_${x} *= shrink${a};`))}`)
  }
    ${masksOfQueries(constants, tiles)}
    ${dropout ? tiles.numbers((a, j) => `p${a}_${j} *= masks${a}_${j};`) : ""}
    ${tiles.addRows("y", "p", ["value", "firstKey"])}
  }
  ${tiles.combine("l", (left, right) => `${left} + ${right}`)}
  ${tiles.quads((a) => `l${a} = max(l${a}, vec4f(1)); // 0 if a query sees no key`)}
  ${
    tiles.store("y", "=", (a, i, step) =>
      `vec4f(${
        unroll(4, (x) => component(`y${a}_${step}_${x}`, i), ", ")
      }) / ${component(`l${a}`, i)}`)
  }
  if (laneColumn > 0) { return; }
  ${
    tiles.quads((a) =>
      unroll(4, (i) =>
        `if (${component(`rows${a}`, i)} < time) {
    logSumExp[${component(`batchRows${a}`, i)}] = ${component(`m${a}`, i)} + log(${component(`l${a}`, i)});
  }`)
    )
  }`;
  const reads = Object.keys(ATTENTION_READS), writes = ["y", "logSumExp"];
  return shader({ constants, tiles, types, layout, reads, writes, block: LAST_FIRST, body });
}

/** What both backward shaders read. */
const BACKWARD_READS = Object.keys(ATTENTION_BACKWARD_READS);

/** The weight before dropout; a score that is not seen is not used at all, so that its exponential cannot overflow. */
const weightOf = (s: string, logSumExp: string, sees: string): string =>
  `select(vec4f(), exp(select(vec4f(-1e30), scale * ${s} - ${logSumExp}, ${sees})), ${sees})`;

/** A row of a gradient, from the sums of its channels. */
const gradientOf = (sums: string, factor = "") => (a: number, i: number, step: number): string =>
  `${factor}vec4f(${unroll(4, (x) => component(`${sums}${a}_${step}_${x}`, i), ", ")})`;

/** dQuery, from a walk over the keys. */
export function attentionBackwardQueryBlocksWgsl(
  constants: AttentionBackwardQueryConstants,
  plan: AttentionPlan,
  types: Bindings,
  layout: HeadLayout,
): string {
  const tiles = new AttentionTiles(constants.headDim, plan.laneQuads, layout),
    dropout = constants.threshold > 0;
  const statistics = (part: number, a: number) =>
    vectorOf((i) => `statisticOf(${part}, ${component(`batchRows${a}`, i)})`);
  const body = `
  ${
    tiles.quads((a) => `
  let logSumExp${a} = ${statistics(0, a)};
  let delta${a} = ${statistics(1, a)};
  let seen${a} = vec4u(${statistics(2, a)});`)
  }
  ${tiles.sums("dq")}
  let end = u32(statisticOf(2, start + ${LAST_QUERY})); // the last query sees the most keys
  for (var firstKey = 0u; firstKey < end; firstKey += ${BLOCK_COLUMNS}) {
    ${tiles.multiplyRows("s", ["query", "first"], ["key", "firstKey"])}
    ${tiles.multiplyRows("dWeight", ["dy", "first"], ["value", "firstKey"])}
    ${LANE_KEYS}
    ${masksOfQueries(constants, tiles)}
    ${
    tiles.numbers((a, j) => {
      const dp = dropout ? `masks${a}_${j} * dWeight${a}_${j}` : `dWeight${a}_${j}`;
      return `
    let p${a}_${j} = ${weightOf(`s${a}_${j}`, `logSumExp${a}`, `key${j} < seen${a}`)};
    let ds${a}_${j} = p${a}_${j} * (${dp} - delta${a});`;
    })
  }
    ${tiles.addRows("dq", "ds", ["key", "firstKey"])}
  }
  ${tiles.store("dQuery", storeOrAdd(constants.accumulate), gradientOf("dq", "scale * "))}`;
  const reads = BACKWARD_READS, writes = ["dQuery"];
  return shader({ constants, tiles, types, layout, reads, writes, block: LAST_FIRST, body });
}

/** dKey and dValue, from a walk over the queries that see them. */
export function attentionBackwardKeyValueBlocksWgsl(
  constants: AttentionBackwardKeyValueConstants,
  plan: AttentionPlan,
  types: Bindings,
  layout: HeadLayout,
): string {
  const tiles = new AttentionTiles(constants.headDim, plan.laneQuads, layout),
    dropout = constants.threshold > 0;
  const body = `
  ${tiles.sums("dk")}
  ${tiles.sums("dv")}
  let length = u32(statisticOf(2, start + time - 1)); // the last query sees every key but padding
  let end = select(0u, time, first < length);
  for (var firstQuery = ${
    constants.causal ? "first" : "0u"
  }; firstQuery < end; firstQuery += ${BLOCK_COLUMNS}) {
    ${tiles.multiplyRows("s", ["key", "first"], ["query", "firstQuery"])}
    ${tiles.multiplyRows("dWeight", ["value", "first"], ["dy", "firstQuery"])}
    ${
    unroll(4, (j) => `
    let query${j} = firstQuery + 4 * laneColumn + ${j};
    let row${j} = start + min(query${j}, time - 1);
    let logSumExp${j} = vec4f(statisticOf(0, row${j}));
    let delta${j} = statisticOf(1, row${j});
    let seen${j} = vec4u(select(0, u32(statisticOf(2, row${j})), query${j} < time));`)
  }
    ${
    tiles.numbers((a, j) => {
      const mask = dropout ? `mask(row${j}, first + 4 * quad${a}) * ` : "";
      return `
    let p${a}_${j} = ${weightOf(`s${a}_${j}`, `logSumExp${j}`, `rows${a} < seen${j}`)};
    let weight${a}_${j} = ${mask}p${a}_${j};
    let ds${a}_${j} = weight${a}_${j} * dWeight${a}_${j} - p${a}_${j} * delta${j};`;
    })
  }
    ${tiles.addRows("dv", "weight", ["dy", "firstQuery"])}
    ${tiles.addRows("dk", "ds", ["query", "firstQuery"])}
  }
  ${tiles.store("dKey", storeOrAdd(constants.accumulateKey), gradientOf("dk", "scale * "))}
  ${tiles.store("dValue", storeOrAdd(constants.accumulateValue), gradientOf("dv"))}`;
  const reads = BACKWARD_READS, writes = ["dKey", "dValue"];
  return shader({ constants, tiles, types, layout, reads, writes, block: FIRST_FIRST, body });
}
