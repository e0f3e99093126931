/**
 * Gradient checkpointing: of a part of the forward pass only the input and the result are kept. When the backward pass reaches
 * the part, it is computed again from its input, on a tape of its own, differentiated, and its memory is given back.
 *
 *     forward    x ──block──▶ y        what the block made in between is given back
 *     backward   x ──block──▶ y        made again, with the same dropout
 *               dx ◀─block'── dy       then given back
 *
 * A stack of L blocks, each of which makes n numbers on its way from x to y, keeps L n numbers without this, and with it
 * L results and the n numbers of one block at a time. The price is one more forward pass; a backward pass takes about as
 * long as two, so a step takes about 4 / 3 of its time. (The paper cuts a chain of L layers into √L parts. Here a part is
 * one block, since its input is small beside what is made in it.)
 *
 * No bit changes. The block computes from the same numbers in the same order. Dropout is a function of the seed and of the
 * number of its stream, and the second pass counts streams from the same number as the first. If x already has a gradient, the
 * same operations add to it as without recomputing.
 *
 * Reference: Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost", 2016, arXiv 1604.06174.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { Tape } from "../core/tape.ts";
import { formatShape, gradientOf, outputOf, Tensor } from "../core/tensor.ts";
import { addScaled } from "./elementwise.ts";

/** y = x, bit for bit. */
export const copy = kernel({
  name: "copy",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["size"],
  elements: ({ size }) => size,
  cpu({ x, y }, { size }) {
    y.set(x.subarray(0, size));
  },
  wgsl: `fn each(index: u32) { y[index] = x[index]; }`,
});

/**
 * Computes `block(x)`. On a tape with the option `recompute`, nothing of what the block makes is kept for the backward pass:
 * there the block is called again. Otherwise this is `block(x)` and nothing else.
 *
 * @example The same gradient, with less memory
 * ```ts
 * import { CpuBackend, recompute, scale, Tape } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), tape = new Tape(undefined, { recompute: true });
 * const x = tape.watch(backend.from([1]));
 * tape.backward(recompute(x, (x) => scale(scale(x, 3), 2)));
 * assertEquals(await backend.read(x.gradient!), new Float32Array([6]));
 * ```
 *
 * @param x The input.
 * @param block Makes a tensor of the same shape from its argument, the same one whenever it is called. Besides the argument
 * it uses parameters and constants, but no other tensor on the tape: the gradient of such a one would be lost.
 * @returns What the block returns.
 * @throws {TypeError} If the result has another shape than x.
 * @category Operations
 */
export function recompute(x: Tensor, block: (x: Tensor) => Tensor): Tensor {
  const { tape, backend, size } = x;
  if (!tape?.options.recompute) return block(x);
  const y = outputOf(x.shape, [x]), streams = tape.streams;

  /** The block on a tape of its own, which counts its dropouts from where the first pass counted them. */
  const forward = () => {
    const inner = new Tape(tape.random, { ...tape.options, recompute: false }, streams);
    const input = inner.watch(new Tensor(backend, x.shape, x.dataType, x.storage));
    return { inner, input, output: expectShape(block(input), x) };
  };

  backend.scope(() => {
    const { inner, output } = forward();
    backend.run(copy, { x: output, y }, { size });
    tape.streams = inner.streams;
  });
  tape.record(() => {
    // y = block(x)   →   dx = block'(x) dy
    const dy = gradientOf(y), before = x.gradient, dx = before ?? backend.allocate(x.shape);
    backend.scope(() => {
      const { inner, input, output } = forward();
      input.gradient = before;
      if (output.gradient) backend.run(addScaled, { x: dy, y: output.gradient }, { size, factor: 1 }); // it is the input
      else output.gradient = dy;
      inner.unwind();
      if (!before) backend.run(copy, { x: gradientOf(input), y: dx }, { size });
    });
    x.gradient = dx;
  });
  return y;
}

/**
 * Computes a block without a tape, and takes back all that it allocates but its result: for many positions of many layers.
 *
 * @param x The input.
 * @param block Makes a tensor of the same shape from its argument.
 * @returns A copy of what the block returns.
 * @throws {TypeError} If the result has another shape than x.
 */
export function inScope(x: Tensor, block: (x: Tensor) => Tensor): Tensor {
  const { backend, shape, size } = x, y = backend.allocate(shape);
  backend.scope(() => backend.run(copy, { x: expectShape(block(x), x), y }, { size }));
  return y;
}

function expectShape(y: Tensor, { shape }: Tensor): Tensor {
  if (String(y.shape) === String(shape)) return y;
  throw new TypeError(
    `Cannot compute again what returns ${formatShape(y.shape)} for ${
      formatShape(shape)
    }: expected the same shape`,
  );
}
