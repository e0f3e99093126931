/**
 * Cutting the model width into heads, and putting them together again.
 *
 * One linear layer computes query, key and value of all heads side by side: a row of length 3C. Attention wants every
 * head as a matrix of its own. These two functions only move numbers; the backward pass moves gradients back.
 *
 *     splitHeads   (B, T, 3C)         →   query, key, value, each (B, H, T, D)
 *     mergeHeads   (B, H, T, D)       →   (B, T, C)
 *
 * Reference: Vaswani et al., "Attention is all you need", 2017, section 3.2.2.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { formatShape, gradientOf, outputOf, type Tensor } from "../core/tensor.ts";

/**
 * Moves one of `parts` equal slices of each row to (or, with `backward`, from) the layout by heads. Element `index` of
 * the latter is (batch, head, time, channel); its place in the rows is the same numbers in another order.
 */
const WGSL_PLACE = `
fn place(index: u32) -> u32 {
  let channel = index % headDim;
  let position = index / headDim % time;
  let head = index / (headDim * time) % heads;
  let sequence = index / (headDim * time * heads);
  return ((sequence * time + position) * parts + part) * (heads * headDim) + head * headDim + channel;
}`;

type HeadConstants = Readonly<Record<"batch" | "time" | "heads" | "headDim" | "parts" | "part", number>>;

/** Calls `move(index by heads, index in rows)` for every element of a part. */
function forEachPlace(
  { batch, time, heads, headDim, parts, part }: HeadConstants,
  move: (byHead: number, inRow: number) => void,
): void {
  for (let sequence = 0, byHead = 0; sequence < batch; sequence++) {
    for (let head = 0; head < heads; head++) {
      for (let position = 0; position < time; position++) {
        const inRow = ((sequence * time + position) * parts + part) * heads * headDim + head * headDim;
        for (let channel = 0; channel < headDim; channel++) move(byHead++, inRow + channel);
      }
    }
  }
}

const constants = ["batch", "time", "heads", "headDim", "parts", "part"] as const;
const elements = ({ batch, time, heads, headDim }: HeadConstants) => batch * time * heads * headDim;

/** y (by heads) = a part of the rows x. */
export const splitHeadsForward = kernel({
  name: "splitHeadsForward",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants,
  elements,
  cpu({ x, y }, sizes) {
    forEachPlace(sizes, (byHead, inRow) => y[byHead] = x[inRow]);
  },
  wgsl: `${WGSL_PLACE}\nfn each(index: u32) { y[index] = x[place(index)]; }`,
});

/** A part of the rows dx += dy (by heads). */
export const splitHeadsBackward = kernel({
  name: "splitHeadsBackward",
  reads: { dy: "f32" },
  writes: { dx: "f32" },
  constants,
  elements,
  cpu({ dy, dx }, sizes) {
    forEachPlace(sizes, (byHead, inRow) => dx[inRow] += dy[byHead]);
  },
  wgsl: `${WGSL_PLACE}\nfn each(index: u32) { dx[place(index)] += dy[index]; }`,
});

/** Rows y = x (by heads). */
export const mergeHeadsForward = kernel({
  name: "mergeHeadsForward",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants,
  elements,
  cpu({ x, y }, sizes) {
    forEachPlace(sizes, (byHead, inRow) => y[inRow] = x[byHead]);
  },
  wgsl: `${WGSL_PLACE}\nfn each(index: u32) { y[place(index)] = x[index]; }`,
});

/** dx (by heads) += rows dy. */
export const mergeHeadsBackward = kernel({
  name: "mergeHeadsBackward",
  reads: { dy: "f32" },
  writes: { dx: "f32" },
  constants,
  elements,
  cpu({ dy, dx }, sizes) {
    forEachPlace(sizes, (byHead, inRow) => dx[byHead] += dy[inRow]);
  },
  wgsl: `${WGSL_PLACE}\nfn each(index: u32) { dx[index] += dy[place(index)]; }`,
});

/**
 * Cuts packed query, key and value into heads.
 *
 * @param x (B, T, 3C): in every row first all of the query, then the key, then the value.
 * @param heads H, a divisor of C.
 * @returns Query, key and value, each (B, H, T, D).
 * @throws {TypeError} If 3H does not divide the width.
 */
export function splitHeads(x: Tensor, heads: number): [query: Tensor, key: Tensor, value: Tensor] {
  const [batch, time, width] = x.shape, headDim = width / 3 / heads;
  if (!Number.isInteger(headDim)) {
    throw new TypeError(
      `Cannot split ${formatShape(x.shape)} into ${heads} heads: expected a multiple of ${3 * heads}`,
    );
  }
  const part = (part: number): Tensor => {
    const y = outputOf([batch, heads, time, headDim], [x]),
      sizes = { batch, time, heads, headDim, parts: 3, part };
    x.backend.run(splitHeadsForward, { x, y }, sizes);
    y.tape?.record(() => x.backend.run(splitHeadsBackward, { dy: gradientOf(y), dx: gradientOf(x) }, sizes));
    return y;
  };
  return [part(0), part(1), part(2)];
}

/**
 * Puts heads side by side again.
 *
 * @param x (B, H, T, D).
 * @returns (B, T, C) with C = H · D.
 */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, time, headDim] = x.shape;
  const y = outputOf([batch, time, heads * headDim], [x]);
  const sizes = { batch, time, heads, headDim, parts: 1, part: 0 };
  x.backend.run(mergeHeadsForward, { x, y }, sizes);
  y.tape?.record(() => x.backend.run(mergeHeadsBackward, { dy: gradientOf(y), dx: gradientOf(x) }, sizes));
  return y;
}
