/**
 * Tensors: a shape, and memory of a backend.
 *
 * Elements are contiguous, in row-major order. Dimensions are named by single capitals throughout the code:
 *
 *     B batch    T time (positions in a sequence)    C model width (channels)
 *     H heads    D head width, C / H                  V vocabulary
 *     M rows     N columns                            K inner dimension, of a matrix product
 *
 * A tensor that takes part in training carries the {@linkcode Tape} that records it. A function none of whose inputs is on
 * a tape records nothing and keeps nothing: that is inference.
 *
 * @module
 */

import type { Backend, DataType, Shape } from "./backend.ts";
import { kernel } from "./backend.ts";
import type { Tape } from "./tape.ts";

/**
 * The number of elements of a shape.
 *
 * @category Devices and tensors
 */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/**
 * A shape as text: `(2, 3)`.
 *
 * @category Devices and tensors
 */
export function formatShape(shape: Shape): string {
  return `(${shape.join(", ")})`;
}

/**
 * An array of numbers in a backend's memory.
 *
 * @category Devices and tensors
 */
export class Tensor {
  /** Where it lives. */
  readonly backend: Backend;
  /** Sizes of its dimensions, outermost first. */
  readonly shape: Shape;
  /** What it holds. */
  readonly dataType: DataType;
  /** The backend's own handle on the memory. */
  readonly storage: unknown;
  /** The tape that records operations on it, if it takes part in training. */
  tape?: Tape;
  #gradient?: Tensor;
  /** What this is another shape of, whose gradient it shares. */
  #original?: Tensor;

  /** Used by backends; other code calls {@linkcode Backend.allocate} or {@linkcode Backend.from}. */
  constructor(backend: Backend, shape: Shape, dataType: DataType, storage: unknown) {
    this.backend = backend;
    this.shape = shape;
    this.dataType = dataType;
    this.storage = storage;
  }

  /** The derivative of the loss with respect to it, of the same shape, once there is one. */
  get gradient(): Tensor | undefined {
    return this.#original ? this.#original.gradient?.reshape(this.shape) : this.#gradient;
  }

