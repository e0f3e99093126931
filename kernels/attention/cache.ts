/**
 * Attention with a cache of keys and values, which makes generation cheap.
 *
 * Generating T tokens one at a time would take T forward passes over all positions so far, though keys and values of
 * earlier positions never change. So they are kept: each step computes one position, adds its key and value to the cache,
 * and attends to everything in it. The position is in a tensor, because it changes every step.
 *
 *     key, value  (B, H, 1, D)  →  row `position` of cached (B, H, T, D)
 *     y = softmax(query · cachedKeyᵀ / √D) · cachedValue        over positions 0 … position
 *
 * One group of invocations computes one head of one sequence: scores of all positions in parallel, their maximum
 * and sum by tree reductions, then each invocation some channels of the result. On a GPU a group has more invocations than
 * channels: they form *teams* of one for each channel, which share the positions; the sums of the teams are added in order.
 *
 * References: Pope et al., "Efficiently scaling transformer inference", 2022, section 2.1; Dao et al., "Flash-Decoding for
 * long-context inference", 2023, which shares the positions among groups.
 *
 * @module
 */

import { type AdapterClass, kernel } from "../../core/backend.ts";
import { exp } from "../../core/math.ts";
import { formatShape, type Tensor } from "../../core/tensor.ts";
import { cacheAppendWasm, cachedAttentionWasm } from "./cache_wasm.ts";
import { rowLanes } from "../reduce.ts";

/** cached[:, :, position] = x. */
export const cacheAppend = kernel({
  name: "cacheAppend",
  reads: { x: "f32", position: "u32" },
  writes: { cached: "f32" },
  constants: ["rows", "headDim", "time"],
  elements: ({ rows, headDim }) => rows * headDim,
  cpu({ x, position, cached }, { rows, headDim, time }) {
    for (let row = 0; row < rows; row++) {
      const to = (row * time + position[0]) * headDim;
      cached.set(x.subarray(row * headDim, (row + 1) * headDim), to);
    }
  },
  wgsl: `
fn each(index: u32) {
  cached[(index / headDim * time + position[0]) * headDim + index % headDim] = x[index];
}`,
  wasm: cacheAppendWasm,
});

/** Invocations for a row, a power of two. On a GPU, where few rows make few groups, as many as a group may have. */
const lanesFor = (adapter: AdapterClass): number => adapter === "hardware" ? 256 : rowLanes(adapter);

/** Each invocation sums some channels over all positions. */
const SUM_VALUES_WGSL = `  for (var d = lane; d < headDim; d += lanes) {
    var sum = 0.0;
    for (var j = 0u; j < end; j++) { sum += scores[row * time + j] * cachedValue[(row * time + j) * headDim + d]; }
    y[row * headDim + d] = sum / l;
  }`;

/** Each team sums all channels over its share of the positions, every `teams`-th one. */
const sumValuesInTeams = (teams: number): string =>
  `  let team = lane / headDim;
  var sum = 0.0;
  if (team < ${teams}) {
    let d = lane % headDim;
    for (var j = team; j < end; j += ${teams}) {
      sum += scores[row * time + j] * cachedValue[(row * time + j) * headDim + d];
    }
  }
  teamSums[lane] = sum;
  workgroupBarrier(); // the sums of all teams are stored before they are added
  if (lane < headDim) {
    for (var other = 1u; other < ${teams}; other++) { sum += teamSums[other * headDim + lane]; }
    y[row * headDim + lane] = sum / l;
  }`;

