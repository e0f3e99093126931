/**
 * Elementwise operations: the sum of two tensors, and multiplication by a number.
 *
 *     y = a + b      →   da = dy,  db = dy
 *     y = factor x   →   dx = factor dy
 *
 * The sum is the residual connection of the transformer: its derivative passes dy on unchanged, which is why gradients
 * reach the first layer of a deep stack.
 *
 * Reference: He et al., "Deep residual learning for image recognition", CVPR 2016.
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { storeOrAdd } from "../core/webgpu/shader.ts";
import {
  formatShape,
  gradientOf,
  gradientToWrite,
  needsGradient,
  outputOf,
  type Tensor,
} from "../core/tensor.ts";
import { wasmElements } from "../core/wasm/wasm_pass.ts";
import { F32x4 } from "../core/wasm/wasm_vectors.ts";

/** y = a + b. */
export const addForward = kernel({
  name: "addForward",
  reads: { a: "f32", b: "f32" },
  writes: { y: "f32" },
  constants: ["size"],
  elements: ({ size }) => size,
  cpu({ a, b, y }, { size }) {
    for (let index = 0; index < size; index++) y[index] = a[index] + b[index];
  },
  wgsl: `fn each(index: u32) { y[index] = a[index] + b[index]; }`,
  wasm: wasmElements(({ a, b, y }) => (index) => y.store4(index, a.load4(index).plus(b.load4(index)))),
});

/** da += dy and db += dy, or da = …, db = …. */
export const addBackward = kernel({
  name: "addBackward",
  reads: { dy: "f32" },
  writes: { da: "f32", db: "f32" },
  constants: ["size", "accumulateA", "accumulateB"],
  elements: ({ size }) => size,
  cpu({ dy, da, db }, { size, accumulateA, accumulateB }) {
    for (let index = 0; index < size; index++) {
      da[index] = accumulateA ? da[index] + dy[index] : dy[index];
      db[index] = accumulateB ? db[index] + dy[index] : dy[index];
    }
  },
  wgsl: ({ accumulateA, accumulateB }) =>
    `fn each(index: u32) {
  let slope = dy[index];
  da[index] ${storeOrAdd(accumulateA)} slope;
  db[index] ${storeOrAdd(accumulateB)} slope;
}`,
  wasm: wasmElements(({ dy, da, db }, code, { accumulateA, accumulateB }) => (index) => {
    const slope = code.let(dy.load4(index));
    da.storeOrAdd4(accumulateA, index, slope);
    db.storeOrAdd4(accumulateB, index, slope);
  }, ["accumulateA", "accumulateB"]),
});

/** y += factor · x. */
export const addScaled = kernel({
  name: "addScaled",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["size", "factor"],
  elements: ({ size }) => size,
  cpu({ x, y }, { size, factor }) {
    for (let index = 0; index < size; index++) y[index] += factor * x[index];
  },
  wgsl: `fn each(index: u32) { y[index] += factor * x[index]; }`,
  wasm: wasmElements(({ x, y }, code) => {
    const factor = code.let(F32x4.of(code.f32("factor")));
    return (index) => y.store4(index, y.load4(index).plus(factor.times(x.load4(index))));
  }),
});

/** y = factor · x. */
export const scaleForward = kernel({
  name: "scaleForward",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["size", "factor"],
  elements: ({ size }) => size,
  cpu({ x, y }, { size, factor }) {
    for (let index = 0; index < size; index++) y[index] = factor * x[index];
  },
  wgsl: `fn each(index: u32) { y[index] = factor * x[index]; }`,
  wasm: wasmElements(({ x, y }, code) => {
    const factor = code.let(F32x4.of(code.f32("factor")));
    return (index) => y.store4(index, factor.times(x.load4(index)));
  }),
});

/** dx += factor · dy, or dx = …, where dx is the gradient of x. */
function passOn(dy: Tensor, x: Tensor, factor: number): void {
  const { gradient: dx, accumulate } = gradientToWrite(x);
  x.backend.run(accumulate ? addScaled : scaleForward, { x: dy, y: dx }, { size: x.size, factor });
}

/**
 * Refuses two tensors that cannot be added.
 *
 * @param a Any shape.
 * @param b The same shape.
 * @throws {TypeError} If the shapes differ.
 */
export function checkEqualShapes(a: Tensor, b: Tensor): void {
  if (String(a.shape) === String(b.shape)) return;
  throw new TypeError(
    `Cannot add ${formatShape(a.shape)} and ${formatShape(b.shape)}: expected equal shapes`,
  );
}

/**
 * Sum of two tensors of one shape.
 *
 * @example
 * ```ts
 * import { add, CpuBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * assertEquals(await backend.read(add(backend.from([1, 2]), backend.from([3, 4]))), new Float32Array([4, 6]));
 * ```
 *
 * @param a Any shape.
 * @param b The same shape.
 * @returns The same shape.
 * @throws {TypeError} If the shapes differ.
 * @category Operations
 */
export function add(a: Tensor, b: Tensor): Tensor {
  checkEqualShapes(a, b);
  const y = outputOf(a.shape, [a, b]), size = y.size;
  a.backend.run(addForward, { a, b, y }, { size });
  y.tape?.record(() => {
    const dy = gradientOf(y);
    // y = a + b   →   da = dy,   db = dy
    const inputs = [a, b].filter(needsGradient);
    // one tensor added to itself has one gradient, and no shader may write to one memory by two names
    if (inputs.length < 2 || a.storage === b.storage) return inputs.forEach((x) => passOn(dy, x, 1));
    const { gradient: da, accumulate: accumulateA } = gradientToWrite(a);
    const { gradient: db, accumulate: accumulateB } = gradientToWrite(b);
    a.backend.run(addBackward, { dy, da, db }, { size, accumulateA, accumulateB });
  });
  return y;
}

/**
 * A tensor times a number.
 *
 * @example
 * ```ts
 * import { CpuBackend, scale } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * assertEquals(await backend.read(scale(backend.from([1, 2]), 0.5)), new Float32Array([0.5, 1]));
 * ```
 *
 * @param x Any shape.
 * @param factor The number.
 * @returns The same shape.
 * @category Operations
 */
export function scale(x: Tensor, factor: number): Tensor {
  const y = outputOf(x.shape, [x]), size = y.size;
  x.backend.run(scaleForward, { x, y }, { size, factor });
  y.tape?.record(() => {
    // y = factor x   →   dx = factor dy
    passOn(gradientOf(y), x, factor);
  });
  return y;
}