  set gradient(gradient: Tensor | undefined) {
    if (this.#original && gradient) this.#original.gradient = gradient.reshape(this.#original.shape);
    else [this.#original, this.#gradient] = [undefined, gradient];
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /**
   * The same elements under another shape; gradient and tape are shared.
   *
   * @param shape The new sizes, with the same product.
   * @returns A tensor over the same memory.
   * @throws {TypeError} If the number of elements differs.
   *
   * @example
   * ```ts
   * import { CpuBackend } from "@miniformer/miniformer";
   * import { assertEquals } from "@std/assert";
   *
   * const x = new CpuBackend().from([1, 2, 3, 4, 5, 6], [2, 3]);
   * assertEquals(x.reshape([3, 2]).shape, [3, 2]);
   * ```
   */
  reshape(shape: Shape): Tensor {
    if (sizeOf(shape) !== this.size) {
      throw new TypeError(
        `Cannot reshape ${formatShape(this.shape)} to ${formatShape(shape)}: ` +
          `${this.size} elements, expected ${sizeOf(shape)}`,
      );
    }
    const tensor = new Tensor(this.backend, shape, this.dataType, this.storage);
    tensor.tape = this.tape;
    tensor.#original = this;
    return tensor;
  }
}

/**
 * Checks that host data fits a tensor.
 *
 * @param tensor The tensor.
 * @param length The number of elements offered.
 * @throws {TypeError} If the lengths differ.
 */
export function checkLength(tensor: Tensor, length: number): void {
  if (length !== tensor.size) {
    throw new TypeError(`Cannot write ${length} elements: the tensor has ${tensor.size}`);
  }
}

/** Views begin at multiples of so many elements: WebGPU binds memory from multiples of 256 bytes on. */
const VIEW_ALIGNMENT: Readonly<Record<DataType, number>> = { f32: 64, u32: 64, f16: 128 };

/**
 * Checks that part of a tensor can be viewed as a tensor.
 *
 * @param tensor The tensor.
 * @param start The first element of the part.
 * @param shape The shape of the part.
 * @throws {RangeError} If the part begins where WebGPU cannot bind it, or ends beyond the tensor.
 */
export function checkView(tensor: Tensor, start: number, shape: Shape): void {
  const alignment = VIEW_ALIGNMENT[tensor.dataType];
  if (start % alignment !== 0) {
    throw new RangeError(`Cannot view from element ${start}: it is no multiple of ${alignment}`);
  }
  if (start < 0 || start + sizeOf(shape) > tensor.size) {
    throw new RangeError(
      `Cannot view ${formatShape(shape)} from element ${start} of ${formatShape(tensor.shape)}: ` +
        `there are ${tensor.size} elements`,
    );
  }
}

/** Sets every element to a value. */
export const fill = kernel({
  name: "fill",
  reads: {},
  writes: { y: "f32" },
  constants: ["size", "value"],
  elements: ({ size }) => size,
  cpu({ y }, { size, value }) {
    y.fill(value, 0, size);
  },
  wgsl: `fn each(index: u32) { y[index] = value; }`,
});

/** Sets every element to the number in another tensor. */
export const fillFrom = kernel({
  name: "fillFrom",
  reads: { value: "f32" },
  writes: { y: "f32" },
  constants: ["size"],
  elements: ({ size }) => size,
  cpu({ value, y }, { size }) {
    y.fill(value[0], 0, size);
  },
  wgsl: `fn each(index: u32) { y[index] = value[0]; }`,
});

/**
 * A tensor of zeros, to add to.
 *
 * @param backend Where to make it.
 * @param shape Its shape.
 * @returns The tensor.
 * @category Devices and tensors
 */
export function zeros(backend: Backend, shape: Shape): Tensor {
  const y = backend.allocate(shape);
  backend.run(fill, { y }, { size: y.size, value: 0 });
  return y;
}

/**
 * The gradient of a tensor, made of zeros if nothing has been written to it yet: to read it, or to add to it. Backward
 * kernels add up what all uses of a tensor contribute, so a tensor that is used twice, a residual connection or a tied
 * weight needs no special case. {@linkcode gradientToWrite} spares the zeros.
 *
 * A constant (a tensor on no tape) gets new memory by every call: kept on the constant, it would outlive the scope.
 *
 * @param x The tensor.
 * @returns A tensor of the same shape.
 * @category Devices and tensors
 */
export function gradientOf(x: Tensor): Tensor {
  if (x.gradient) return x.gradient;
  const gradient = zeros(x.backend, x.shape);
  if (x.tape) x.gradient = gradient;
  return gradient;
}

/**
 * The gradient of a tensor, for a kernel that writes every element of it. The first to write stores, and whatever was in
 * the memory is overwritten; all others add. A gradient that exists already counts as written: that of a parameter always
 * does, since it is summed over batches.
 *
 * By this call the gradient is taken for written, so a kernel must follow it, or several that write a part each; what is
 * added later needs a call of its own. A kernel that leaves elements out, such as the rows of a table that no id names, adds
 * into {@linkcode gradientOf} instead.
 *
 * @example The first use stores, the second adds
 * ```ts
 * import { CpuBackend, gradientToWrite, Tape } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const x = new Tape().watch(new CpuBackend().from([1, 2]));
 * assertEquals([gradientToWrite(x).accumulate, gradientToWrite(x).accumulate], [0, 1]);
 * ```
 *
 * @param x The tensor.
 * @returns A tensor of the same shape, and the constant `accumulate` of the kernel: 0 to store, 1 to add.
 * @category Devices and tensors
 */
export function gradientToWrite(x: Tensor): { gradient: Tensor; accumulate: 0 | 1 } {
  if (x.gradient) return { gradient: x.gradient, accumulate: 1 };
  const gradient = x.backend.allocate(x.shape);
  if (x.tape) x.gradient = gradient;
  return { gradient, accumulate: 0 };
}

/**
 * Whether the gradient of a tensor will be used. If not, an operation skips its computation: the tensor holds integers, or
 * is a constant or a frozen parameter.
 *
 * @example
 * ```ts
 * import { CpuBackend, needsGradient, Tape } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const x = new CpuBackend().from([1]);
 * assertEquals(needsGradient(x), false);
 * assertEquals(needsGradient(new Tape().watch(x)), true);
 * assertEquals(needsGradient(new Tape().watch(new CpuBackend().from(Uint32Array.of(1)))), false);
 * ```
 *
 * @param x The tensor.
 * @returns True if it holds floats and is on a tape, or has a gradient already, as trained parameters do.
 * @category Devices and tensors
 */
export function needsGradient(x: Tensor): boolean {
  return x.dataType === "f32" && (x.tape !== undefined || x.gradient !== undefined);
}

/**
 * The result of an operation, not yet computed: it is on the tape of the first input that has one. Integers pass the tape
 * on, too: they have no gradient, but the embeddings that are looked up by them are learned.
 *
 * @param shape The shape of the result.
 * @param inputs The tensors it is computed from.
 * @param dataType What it holds: floats unless given.
 * @returns A new tensor on the same backend.
 * @category Devices and tensors
 */
export function outputOf(shape: Shape, inputs: readonly Tensor[], dataType: DataType = "f32"): Tensor {
  const y = inputs[0].backend.allocate(shape, dataType);
  y.tape = inputs.find((input) => input.tape !== undefined)?.tape;
  return y;
}
