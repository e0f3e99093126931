/**
 * Mixed precision: products of half-precision numbers, everything else in 32 bits.
 *
 * Nearly all numbers that a training step moves are operands of matrix products. In half precision (`core/half.ts`) they
 * take half the memory traffic. Three digits suffice for them, because a product adds up many terms whose rounding errors
 * are independent. They do not suffice for what is summed over steps: a weight of 1 does not change when 0.0001 is added to
 * it. So
 *
 *     in f16    operands of products: x and W of y = x · W, dy in both of its derivatives; query, key, value and dy in attention
 *     in f32    sums and results, biases, norms, softmax, the residual stream, loss, gradients, weights, moments
 *
 * The {@linkcode Tape} says which (`precision`) and keeps what was rounded, since a weight is an operand in both passes, and so
 * is x: each is rounded once a pass. A gradient is rounded once for the products of one operation. Without a tape, in
 * evaluation and generation, nothing is rounded.
 *
 * Shaders load a half, widen it, which is exact, and compute in f32. So {@linkcode readingHalves} makes a kernel for halves
 * from one for floats: the types of its tensors decide how its shader loads. On the CPU and in WebAssembly a tensor of halves is an array of
 * 32-bit floats that were rounded in the same way: the bodies serve unchanged, every device rounds the same numbers at the
 * same places, and what a GPU computes can be checked without one.
 *
 * A gradient may be too small for f16, which ends at 0.00000006, and a value too large. How training deals with both is in
 * `kernels/optimizers/loss_scale.ts`.
 *
 * Reference: Micikevicius et al., "Mixed precision training", ICLR 2018; PyTorch `torch.amp`.
 *
 * @module
 */

import { type Bindings, type DataType, type Kernel, kernel } from "../../core/backend.ts";
import { roundToHalf } from "../../core/half.ts";
import type { Precision, Tape } from "../../core/tape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { declareBindings } from "../../core/webgpu/shader.ts";
import { wasmElements } from "../../core/wasm/wasm_pass.ts";
import { I32x4 } from "../../core/wasm/wasm_vectors.ts";

/** The shader that rounds four numbers in an invocation: the bits of a float each, and of two halves in a word. */
function castWgsl(size: number): string {
  const fours = size % 4 === 0, types: Readonly<Record<string, string>> = { x: "vec4u", y: "vec2u" };
  return `${declareBindings(["x"], ["y"], (name) => fours ? types[name] : "u32")}
fn halfBits(bits: vec4u) -> vec4u {
  let sign = (bits >> vec4u(16)) & vec4u(0x8000);
  let magnitude = bits & vec4u(0x7fffffff);
  let odd = (magnitude >> vec4u(13)) & vec4u(1);
  let normal = (magnitude - 0x38000000 + 0xfff + odd) >> vec4u(13);
  // in multiples of 2^(−24); from a shift of 25 on nothing is left
  let shift = min(126 - (magnitude >> vec4u(23)), vec4u(25));
  let significand = (magnitude & vec4u(0x7fffff)) | vec4u(0x800000);
  let last = (significand >> shift) & vec4u(1);
  let small = (significand + (vec4u(1) << (shift - 1)) - 1 + last) >> shift;
  let finite = select(small, normal, magnitude >= vec4u(0x38800000));
  let large = select(vec4u(0x7c00), vec4u(0x7e00), magnitude > vec4u(0x7f800000));
  return sign | select(finite, large, magnitude >= vec4u(0x477ff000));
}
fn each(index: u32) {
  let halves = halfBits(${
    fours ? "x[index]" : "vec4u(x[4 * index], x[4 * index + 1], x[4 * index + 2], x[4 * index + 3])"
  });
  let words = vec2u(halves.x | (halves.y << 16), halves.z | (halves.w << 16));
  ${
    fours
      ? "y[index] = words;"
      : "y[2 * index] = words.x;\n  if (4 * index + 2 < size) { y[2 * index + 1] = words.y; }"
  }
}`;
}

/**
 * y = x, rounded to half precision. WGSL does not say how `f16(x)` rounds, nor what becomes of a number that is too large or
 * subnormal. In integers all of that is defined; the steps are those of `halfBits` in `core/half.ts`.
 */
