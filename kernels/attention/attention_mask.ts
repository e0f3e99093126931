/**
 * Which keys a query of attention sees, and which of its weights dropout sets to zero: on the CPU and in WGSL.
 *
 *     causal     query i sees the keys 0 … i
 *     padding    in a sequence of `length` tokens every query sees only the first `length` keys
 *     dropout    every weight is multiplied by a mask: 0 with probability `rate`, else 1 / (1 − rate)
 *
 * The textbook adds −∞ to scores that must not be seen. Here the first two only end a loop over keys earlier. The mask is
 * a function of seed, step, query and key, so the backward pass makes it again instead of reading T × T numbers. The
 * generator gives four words at a time: the masks of four neighbouring keys.
 *
 * References: Vaswani et al. 2017, section 3.2.3; Srivastava et al., "Dropout", 2014.
 *
 * @module
 */

import type { Bindings, Constants } from "../../core/backend.ts";
import { philox4x32, PHILOX_WGSL } from "../../core/philox.ts";
import { formatShape, type Tensor } from "../../core/tensor.ts";
import { declareBindings } from "../../core/webgpu/shader.ts";
import { dropThreshold } from "../dropout.ts";
import { elementWgsl } from "../matmul/half.ts";
import { readRowWgsl } from "../rows.ts";

/** What attention reads. */
export const ATTENTION_READS = {
  query: "f32",
  key: "f32",
  value: "f32",
  lengths: "u32",
  random: "u32",
} as const;

/**
 * What its backward pass reads. `statistics` (3, B, H, T) holds logSumExp, delta and the number of visible keys of each query:
 * in one tensor, since a shader may bind eight buffers on every device, and on some devices no more.
 */
export const ATTENTION_BACKWARD_READS = {
  query: "f32",
  key: "f32",
  value: "f32",
  dy: "f32",
  statistics: "f32",
  random: "u32",
} as const;

/** What the kernel that computes the statistics reads. */
export const ATTENTION_STATISTICS_READS = { dy: "f32", y: "f32", logSumExp: "f32", lengths: "u32" } as const;

/** Its constants: sizes, and which keys a query sees. */
export const ATTENTION_STATISTICS_CONSTANTS = [
  "batch",
  "heads",
  "time",
  "headDim",
  "causal",
  "padded",
] as const;

/** The names of the constants of attention's other kernels. */
export const ATTENTION_CONSTANTS = [
  ...ATTENTION_STATISTICS_CONSTANTS,
  "threshold",
  "keepScale",
  "stream",
] as const;

/** See {@linkcode AttentionConstants}. */
export type AttentionStatisticsConstants = Constants<typeof ATTENTION_STATISTICS_CONSTANTS[number]>;

/** Those of the kernel that writes the gradient of the query. */
export const ATTENTION_BACKWARD_QUERY_CONSTANTS = [...ATTENTION_CONSTANTS, "accumulate"] as const;

/** Those of the kernel that writes the gradients of key and value. */
export const ATTENTION_BACKWARD_KEY_VALUE_CONSTANTS = [
  ...ATTENTION_CONSTANTS,
  "accumulateKey",
  "accumulateValue",
] as const;

/**
 * Sizes and settings of attention. The flags `causal` and `padded` are 0 or 1; a weight is dropped where its random bits
 * are below `threshold`, else multiplied by `keepScale`; `stream` numbers the dropouts of a model.
 */
export type AttentionConstants = Constants<typeof ATTENTION_CONSTANTS[number]>;

/** The same, and whether the kernel adds to the gradient of the query. */
export type AttentionBackwardQueryConstants = Constants<typeof ATTENTION_BACKWARD_QUERY_CONSTANTS[number]>;

/** The same, and whether the kernel adds to the gradients of key and value. */
export type AttentionBackwardKeyValueConstants = Constants<
  typeof ATTENTION_BACKWARD_KEY_VALUE_CONSTANTS[number]
>;

/**
 * Options of `attention` and `selfAttention`.
 *
 * @category Operations
 */
export interface AttentionOptions {
  /** Whether a position sees only itself and those before it. */
  causal?: boolean;
  /**
   * u32 (B): how many keys of each sequence are no padding; more than T counts as T, and so does no tensor at all. Where it
   * is 0, the result is 0, and so are the gradients.
   */
  lengths?: Tensor;
  /** Probability to drop an attention weight while training. */
  dropoutRate?: number;
}

/**
 * What the kernels of attention are given besides query, key and value.
 *
 * @param y The result, whose tape decides on dropout and counts it.
 * @param sizes Those of the heads.
 * @param options Causal, padding, dropout.
 * @returns Constants, and both tensors that say which weights are left out.
 * @throws {TypeError} If there is not one length for each sequence.
 */
export function prepareMask(
  { backend, tape }: Tensor,
  sizes: Pick<AttentionConstants, "batch" | "heads" | "time" | "headDim">,
  options: AttentionOptions,
): { settings: AttentionConstants; lengths: Tensor; random: Tensor } {
  const { batch } = sizes, { lengths: given } = options;
  if (given && (given.size !== batch || given.dataType !== "u32")) {
    throw new TypeError(
      `Cannot attend to sequences with lengths ${formatShape(given.shape)} of ${given.dataType}: ` +
        `expected ${batch} of u32`,
    );
  }
  const unused = backend.allocate([4], "u32"), rate = tape?.random ? options.dropoutRate ?? 0 : 0;
  const settings = {
    ...sizes,
    causal: Number(options.causal ?? false),
    padded: Number(given !== undefined),
    threshold: dropThreshold(rate),
    keepScale: 1 / (1 - rate),
    stream: rate > 0 ? tape!.nextStream() : 0,
  };
  return { settings, lengths: given ?? unused, random: tape?.random ?? unused };
}

