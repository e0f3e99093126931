/**
 * Attention with a cache in WebAssembly: one query of each head against all keys so far.
 *
 * A piece stores the new key and value of its heads and then attends: no other piece reads them. There is nothing to put
 * beside one query, so the lanes are neighbouring keys, and where values are summed, channels:
 *
 *     for every eight keys:          s = q · k / √D
 *     for every four keys:           p = exp(s − m)
 *     for every sixteen channels:    y = Σ p v / l
 *
 * Four keys are transposed in registers, since each is a row of the cache. All sums are formed in the order of
 * `attention_wasm.ts`, over d and over keys from first to last. So a token that is generated has the bits that it has in a
 * forward pass over the whole sequence.
 *
 * @module
 */

import { WasmFloats } from "../../core/wasm/wasm_arrays.ts";
import type { WasmCode } from "../../core/wasm/wasm_code.ts";
import { exp4 } from "../../core/wasm/wasm_math.ts";
import type { WasmPass } from "../../core/wasm/wasm_pass.ts";
import { F32, I32, select } from "../../core/wasm/wasm_numbers.ts";
import { F32x4 } from "../../core/wasm/wasm_vectors.ts";
import { HALVES, Places, roundUp } from "./attention_tiles_wasm.ts";
import { UNSEEN } from "./attention_walk_wasm.ts";

/** Elements of a cache in a piece: with fewer, waking a thread takes longer than it saves. */
const ELEMENTS = 65536;

/** Channels that are summed up side by side. Reading that many is allowed at any place of a tensor. */
const CHANNELS = 16;

const rowsPerPiece = ({ time, headDim }: { time: number; headDim: number }) =>
  Math.max(1, Math.floor(ELEMENTS / (time * headDim)));

/** The keys and values of `length` positions, from packed rows: a head of a sequence in a piece. */
export const cacheFillWasm: readonly WasmPass<
  { queryKeyValue: "f32"; cachedKey: "f32"; cachedValue: "f32" },
  "batch" | "heads" | "headDim" | "time" | "length"
>[] = [{
  pieces: ({ batch, heads }) => batch * heads,
  body({ queryKeyValue, cachedKey, cachedValue }, code) {
    const [heads, headDim, time, length] = (["heads", "headDim", "time", "length"] as const).map((name) =>
      code.i32(name)
    );
    const width = code.let(heads.times(headDim)), head = code.let(code.piece.modulo(heads).times(headDim));
    const row = code.let(code.piece.over(heads).times(length)), place = code.let(code.piece.times(time));
    code.for(0, length, 1, (j) => {
      const from = queryKeyValue.from(row.plus(j).times(width).times(3).plus(head));
      const to = code.let(place.plus(j).times(headDim));
      for (const [part, cached] of [cachedKey, cachedValue].entries()) {
        const values = from.from(width.times(part + 1)), kept = cached.from(to);
        code.forFours(0, headDim, (d) => kept.store4(d, values.load4(d)));
      }
    });
  },
}];

/** s of the keys j to j + 7, which stand in two vectors. */
function dotEight(code: WasmCode, query: WasmFloats, keys: WasmFloats, j: I32, last: I32, width: I32) {
  const rows = HALVES.map((half) =>
    [0, 1, 2, 3].map((n) => keys.from(j.plus(half + n).min(last).times(width)))
  );
  const sums = HALVES.map(() => code.variable(F32x4.of(0)));
  /** Adds the products of the channels d to d + 3, as far as they exist. */
  const four = (d: I32, exists: (n: number, add: () => void) => void) => {
    const keys = rows.map((four) => code.transposed(four.map((row) => code.let(row.load4(d)))));
    for (const n of [0, 1, 2, 3]) {
      exists(n, () => {
        const factor = code.let(query.splat(d, n));
        sums.forEach((sum, h) => sum.set(sum.value.plus(factor.times(keys[h][n]))));
      });
    }
  };
  const fours = code.let(width.and(-4));
  code.for(0, fours, 4, (d) => four(d, (_, add) => add()));
  code.if(fours.isLess(width), () => four(fours, (n, add) => code.if(width.isGreater(fours.plus(n)), add)));
  return sums.map(({ value }) => value);
}