export const castToHalf = kernel({
  name: "castToHalf",
  reads: { x: "f32" },
  writes: { y: "f16" },
  constants: ["size"],
  elements: ({ size }) => Math.ceil(size / 4),
  cpu({ x, y }, { size }) {
    for (let index = 0; index < size; index++) y[index] = roundToHalf(x[index]);
  },
  wgsl: ({ size }) => castWgsl(size),
  wasm: wasmElements(({ x, y }, code) => (index) => {
    const bits = code.let(x.integers.load4(index)), magnitude = code.let(bits.and(0x7fffffff));
    // the last bit of a number between 0.5 and 1 is 2^(−24)
    const small = magnitude.floats.plus(0.5).minus(0.5).bits;
    const rounded = magnitude.plus(magnitude.shiftRight(13).and(1).plus(0xfff)).and(0xffffe000);
    const finite = code.let(magnitude.isBelow(0x38800000).select(small, rounded));
    const infinite = magnitude.isBelow(0x7f800001).select(I32x4.of(0x7f800000), I32x4.of(0x7fc00000));
    const half = magnitude.isBelow(0x477ff000).select(finite, infinite);
    y.integers.store4(index, half.or(bits.and(0x80000000)));
  }),
});

/**
 * An operand of a product in the precision of the product. For gradients: others add to a gradient until it is used, so it is
 * rounded for the products of one operation only, in a scope that takes the memory back.
 *
 * @param x f32.
 * @param precision What it is to be rounded to.
 * @returns A new tensor of f16, or `x` itself.
 */
export function operandIn(x: Tensor, precision: Precision = "f32"): Tensor {
  if (precision === "f32") return x;
  const y = x.backend.allocate(x.shape, "f16");
  x.backend.run(castToHalf, { x, y }, { size: x.size });
  return y;
}

/**
 * An operand of a product in the precision of a pass. It is rounded once, however many products of the pass it is in: y = x · W
 * needs x and W, and so do their gradients. For values and weights, which do not change before the pass ends; not in a scope
 * that ends before it.
 *
 * @param tape The pass, if there is one.
 * @param x f32: a value on the tape, a parameter or a constant.
 * @returns A tensor of f16, or `x` itself.
 */
export function operandOn(tape: Tape | undefined, x: Tensor): Tensor {
  const { precision = "f32" } = tape?.options ?? {};
  if (tape === undefined || precision === "f32") return x;
  const half = tape.halves.get(x) ?? operandIn(x, precision);
  tape.halves.set(x, half);
  return half;
}

/**
 * What a shader declares an array of, by the type of the tensor.
 *
 * @param type f32 or f16.
 * @param width 4 for an array of vectors.
 * @returns WGSL.
 */
export const elementWgsl = (type: DataType, width: 1 | 4): string =>
  width === 1 ? type : type === "f16" ? "vec4h" : "vec4f";

/**
 * Loads an element of an array of floats or halves, in f32: widening is exact.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { loadWgsl } from "./half.ts";
 *
 * assertEquals(loadWgsl("f32", 1, "x[0]"), "x[0]");
 * assertEquals(loadWgsl("f16", 1, "x[0]"), "f32(x[0])");
 * assertEquals(loadWgsl("f16", 4, "x[0]"), "vec4f(x[0])");
 * ```
 *
 * @param type f32 or f16.
 * @param width 4 for an array of vectors.
 * @param element The element, in WGSL.
 * @returns WGSL.
 */
export const loadWgsl = (type: DataType, width: 1 | 4, element: string): string =>
  type === "f16" ? `${elementWgsl("f32", width)}(${element})` : element;

/**
 * A kernel that reads some of its tensors in half precision and computes in f32 as the given one does. Its shader is written by
 * the same function, which must load these tensors by {@linkcode loadWgsl}.
 *
 * @param kernel A kernel on f32.
 * @param names The tensors that it is to read as f16.
 * @returns Another kernel, of the same type: bodies for the CPU see floats in both. `Half` is added to its name.
 */
export function readingHalves<Reads extends Bindings, Writes extends Bindings, Name extends string>(
  kernel: Kernel<Reads, Writes, Name>,
  names: readonly (keyof Reads & string)[],
): Kernel<Reads, Writes, Name> {
  const halves = Object.fromEntries(names.map((name) => [name, "f16"]));
  return { ...kernel, name: `${kernel.name}Half`, reads: { ...kernel.reads, ...halves } };
}
