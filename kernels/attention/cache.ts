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
 * One group of invocations computes one head of one sequence: it stores key and value, which no other group reads; then
 * scores of all positions in parallel, their maximum and sum by tree reductions, then each invocation some channels of the
 * result. On a GPU a group has more invocations than channels: they form *teams* of one for each channel, which share the
 * positions; the sums of the teams are added in order.
 *
 * With one position the heads of a row stand one after the other, however they are called: (B, 1, C) and (B, H, 1, D) are
 * the same numbers in the same order. So nothing is split or merged: query, key and value are read from the row in which
 * the linear layer left them, and the result is the row that the next one takes. A prompt, of which all positions are known,
 * is computed at once as in training; `fillCache` keeps its keys and values.
 *
 * References: Pope et al., "Efficiently scaling transformer inference", 2022, section 2.1; Dao et al., "Flash-Decoding for
 * long-context inference", 2023, which shares the positions among groups.
 *
 * @module
 */

import { type AdapterClass, kernel } from "../../core/backend.ts";
import { exp } from "../../core/math.ts";
import { formatShape, type Tensor } from "../../core/tensor.ts";
import { cachedAttentionWasm, cacheFillWasm } from "./cache_wasm.ts";
import { rowLanes } from "../reduce.ts";

/** cachedKey[:, :, 0 … length − 1] = the keys in packed rows (B, length, 3C), and cachedValue likewise the values. */
export const cacheFill = kernel({
  name: "cacheFill",
  reads: { queryKeyValue: "f32" },
  writes: { cachedKey: "f32", cachedValue: "f32" },
  constants: ["batch", "heads", "headDim", "time", "length"],
  elements: ({ batch, heads, headDim, length }) => batch * heads * length * headDim,
  cpu({ queryKeyValue, cachedKey, cachedValue }, { batch, heads, headDim, time, length }) {
    const width = heads * headDim;
    for (let row = 0; row < batch * heads; row++) {
      for (let j = 0; j < length; j++) {
        const packedAt = (Math.floor(row / heads) * length + j) * 3 * width + row % heads * headDim;
        const keyAt = packedAt + width, valueAt = packedAt + 2 * width, cachedAt = (row * time + j) * headDim;
        cachedKey.set(queryKeyValue.subarray(keyAt, keyAt + headDim), cachedAt);
        cachedValue.set(queryKeyValue.subarray(valueAt, valueAt + headDim), cachedAt);
      }
    }
  },
  wgsl: `
fn each(index: u32) {
  let d = index % headDim;
  let j = index / headDim % length;
  let row = index / (headDim * length);
  let packedAt = (row / heads * length + j) * (3 * heads * headDim) + row % heads * headDim + d;
  let cachedAt = (row * time + j) * headDim + d;
  cachedKey[cachedAt] = queryKeyValue[packedAt + heads * headDim];
  cachedValue[cachedAt] = queryKeyValue[packedAt + 2 * heads * headDim];
}`,
  wasm: cacheFillWasm,
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

/**
 * Stores one key and value per row, a head of a sequence, at `position` of the cache, and attends with one query to the
 * first `position` + 1 of it; `scores` is scratch memory.
 *
 * The heads of a sequence follow each other; from one sequence to the next there are `stride` elements. Query, key and value
 * may be one tensor, in which keys begin at `keyStart` and values at `valueStart`. The scores are multiplied by `factor`.
 */
export const cachedAttentionForward = kernel({
  name: "cachedAttention",
  reads: { query: "f32", key: "f32", value: "f32", position: "u32" },
  writes: { cachedKey: "f32", cachedValue: "f32", y: "f32", scores: "f32" },
  constants: ["rows", "heads", "headDim", "time", "stride", "keyStart", "valueStart", "factor"],
  groups: ({ rows }) => rows,
  lanes: (_, adapter) => lanesFor(adapter),
  cpu({ query, key, value, position, cachedKey, cachedValue, y, scores }, constants) {
    const { rows, heads, headDim, time, stride, keyStart, valueStart, factor } = constants;
    const end = position[0] + 1, scale = factor / Math.sqrt(headDim), sum = new Float64Array(headDim);
    for (let row = 0; row < rows; row++) {
      const start = Math.floor(row / heads) * stride + row % heads * headDim;
      const cachedAt = (row * time + position[0]) * headDim;
      cachedKey.set(key.subarray(keyStart + start, keyStart + start + headDim), cachedAt);
      cachedValue.set(value.subarray(valueStart + start, valueStart + start + headDim), cachedAt);
      let m = -Infinity, l = 0;
      for (let j = 0; j < end; j++) {
        let s = 0;
        for (let d = 0; d < headDim; d++) {
          s += query[start + d] * cachedKey[(row * time + j) * headDim + d];
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
  const scale = ${constants.factor / Math.sqrt(constants.headDim)};
  let end = min(position[0], ${constants.time - 1}u) + 1;
  let start = row / heads * stride + row % heads * headDim;
  for (var d = lane; d < headDim; d += lanes) {
    let cachedAt = (row * time + end - 1) * headDim + d;
    cachedKey[cachedAt] = key[keyStart + start + d];
    cachedValue[cachedAt] = value[valueStart + start + d];
  }
  storageBarrier(); // key and value of the position are stored before other lanes read them
  var laneMax = -1e30;
  for (var j = lane; j < end; j += lanes) {
    var s = 0.0;
    for (var d = 0u; d < headDim; d++) { s += query[start + d] * cachedKey[(row * time + j) * headDim + d]; }
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

/** Where query, key and value of a position begin, and what multiplies the scores: see {@linkcode cachedAttentionForward}. */
type Layout = Readonly<Record<"stride" | "keyStart" | "valueStart" | "factor", number>>;

/** Runs the kernel on one position; the result has the given shape. */
function attend(
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  cache: KeyValueCache,
  shape: readonly number[],
  layout: Layout,
): Tensor {
  if ([query, key, value].some(({ tape }) => tape !== undefined)) {
    throw new TypeError(
      "Cannot train attention with a cache, which keeps nothing for the backward pass: use attention",
    );
  }
  const { backend } = query, { key: cachedKey, value: cachedValue, position } = cache;
  const [batch, heads, time, headDim] = cachedKey.shape, rows = batch * heads;
  const y = backend.allocate(shape), scores = backend.allocate([batch, heads, time]);
  const tensors = { query, key, value, position, cachedKey, cachedValue, y, scores };
  backend.run(cachedAttentionForward, tensors, { rows, heads, headDim, time, ...layout });
  return y;
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
  const [, heads, one, headDim] = query.shape;
  if (one !== 1) {
    throw new TypeError(`Cannot attend from ${formatShape(query.shape)} with a cache: expected T = 1`);
  }
  const layout = { stride: heads * headDim, keyStart: 0, valueStart: 0, factor: 1 };
  return attend([query, key, value], cache, query.shape, layout);
}

/** The sizes of packed rows, (B, length, 3C); throws if they do not fit the cache. */
function sizesOf(queryKeyValue: Tensor, { key: { shape: [batch, heads, time, headDim] } }: KeyValueCache) {
  const [sequences, length, packed] = queryKeyValue.shape, width = heads * headDim;
  if (sequences !== batch || packed !== 3 * width || length > time) {
    throw new TypeError(
      `Cannot attend from ${formatShape(queryKeyValue.shape)} with a cache of ` +
        `${formatShape([batch, heads, time, headDim])}: expected (${batch}, at most ${time}, ${3 * width})`,
    );
  }
  return { batch, heads, time, headDim, length, width };
}

/**
 * The same as {@linkcode cachedAttention} of packed query, key and value, as one linear layer computes them.
 *
 * @example A second token whose query is 0 takes the mean of both values
 * ```ts
 * import { cachedSelfAttention, CpuBackend, fillCache } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), [key, value] = [0, 1].map(() => backend.allocate([1, 1, 4, 1])); // (B, H, T, D)
 * const cache = { key, value, position: backend.from(Uint32Array.of(1)) };
 * fillCache(backend.from([0, 1, 4], [1, 1, 3]), cache); // query, key and value at position 0
 * const y = cachedSelfAttention(backend.from([0, 1, 8], [1, 1, 3]), cache);
 * assertEquals(await backend.read(y), new Float32Array([6]));
 * ```
 *
 * @param queryKeyValue (B, 1, 3C): first all of the query, then the key, then the value, each of all heads.
 * @param cache Keys and values so far; those of the new position are added.
 * @param options What multiplies the scores, besides 1/√D; 1 unless given.
 * @returns (B, 1, C): the heads side by side.
 * @throws {TypeError} If there is more than one position, the shapes do not fit, or the input is on a tape.
 * @category Operations
 */
export function cachedSelfAttention(
  queryKeyValue: Tensor,
  cache: KeyValueCache,
  { scale = 1 }: { scale?: number } = {},
): Tensor {
  const { batch, length, width } = sizesOf(queryKeyValue, cache);
  if (length !== 1) {
    throw new TypeError(
      `Cannot attend from ${formatShape(queryKeyValue.shape)} with a cache: expected T = 1`,
    );
  }
  const layout = { stride: 3 * width, keyStart: width, valueStart: 2 * width, factor: scale };
  return attend([queryKeyValue, queryKeyValue, queryKeyValue], cache, [batch, 1, width], layout);
}

/**
 * Keeps the keys and values of the first positions of every sequence.
 *
 * @param queryKeyValue (B, length, 3C), of the positions 0 … length − 1.
 * @param cache Receives keys and values.
 * @throws {TypeError} If the shapes do not fit.
 * @category Operations
 */
export function fillCache(queryKeyValue: Tensor, cache: KeyValueCache): void {
  const { width: _, ...sizes } = sizesOf(queryKeyValue, cache);
  const { key: cachedKey, value: cachedValue } = cache;
  queryKeyValue.backend.run(cacheFill, { queryKeyValue, cachedKey, cachedValue }, sizes);
}