/**
 * How many keys of a head are no padding.
 *
 * @param head Counted over the whole batch: sequence · heads + head.
 * @param lengths Tokens of each sequence; not read unless `padded`.
 * @param settings Sizes and flags.
 * @returns At most T, also of a longer length.
 */
export function lengthOf(
  head: number,
  lengths: Uint32Array,
  { heads, time, padded }: AttentionStatisticsConstants,
): number {
  return padded ? Math.min(lengths[Math.floor(head / heads)], time) : time;
}

/**
 * How many keys a query sees: always the first ones of its sequence.
 *
 * @param head As in {@linkcode lengthOf}.
 * @param i The query's position in its sequence.
 * @param lengths As in {@linkcode lengthOf}.
 * @param settings Sizes and flags.
 * @returns At most T, and 0 for a sequence without tokens.
 */
export function visible(
  head: number,
  i: number,
  lengths: Uint32Array,
  settings: AttentionStatisticsConstants,
): number {
  const length = lengthOf(head, lengths, settings);
  return settings.causal ? Math.min(i + 1, length) : length;
}

/** Four random words, used again by every call. */
const bits = new Uint32Array(4);

/**
 * The dropout masks of four neighbouring keys for one query.
 *
 * @param masks Receives four numbers, 0 or 1 / (1 − rate).
 * @param at Where the first of them goes.
 * @param step How far apart they stand.
 * @param row The query, counted over all heads of the batch.
 * @param j The first key, a multiple of four.
 * @param random Seed low, seed high, step.
 * @param settings Sizes and dropout.
 */
export function maskKeys(
  masks: Float64Array,
  at: number,
  step: number,
  row: number,
  j: number,
  random: Uint32Array,
  { time, threshold, keepScale, stream }: AttentionConstants,
): void {
  const counter = row * Math.ceil(time / 4) + j / 4;
  philox4x32(bits, random[0], random[1], counter, random[2], stream, 0);
  for (let n = 0; n < 4; n++) masks[at + n * step] = bits[n] < threshold ? 0 : keepScale;
}

/** {@linkcode visible} in WGSL, for a kernel that reads `lengths`. */
export const VISIBLE_WGSL = `
fn visible(head: u32, i: u32) -> u32 {
  let length = select(time, min(lengths[select(0, head / heads, padded == 1)], time), padded == 1);
  return select(length, min(i + 1, length), causal == 1);
}`;

/**
 * The dropout masks in WGSL: `mask(row, j)` gives those of the four keys 4⌊j/4⌋ … 4⌊j/4⌋ + 3.
 *
 * @param settings Whether there is dropout: without it the generator is left out.
 * @returns The text.
 */
export function attentionMaskWgsl({ threshold }: AttentionConstants): string {
  if (threshold === 0) return "fn mask(row: u32, j: u32) -> vec4f { return vec4f(1); }";
  return `${PHILOX_WGSL}
fn mask(row: u32, j: u32) -> vec4f {
  let counter = row * ((time + 3) / 4) + j / 4;
  let bits = philox(vec2u(random[0], random[1]), vec4u(counter, random[2], stream, 0));
  return select(vec4f(keepScale), vec4f(), bits < vec4u(threshold));
}`;
}

/** Tensors that are read as they are; rows of D numbers are read four numbers at a time if fours fit into D. */
const PLAIN: readonly string[] = ["lengths", "random", "logSumExp", "statistics"];

/** `statisticOf(part, row)`: see {@linkcode ATTENTION_BACKWARD_READS}. */
const STATISTICS_WGSL = `
fn statisticOf(part: u32, row: u32) -> f32 { return statistics[part * batch * heads * time + row]; }`;

/**
 * What every shader of attention begins with: bindings, `queryAt(row, part)` and its like for reading, which query sees
 * which keys, and the dropout masks.
 *
 * @param settings Sizes and dropout.
 * @param reads Names of the tensors that are read.
 * @param writes Names of the others.
 * @param types What they hold.
 * @returns The text.
 */
export function attentionDeclarationsWgsl(
  settings: AttentionConstants,
  reads: readonly string[],
  writes: readonly string[],
  types: Bindings,
): string {
  const { headDim } = settings;
  const widthOf = (name: string) => headDim % 4 === 0 && !PLAIN.includes(name) ? 4 : 1;
  const rows = reads.filter((name) => !PLAIN.includes(name));
  return `${declareBindings(reads, writes, (name) => elementWgsl(types[name], widthOf(name)))}
${rows.map((name) => readRowWgsl(name, headDim, types[name])).join("\n")}
${reads.includes("lengths") ? VISIBLE_WGSL : STATISTICS_WGSL}
${attentionMaskWgsl(settings)}
const scale = ${1 / Math.sqrt(headDim)};`;
}