/** Σ p v over all keys, of sixteen neighbouring channels. */
function sumChannels(code: WasmCode, p: WasmFloats, values: WasmFloats, end: I32, width: I32) {
  const sums = [0, 4, 8, 12].map((offset) => ({ offset, sum: code.variable(F32x4.of(0)) }));
  const address = code.variable(values.base), row = new WasmFloats(code, address.value);
  code.for(0, end, 1, (j) => {
    const weight = code.let(p.splat(j));
    for (const { offset, sum } of sums) sum.set(sum.value.plus(weight.times(row.load4(0, offset))));
    address.set(address.value.plus(width.shiftLeft(2)));
  });
  return sums;
}

/** y of one query for each row, a row at a time. */
export const cachedAttentionWasm: readonly WasmPass<
  {
    query: "f32";
    key: "f32";
    value: "f32";
    position: "u32";
    cachedKey: "f32";
    cachedValue: "f32";
    y: "f32";
    scores: "f32";
  },
  "rows" | "heads" | "headDim" | "time" | "stride" | "keyStart" | "valueStart" | "factor"
>[] = [{
  pieces: (sizes) => Math.ceil(sizes.rows / rowsPerPiece(sizes)),
  scratch: ({ headDim, time }) => 4 * (2 * (headDim + CHANNELS) + time + 16),
  body({ query, key, value, position, cachedKey, cachedValue, y }, code) {
    const width = code.i32("headDim"), time = code.i32("time"), last = code.let(time.minus(1));
    const places = new Places(code), wide = roundUp(width, CHANNELS);
    const scaled = places.take(wide), sums = places.take(wide), p = places.take(0);
    const scale = code.let(F32x4.of(F32.of(1).over(width.toF32().sqrt())));
    const factor = code.let(F32x4.of(code.f32("factor"))), heads = code.i32("heads");
    const end = code.let(position.load(0).min(last).plus(1));
    const wanted = code.let(I32.of(ELEMENTS).over(time.times(width)));
    const perPiece = code.let(select(wanted.isBelow(1), I32.of(1), wanted));
    const first = code.let(code.piece.times(perPiece));
    code.for(first, first.plus(perPiece).min(code.i32("rows")), 1, (row) => {
      const start = code.let(row.over(heads).times(code.i32("stride")).plus(row.modulo(heads).times(width)));
      const from = query.from(start), to = y.from(row.times(width));
      const newKey = key.from(start.plus(code.i32("keyStart")));
      const newValue = value.from(start.plus(code.i32("valueStart")));
      const cached = code.let(row.times(time).times(width)), place = code.let(end.minus(1).times(width));
      const keys = cachedKey.from(cached), values = cachedValue.from(cached);
      code.forFours(0, width, (d) => {
        keys.store4(place.plus(d), newKey.load4(d));
        values.store4(place.plus(d), newValue.load4(d));
      });
      code.for(0, width, 4, (d) => scaled.store4(d, factor.times(from.load4(d)).times(scale)));
      code.for(0, end, 8, (j) => {
        const s = dotEight(code, scaled, keys, j, last, width);
        HALVES.forEach((half, h) => p.store4(j, s[h], half));
      });
      for (const half of HALVES) p.store4(end, F32x4.of(UNSEEN), half);
      const largest = code.variable(F32x4.of(UNSEEN));
      code.for(0, end, 4, (j) => largest.set(largest.value.atLeast(p.load4(j))));
      const pairs = code.let(largest.value.atLeast(largest.value.shuffle(largest.value, [2, 3, 0, 1])));
      const m = code.let(pairs.atLeast(pairs.shuffle(pairs, [1, 0, 3, 2])));
      code.for(0, end, 4, (j) => p.store4(j, exp4(code, p.load4(j).minus(m))));
      const l = code.variable(F32.of(0));
      code.for(0, end, 1, (j) => l.set(l.value.plus(p.load(j))));
      const divisor = code.let(F32x4.of(l.value));
      code.for(0, width, CHANNELS, (c) => {
        for (const { offset, sum } of sumChannels(code, p, values.from(c), end, width)) {
          sums.store4(c, sum.value, offset);
        }
      });
      code.forFours(0, width, (c) => to.store4(c, sums.load4(c).over(divisor)));
    });
  },
}];
