/**
 * The global norm of all gradients: √Σ g², over every parameter of the model.
 *
 * Clipping scales the whole gradient down when this norm is too large, which keeps its direction:
 *
 *     g ← g · min(1, clipNorm / (norm + 1e-6))
 *
 * The scaling itself happens in the optimizer's pass (`adamw.ts`). Here is the sum: first each group of invocations
 * adds up the squares of a chunk, then one group adds up the partial sums, always in the same order.
 *
 * Reference: Pascanu, Mikolov, Bengio, 2013; PyTorch `torch.nn.utils.clip_grad_norm_`.
 *
 * @module
 */

import { kernel } from "../../core/backend.ts";
import type { Tensor } from "../../core/tensor.ts";
import { F32x4 } from "../../core/wasm/wasm_vectors.ts";
import { sumWasm } from "../reduce.ts";

/** Elements that one group adds up: 256 invocations, 64 each. */
const CHUNK_SIZE = 16384;

/** Elements that WebAssembly adds up before it begins a new sum. */
const RUN_LENGTH = 512;

/** partial[first + g] = the sum of squares of chunk g of x. */
export const squareSums = kernel({
  name: "squareSums",
  reads: { x: "f32" },
  writes: { partial: "f32" },
  constants: ["size", "first"],
  groups: ({ size }) => Math.ceil(size / CHUNK_SIZE),
  lanes: () => 256,
  cpu({ x, partial }, { size, first }) {
    for (let group = 0; group * CHUNK_SIZE < size; group++) {
      const end = Math.min(group * CHUNK_SIZE + CHUNK_SIZE, size);
      let sum = 0;
      for (let at = group * CHUNK_SIZE; at < end; at++) sum += x[at] * x[at];
      partial[first + group] = sum;
    }
  },
  wgsl: `
fn run(group: u32, lane: u32) {
  var laneSum = 0.0;
  let end = min(group * ${CHUNK_SIZE} + ${CHUNK_SIZE}, size);
  for (var at = group * ${CHUNK_SIZE} + lane; at < end; at += lanes) { laneSum += x[at] * x[at]; }
  let sum = sumOverGroup(lane, laneSum);
  if (lane == 0) { partial[first + group] = sum; }
}`,
  wasm: [{
    pieces: ({ size }) => Math.ceil(size / CHUNK_SIZE),
    body({ x, partial }, code) {
      const { start, end } = code.rangeOfPiece(code.i32("size"), CHUNK_SIZE);
      const sum = code.variable(F32x4.of(0));
      code.for(start, end, RUN_LENGTH, (run) => {
        const runEnd = code.let(run.plus(RUN_LENGTH).min(end));
        sum.set(sum.value.plus(sumWasm(code, run, runEnd, (at) => {
          const value = code.let(x.load4(at));
          return value.times(value);
        })));
      });
      partial.store(code.i32("first").plus(code.piece), sum.value.lane(0));
    },
  }],
});

/** norm = √Σ partial. */
export const rootOfSum = kernel({
  name: "rootOfSum",
  reads: { partial: "f32" },
  writes: { norm: "f32" },
  constants: ["size"],
  groups: () => 1,
  lanes: () => 256,
  cpu({ partial, norm }, { size }) {
    let sum = 0;
    for (let at = 0; at < size; at++) sum += partial[at];
    norm[0] = Math.sqrt(sum);
  },
  wgsl: `
fn run(group: u32, lane: u32) {
  var laneSum = 0.0;
  for (var at = lane; at < size; at += lanes) { laneSum += partial[at]; }
  let sum = sumOverGroup(lane, laneSum);
  if (lane == 0) { norm[0] = sqrt(sum); }
}`,
});

/**
 * The norm of all elements of several tensors together. Call it inside a scope.
 *
 * @param gradients Any shapes.
 * @param norm Receives the norm, shape (1).
 */
export function gradientNorm(gradients: readonly Tensor[], norm: Tensor): void {
  const { backend } = norm, groups = gradients.map(({ size }) => Math.ceil(size / CHUNK_SIZE));
  const partial = backend.allocate([groups.reduce((sum, count) => sum + count, 0)]);
  let first = 0;
  for (const [index, x] of gradients.entries()) {
    backend.run(squareSums, { x, partial }, { size: x.size, first });
    first += groups[index];
  }
  backend.run(rootOfSum, { partial, norm }, { size: partial.size });
}
