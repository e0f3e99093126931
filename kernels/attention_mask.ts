/**
 * Which keys a query of attention looks at, and which of its weights dropout takes away: on the CPU and in WGSL.
 *
 *     causal     query i sees the keys 0 … i
 *     padding    a sequence of `length` tokens has as many keys; nobody looks at those after them
 *     dropout    every weight is multiplied by a mask: 0 with probability `rate`, else 1 / (1 − rate)
 *
 * The textbook adds −∞ to scores that must not be seen. Here the first two only end a loop over keys earlier. The mask is
 * a function of seed, step, query and key, so the backward pass makes it again instead of reading T × T numbers. The
 * generator gives four numbers at a time: the masks of four neighbouring keys.
 *
 * References: Vaswani et al. 2017, section 3.2.3; Srivastava et al., "Dropout", 2014.
 *
 * @module
 */

import { philox4x32, philoxWgsl } from "../core/philox.ts";

/** The names of the constants of attention's kernels. */
export const ATTENTION_CONSTANTS = [
  "batch",
  "heads",
  "time",
  "headDim",
  "causal",
  "padded",
  "threshold",
  "keepScale",
  "stream",
] as const;

/**
 * Sizes and settings of attention. The flags `causal` and `padded` are 0 or 1; a weight is dropped where its random bits
 * are below `threshold`, else multiplied by `keepScale`; `stream` numbers the dropouts of a model.
 */
export type AttentionConstants = Readonly<Record<typeof ATTENTION_CONSTANTS[number], number>>;

/**
 * How many keys of a head are no padding.
 *
 * @param head Counted over the whole batch: sequence · heads + head.
 * @param lengths Tokens of each sequence; not looked at unless `padded`.
 * @param settings Sizes and flags.
 * @returns At most T, also of a longer length.
 */
export function lengthOf(
  head: number,
  lengths: Uint32Array,
  { heads, time, padded }: AttentionConstants,
): number {
  return padded ? Math.min(lengths[Math.floor(head / heads)], time) : time;
}

/**
 * How many keys a query sees: those before this number.
 *
 * @param head As in {@linkcode lengthOf}.
 * @param i The query's place in its sequence.
 * @param lengths As in {@linkcode lengthOf}.
 * @param settings Sizes and flags.
 * @returns At most T, and 0 for a sequence without tokens.
 */
export function visible(head: number, i: number, lengths: Uint32Array, settings: AttentionConstants): number {
  const length = lengthOf(head, lengths, settings);
  return settings.causal ? Math.min(i + 1, length) : length;
}

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
  philox4x32(bits, random[0], random[1], row * Math.ceil(time / 4) + j / 4, random[2], stream, 0);
  for (let n = 0; n < 4; n++) masks[at + n * step] = bits[n] < threshold ? 0 : keepScale;
}

/**
 * The same in WGSL: `visible(head, i)`, and `mask(row, j)` for the four keys 4⌊j/4⌋ … 4⌊j/4⌋ + 3, of which
 * `j` is one.
 *
 * @param settings Whether there is dropout: without it the generator is left out.
 * @returns The text.
 */
export function attentionMaskWgsl({ threshold }: AttentionConstants): string {
  const seen = `
fn visible(head: u32, i: u32) -> u32 {
  let length = select(time, min(lengths[select(0, head / heads, padded == 1)], time), padded == 1);
  return select(length, min(i + 1, length), causal == 1);
}`;
  if (threshold === 0) return `${seen}\nfn mask(row: u32, j: u32) -> vec4f { return vec4f(1); }`;
  return `${philoxWgsl}${seen}
fn mask(row: u32, j: u32) -> vec4f {
  let place = row * ((time + 3) / 4) + j / 4;
  let bits = philox(vec2u(random[0], random[1]), vec4u(place, random[2], stream, 0));
  return select(vec4f(keepScale), vec4f(), bits < vec4u(threshold));
}`;
}
