/**
 * The residual connection: what a branch of the model computes is added to its input, in training after dropout.
 *
 *     y = x + mask · branch / (1 − p)        dx = dy        dBranch = mask · dy / (1 − p)
 *
 * The derivative passes dy on to x unchanged, which is why gradients reach the first layer of a deep stack.
 *
 * `add(x, dropout(branch, rate))` computes the same, bit for bit; it is what a decomposed tape runs. It writes the dropped
 * branch to memory to read it again for the sum, and its gradient likewise. The mask itself takes no memory
 * (`kernels/dropout.ts`), so one kernel can do both: of five numbers that are read or written for each element, two are
 * spared. Nothing is kept for the backward pass.
 *
 * Reference: He et al., "Deep residual learning for image recognition", CVPR 2016.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { gradientOf, gradientToWrite, needsGradient, outputOf, type Tensor } from "../core/tensor.ts";
import { declareBindings, storeOrAdd } from "../core/webgpu/shader.ts";
import {
  dropout,
  dropoutForward,
  dropoutPieces,
  dropoutScratch,
  DROPPED_WGSL,
  droppedWasm,
  dropThreshold,
  ELEMENTS_PER_PIECE,
} from "./dropout.ts";
import { add, checkEqualShapes } from "./elementwise.ts";

/** What an array of a shader is made of where elements are read by fours. */
const elementOf = (name: string): string => name === "random" ? "u32" : "vec4f";

/** y = x + mask · branch / (1 − p), for a multiple of four elements. `random` is that of the tape. */
export const residualForward = kernel({
  name: "residualForward",
  reads: { x: "f32", branch: "f32", random: "u32" },
  writes: { y: "f32" },
  constants: ["size", "stream", "threshold", "keepScale"],
  elements: ({ size }) => size / 4,
  cpu({ x, branch, random, y }, constants) {
    dropoutForward.cpu({ x: branch, random, y }, { ...constants, accumulate: 0 });
    for (let index = 0; index < constants.size; index++) y[index] += x[index];
  },
  wgsl: `${declareBindings(["x", "branch", "random"], ["y"], elementOf)}
${DROPPED_WGSL}
fn each(index: u32) { y[index] = x[index] + dropped(index, branch[index]); }`,
  wasm: [{
    pieces: dropoutPieces,
    scratch: () => dropoutScratch(ELEMENTS_PER_PIECE),
    body({ x, branch, random, y }, code) {
      const { start, end } = code.rangeOfPiece(code.i32("size"), ELEMENTS_PER_PIECE);
      const dropped = droppedWasm(code, random)(start, end);
      code.forFours(start, end, (index) => {
        y.store4(index, x.load4(index).plus(dropped(index.minus(start), branch.load4(index))));
      });
    },
  }],
});

/** dx += dy and dBranch += mask · dy / (1 − p), or dx = …, dBranch = …. */
export const residualBackward = kernel({
  name: "residualBackward",
  reads: { dy: "f32", random: "u32" },
  writes: { dx: "f32", dBranch: "f32" },
  constants: ["size", "stream", "threshold", "keepScale", "accumulate", "accumulateBranch"],
  elements: ({ size }) => size / 4,
  cpu({ dy, random, dx, dBranch }, { accumulate, accumulateBranch, ...constants }) {
    dropoutForward.cpu({ x: dy, random, y: dBranch }, { ...constants, accumulate: accumulateBranch });
    for (let index = 0; index < constants.size; index++) {
      dx[index] = accumulate ? dx[index] + dy[index] : dy[index];
    }
  },
  wgsl: ({ accumulate, accumulateBranch }) =>
    `${declareBindings(["dy", "random"], ["dx", "dBranch"], elementOf)}
${DROPPED_WGSL}
fn each(index: u32) {
  let slope = dy[index];
  dx[index] ${storeOrAdd(accumulate)} slope;
  dBranch[index] ${storeOrAdd(accumulateBranch)} dropped(index, slope);
}`,
  wasm: [{
    switches: ["accumulate", "accumulateBranch"],
    pieces: dropoutPieces,
    scratch: () => dropoutScratch(ELEMENTS_PER_PIECE),
    body({ dy, random, dx, dBranch }, code, { accumulate, accumulateBranch }) {
      const { start, end } = code.rangeOfPiece(code.i32("size"), ELEMENTS_PER_PIECE);
      const dropped = droppedWasm(code, random)(start, end);
      code.forFours(start, end, (index) => {
        const slope = code.let(dy.load4(index));
        dx.storeOrAdd4(accumulate, index, slope);
        dBranch.storeOrAdd4(accumulateBranch, index, dropped(index.minus(start), slope));
      });
    },
  }],
});

/**
 * Whether one kernel may add a branch and later write both gradients: not for a decomposed tape, nor where the two share
 * their memory or only one of them is learned from.
 *
 * @param x Any shape.
 * @param branch The same shape.
 * @returns True if it may.
 */
export function isFusible(x: Tensor, branch: Tensor): boolean {
  const isDecomposed = (x.tape ?? branch.tape)?.options.decomposed ?? false;
  return !isDecomposed && x.storage !== branch.storage && needsGradient(x) === needsGradient(branch);
}

/**
 * Adds a branch to the residual stream, in training after dropout; in inference and at rate 0 it is a plain sum.
 *
 * @example
 * ```ts
 * import { CpuBackend, residual, Tape } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), x = backend.from([0, 0, 0, 0, 0, 0, 0, 0]);
 * const branch = backend.from([1, 2, 3, 4, 5, 6, 7, 8]);
 * assertEquals(await backend.read(residual(x, branch, 0.5)), await backend.read(branch)); // no tape
 *
 * const tape = new Tape(backend.from(Uint32Array.of(1, 0, 0, 0))); // seed 1, batch 0
 * const y = residual(tape.watch(x), tape.watch(branch), 0.5);
 * assertEquals(await backend.read(y), Float32Array.of(2, 4, 6, 8, 10, 12, 0, 16));
 * ```
 *
 * @param x Any shape.
 * @param branch The same shape.
 * @param rate Probability to drop an element of the branch.
 * @returns The same shape.
 * @throws {TypeError} If the shapes differ.
 * @throws {RangeError} If the rate is negative, or 1 or more.
 * @category Operations
 */
export function residual(x: Tensor, branch: Tensor, rate: number): Tensor {
  checkEqualShapes(x, branch);
  const { backend, size } = x, { tape } = branch, random = tape?.random, threshold = dropThreshold(rate);
  const isDropped = random !== undefined && threshold > 0;
  if (!isDropped || size % 4 !== 0 || !isFusible(x, branch)) return add(x, dropout(branch, rate));
  const y = outputOf(x.shape, [x, branch]), stream = tape!.nextStream();
  const constants = { size, stream, threshold, keepScale: 1 / (1 - rate) };
  backend.run(residualForward, { x, branch, random, y }, constants);
  y.tape?.record(() => {
    const dy = gradientOf(y);
    // y = x + mask · branch / (1 − p)   →   dx = dy,   dBranch = mask · dy / (1 − p)
    const { gradient: dx, accumulate } = gradientToWrite(x);
    const { gradient: dBranch, accumulate: accumulateBranch } = gradientToWrite(branch);
    backend.run(residualBackward, { dy, random, dx, dBranch }, {
      ...constants,
      accumulate,
      accumulateBranch,
    });
  });
  return y;
}
