/**
 * Splitting the model width into heads, and merging them again.
 *
 * One linear layer computes query, key and value of all heads side by side: a row of length 3C. Attention takes every head
 * as a matrix of its own. These two functions only move numbers; the backward pass moves gradients back. Where that
 * costs much, `self_attention.ts` does without them.
 *
 *     splitHeads   (B, T, 3C)         →   query, key, value, each (B, H, T, D)
 *     mergeHeads   (B, H, T, D)       →   (B, T, C)
 *
 * Reference: Vaswani et al., "Attention is all you need", 2017, section 3.2.2.
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";
import { storeOrAdd } from "../../core/webgpu/shader.ts";
import { formatShape, gradientOf, gradientToWrite, outputOf, type Tensor } from "../../core/tensor.ts";
import type { WasmCode } from "../../core/wasm/wasm_code.ts";
import type { I32 } from "../../core/wasm/wasm_numbers.ts";

/** The names of the constants; `batch` sequences of `time` positions, and which of how many parts is moved. */
const CONSTANTS = ["batch", "time", "heads", "headDim", "parts", "part"] as const;

/** Those of the backward kernels. */
const BACKWARD_CONSTANTS = [...CONSTANTS, "accumulate"] as const;

type HeadConstants = Readonly<Record<typeof CONSTANTS[number], number>>;

/**
 * Where element `index` of the layout by heads, (sequence, head, position, channel), stands in the rows: there each row,
 * (sequence, position), consists of `parts` equal parts, of which this is number `part`, and each part of all heads.
 */
const ROW_INDEX_WGSL = `
fn rowIndex(index: u32) -> u32 {
  let channel = index % headDim;
  let position = index / headDim % time;
  let head = index / (headDim * time) % heads;
  let sequence = index / (headDim * time * heads);
  return ((sequence * time + position) * parts + part) * (heads * headDim) + head * headDim + channel;
}`;

/** Calls `move(index, rowIndex)` for every element of a part: where it stands by heads, and where in the rows. */
function forEachElement(
  { batch, time, heads, headDim, parts, part }: HeadConstants,
  move: (index: number, rowIndex: number) => void,
): void {
  for (let sequence = 0, index = 0; sequence < batch; sequence++) {
    for (let head = 0; head < heads; head++) {
      for (let position = 0; position < time; position++) {
        const start = ((sequence * time + position) * parts + part) * (heads * headDim) + head * headDim;
        for (let channel = 0; channel < headDim; channel++) move(index++, start + channel);
      }
    }
  }
}

/** Positions of a sequence that WebAssembly moves in one piece. */
const BLOCK_POSITIONS = 64;

/** Pieces of the work for WebAssembly. */
const pieces = ({ batch, time }: HeadConstants) => batch * Math.ceil(time / BLOCK_POSITIONS);

/** {@linkcode forEachElement} for WebAssembly, four channels side by side: `move` writes what to do with them. */
function forEachFour(
  code: WasmCode<keyof HeadConstants>,
  move: (index: I32, rowIndex: I32) => void,
): void {
  const time = code.i32("time"), heads = code.i32("heads"), headDim = code.i32("headDim");
  const parts = code.i32("parts"), part = code.i32("part");
  const blocks = code.let(time.plus(BLOCK_POSITIONS - 1).over(BLOCK_POSITIONS));
  const sequence = code.let(code.piece.over(blocks));
  const start = code.let(code.piece.modulo(blocks).times(BLOCK_POSITIONS));
  code.for(start, start.plus(BLOCK_POSITIONS).min(time), 1, (position) => {
    const row = code.let(sequence.times(time).plus(position).times(parts).plus(part).times(heads));
    code.for(0, heads, 1, (head) => {
      const index = code.let(sequence.times(heads).plus(head).times(time).plus(position).times(headDim));
      const rowIndex = code.let(row.plus(head).times(headDim));
      code.forFours(0, headDim, (channel) => move(index.plus(channel), rowIndex.plus(channel)));
    });
  });
}

/** Elements of one part. */
const elements = ({ batch, time, heads, headDim }: HeadConstants) => batch * time * heads * headDim;

/** y (by heads) = a part of the rows x. */
export const splitHeadsForward = kernel({
  name: "splitHeadsForward",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: CONSTANTS,
  elements,
  cpu({ x, y }, sizes) {
    forEachElement(sizes, (index, rowIndex) => y[index] = x[rowIndex]);
  },
  wgsl: `${ROW_INDEX_WGSL}\nfn each(index: u32) { y[index] = x[rowIndex(index)]; }`,
  wasm: [{
    pieces,
    body({ x, y }, code) {
      forEachFour(code, (index, rowIndex) => y.store4(index, x.load4(rowIndex)));
    },
  }],
});