/** Attention of one query per row over the first `position` + 1 rows of the cache; `scores` is memory to work in. */
export const cachedAttentionForward = kernel({
  name: "cachedAttention",
  reads: { query: "f32", cachedKey: "f32", cachedValue: "f32", position: "u32" },
  writes: { y: "f32", scores: "f32" },
  constants: ["rows", "headDim", "time"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => lanesFor(adapter),
  cpu({ query, cachedKey, cachedValue, position, y, scores }, { rows, headDim, time }) {
    const end = position[0] + 1, scale = 1 / Math.sqrt(headDim), sum = new Float64Array(headDim);
    for (let row = 0; row < rows; row++) {
      let m = -Infinity, l = 0;
      for (let j = 0; j < end; j++) {
        let s = 0;
        for (let d = 0; d < headDim; d++) {
          s += query[row * headDim + d] * cachedKey[(row * time + j) * headDim + d];
        }
        scores[row * time + j] = s * scale;
        m = Math.max(m, scores[row * time + j]);
      }
      sum.fill(0);
      for (let j = 0; j < end; j++) {
        const weight = exp(scores[row * time + j] - m);
        l += weight;
        for (let d = 0; d < headDim; d++) sum[d] += weight * cachedValue[(row * time + j) * headDim + d];
      }
      for (let d = 0; d < headDim; d++) y[row * headDim + d] = sum[d] / l;
    }
  },
  wgsl(constants, adapter) {
    const teams = adapter === "hardware" ? Math.floor(lanesFor(adapter) / constants.headDim) : 0;
    return `${teams > 1 ? "\nvar<workgroup> teamSums: array<f32, lanes>;" : ""}
fn run(row: u32, lane: u32) {
  const scale = ${1 / Math.sqrt(constants.headDim)};
  let end = min(position[0], ${constants.time - 1}u) + 1;
  var laneMax = -1e30;
  for (var j = lane; j < end; j += lanes) {
    var s = 0.0;
    for (var d = 0u; d < headDim; d++) { s += query[row * headDim + d] * cachedKey[(row * time + j) * headDim + d]; }
    scores[row * time + j] = s * scale;
    laneMax = max(laneMax, s * scale);
  }
  let m = maxOverGroup(lane, laneMax);
  var laneSum = 0.0;
  for (var j = lane; j < end; j += lanes) {
    let weight = exp(scores[row * time + j] - m);
    scores[row * time + j] = weight; // for the lanes that sum values
    laneSum += weight;
  }
  let l = sumOverGroup(lane, laneSum);
  storageBarrier(); // all weights of the row are stored before other lanes read them
${teams > 1 ? sumValuesInTeams(teams) : SUM_VALUES_WGSL}
}`;
  },
  wasm: cachedAttentionWasm,
});

/**
 * Keys and values of one attention layer, and the position of the next ones.
 *
 * @category Operations
 */
export interface KeyValueCache {
  /** (B, H, T, D). */
  readonly key: Tensor;
  /** (B, H, T, D). */
  readonly value: Tensor;
  /** u32, all elements equal: the position being computed, below T. */
  readonly position: Tensor;
}

/**
 * Attends from one new position to all positions so far, its own included, and adds its key and value to the cache.
 *
 * @param query (B, H, 1, D).
 * @param key (B, H, 1, D).
 * @param value (B, H, 1, D).
 * @param cache Keys and values so far; those of the new position are added.
 * @returns (B, H, 1, D).
 * @throws {TypeError} If there is more than one position, or an input is on a tape.
 * @category Operations
 */
export function cachedAttention(query: Tensor, key: Tensor, value: Tensor, cache: KeyValueCache): Tensor {
  const { backend } = query, [batch, heads, one, headDim] = query.shape, time = cache.key.shape[2];
  if (one !== 1) {
    throw new TypeError(`Cannot attend from ${formatShape(query.shape)} with a cache: expected T = 1`);
  }
  if ([query, key, value].some(({ tape }) => tape !== undefined)) {
    throw new TypeError(
      "Cannot train attention with a cache, which keeps nothing for the backward pass: use attention",
    );
  }
  const { position } = cache, sizes = { rows: batch * heads, headDim, time };
  backend.run(cacheAppend, { x: key, position, cached: cache.key }, sizes);
  backend.run(cacheAppend, { x: value, position, cached: cache.value }, sizes);
  const y = backend.allocate(query.shape), scores = backend.allocate([batch, heads, time]);
  const tensors = { query, cachedKey: cache.key, cachedValue: cache.value, position, y, scores };
  backend.run(cachedAttentionForward, tensors, sizes);
  return y;
}
