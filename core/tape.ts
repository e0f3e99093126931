/**
 * Reverse-mode differentiation in one screen.
 *
 * Every differentiable function computes its result and, if one of its inputs is on a tape, records a closure that
 * adds the gradient of the result, multiplied by the function's derivative, to the gradients of the inputs. (The first to
 * write a gradient stores instead, which spares filling it with zeros.) The closures stand in program order, so running
 * them in reverse visits every result before the values it was made from: that is the chain rule.
 *
 *     forward    a ──f──▶ b ──g──▶ loss        records [f', g']
 *     backward   da ◀─f'── db ◀─g'── 1         runs g', then f'
 *
 * @module
 */

import { fill, fillFrom, gradientToWrite, type Tensor } from "./tensor.ts";

/**
 * In what precision a pass multiplies; see `kernels/matmul/half.ts`.
 *
 * @category Devices and tensors
 */
export type Precision = "f32" | "f16";

/**
 * What a pass does besides recording.
 *
 * @category Devices and tensors
 */
export interface TapeOptions {
  /** What operands of products are rounded to; f32 unless given, which leaves them as they are. */
  readonly precision?: Precision;
  /** Whether parts wrapped in `recompute` are computed again in the backward pass, instead of keeping their intermediate results. */
  readonly recompute?: boolean;
  /**
   * Whether a fused operation is computed by its twin of simpler operations, where it has one, so that its intermediate results
   * are tensors with gradients: the scores and weights of attention, what dropout leaves of a branch, each sum with the
   * residual stream. Slower, and without dropout of attention weights.
   */
  readonly decomposed?: boolean;
}

/**
 * Records the operations of one forward pass and differentiates them.
 *
 * @example The derivative of x² at 3
 * ```ts
 * import { CpuBackend, matmul, Tape } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), tape = new Tape(), x = tape.watch(backend.from([3], [1, 1]));
 * tape.backward(matmul(x, x));
 * assertEquals(await backend.read(x.gradient!), new Float32Array([6]));
 * ```
 *
 * @category Devices and tensors
 */
export class Tape {
  readonly #steps: (() => void)[] = [];
  #streams: number;
  /**
   * The random state of this pass, u32 (4): seed low, seed high, the batch's number, and the slot of the loss ring
   * (kernels/optimizers/loss_ring.ts). Dropout draws from the first three; without a random state there is no dropout.
   */
  readonly random?: Tensor;
  /** What the pass does besides, see {@linkcode TapeOptions}. */
  readonly options: TapeOptions;
  /** In half precision: what was rounded so far, and to what. A tensor on the tape, or a parameter, is rounded once a pass. */
  readonly halves: Map<Tensor, Tensor> = new Map();

  /**
   * Begins an empty tape.
   *
   * @param random Random state for dropout, see {@linkcode Tape.random}.
   * @param options See {@linkcode TapeOptions}.
   * @param streams How many uses of randomness there were before: the first number of {@linkcode Tape.nextStream}.
   */
  constructor(random?: Tensor, options: TapeOptions = {}, streams = 0) {
    this.random = random;
    this.options = options;
    this.#streams = streams;
  }

  /**
   * Puts a tensor on this tape: everything computed from it is recorded, and gradients reach all tensors that it was
   * computed with. So a model's inputs are watched, also where they are integers; its parameters need not be. The gradient
   * of `x` begins at zero.
   *
   * @param x An input of the model.
   * @returns The same tensor.
   */
  watch<Input extends Tensor>(x: Input): Input {
    x.tape = this;
    x.gradient = undefined;
    return x;
  }

  /**
   * Records how to differentiate an operation.
   *
   * @param backward Adds to the gradients of the operation's inputs: into {@linkcode gradientOf} each, or, where a kernel can
   * also store, into {@linkcode gradientToWrite}.
   */
  record(backward: () => void): void {
    this.#steps.push(backward);
  }

  /**
   * A number for one use of randomness, counted in program order, so that no two dropouts share their bits.
   *
   * @returns 0, 1, 2, …
   */
  nextStream(): number {
    return this.#streams++;
  }

  /** How many numbers {@linkcode Tape.nextStream} has given; set where a part of the pass was on a tape of its own. */
  get streams(): number {
    return this.#streams;
  }

  set streams(count: number) {
    this.#streams = count;
  }

  /**
   * Computes the gradients of everything on the tape.
   *
   * @param loss The tensor to differentiate, usually of one element.
   * @param scale The gradient to start from: 1, or 1 / n when n passes are averaged; a tensor, of which the first number
   * counts, where the device computes it.
   */
  backward(loss: Tensor, scale: number | Tensor = 1): void {
    const y = gradientToWrite(loss).gradient, { backend, size } = loss;
    if (typeof scale === "number") backend.run(fill, { y }, { size, value: scale });
    else backend.run(fillFrom, { value: scale, y }, { size });
    this.unwind();
  }

  /** Runs what was recorded, the last first: for results whose gradients are there already. It ends the pass. */
  unwind(): void {
    while (this.#steps.length > 0) this.#steps.pop()!();
    this.halves.clear(); // parameters change after a pass
  }
}