/** A part of the rows dx += dy (by heads), or dx = dy. */
export const splitHeadsBackward = kernel({
  name: "splitHeadsBackward",
  reads: { dy: "f32" },
  writes: { dx: "f32" },
  constants: BACKWARD_CONSTANTS,
  elements,
  cpu({ dy, dx }, { accumulate, ...sizes }) {
    if (accumulate) forEachElement(sizes, (index, rowIndex) => dx[rowIndex] += dy[index]);
    else forEachElement(sizes, (index, rowIndex) => dx[rowIndex] = dy[index]);
  },
  wgsl: ({ accumulate }) =>
    `${ROW_INDEX_WGSL}\nfn each(index: u32) { dx[rowIndex(index)] ${storeOrAdd(accumulate)} dy[index]; }`,
  wasm: [{
    switches: ["accumulate"],
    pieces,
    body({ dy, dx }, code, { accumulate }) {
      forEachFour(code, (index, rowIndex) => dx.storeOrAdd4(accumulate, rowIndex, dy.load4(index)));
    },
  }],
});

/** Rows y = x (by heads). */
export const mergeHeadsForward = kernel({
  name: "mergeHeadsForward",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: CONSTANTS,
  elements,
  cpu({ x, y }, sizes) {
    forEachElement(sizes, (index, rowIndex) => y[rowIndex] = x[index]);
  },
  wgsl: `${ROW_INDEX_WGSL}\nfn each(index: u32) { y[rowIndex(index)] = x[index]; }`,
  wasm: [{
    pieces,
    body({ x, y }, code) {
      forEachFour(code, (index, rowIndex) => y.store4(rowIndex, x.load4(index)));
    },
  }],
});

/** dx (by heads) += rows dy, or dx = rows dy. */
export const mergeHeadsBackward = kernel({
  name: "mergeHeadsBackward",
  reads: { dy: "f32" },
  writes: { dx: "f32" },
  constants: BACKWARD_CONSTANTS,
  elements,
  cpu({ dy, dx }, { accumulate, ...sizes }) {
    if (!accumulate) dx.fill(0);
    forEachElement(sizes, (index, rowIndex) => dx[index] += dy[rowIndex]);
  },
  wgsl: ({ accumulate }) =>
    `${ROW_INDEX_WGSL}\nfn each(index: u32) { dx[index] ${storeOrAdd(accumulate)} dy[rowIndex(index)]; }`,
  wasm: [{
    switches: ["accumulate"],
    pieces,
    body({ dy, dx }, code, { accumulate }) {
      forEachFour(code, (index, rowIndex) => dx.storeOrAdd4(accumulate, index, dy.load4(rowIndex)));
    },
  }],
});

/** The sizes of heads that are packed in x (B, T, 3C); throws if 3H does not divide the width. */
export function headSizes(
  x: Tensor,
  heads: number,
): Record<"batch" | "heads" | "time" | "headDim", number> {
  const [batch, time, width] = x.shape, headDim = width / 3 / heads;
  if (Number.isInteger(headDim)) return { batch, heads, time, headDim };
  throw new TypeError(
    `Cannot split ${formatShape(x.shape)} into ${heads} heads: expected a multiple of ${3 * heads}`,
  );
}

/**
 * Splits packed query, key and value into heads.
 *
 * @param x (B, T, 3C): in every row first all of the query, then the key, then the value.
 * @param heads H, a divisor of C.
 * @returns Query, key and value, each (B, H, T, D).
 * @throws {TypeError} If 3H does not divide the width.
 * @category Operations
 */
export function splitHeads(x: Tensor, heads: number): [query: Tensor, key: Tensor, value: Tensor] {
  const { batch, time, headDim } = headSizes(x, heads), sizes = { batch, time, heads, headDim, parts: 3 };
  const split = (part: number): Tensor => {
    const y = outputOf([batch, heads, time, headDim], [x]);
    x.backend.run(splitHeadsForward, { x, y }, { ...sizes, part });
    return y;
  };
  const parts: [Tensor, Tensor, Tensor] = [split(0), split(1), split(2)];
  x.tape?.record(() => {
    // each part of dx comes from another gradient: together the three kernels write it once
    const { gradient: dx, accumulate } = gradientToWrite(x);
    for (const [part, y] of parts.entries()) {
      x.backend.run(splitHeadsBackward, { dy: gradientOf(y), dx }, { ...sizes, part, accumulate });
    }
  });
  return parts;
}

/**
 * Merges heads into rows, side by side.
 *
 * @param x (B, H, T, D).
 * @returns (B, T, C) with C = H · D.
 * @category Operations
 */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, time, headDim] = x.shape;
  const y = outputOf([batch, time, heads * headDim], [x]);
  const sizes = { batch, time, heads, headDim, parts: 1, part: 0 };
  x.backend.run(mergeHeadsForward, { x, y }, sizes);
  y.tape?.record(() => {
    const { gradient: dx, accumulate } = gradientToWrite(x);
    x.backend.run(mergeHeadsBackward, { dy: gradientOf(y), dx }, { ...sizes, accumulate });
  });
  return y;
}
