/**
 * The optimizer: AdamW over the flat buffers of a model's parameters, see `kernels/adamw.ts` for the formula.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import type { ParameterStore } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { adamw } from "../kernels/adamw.ts";
import { gradientNorm } from "../kernels/gradient_norm.ts";

/** Settings of {@linkcode AdamW}. */
export interface AdamWOptions {
  /** Memory of the mean gradient, below 1. */
  readonly beta1: number;
  /** Memory of the mean square, below 1. */
  readonly beta2: number;
  /** Keeps the division finite; 1e-8 unless given. */
  readonly epsilon?: number;
  /** Decoupled weight decay, for parameters of more than one dimension. */
  readonly weightDecay: number;
  /** Largest norm of the gradient; 0 does not clip. */
  readonly clipNorm: number;
}

/** Most elements in one pass: 128 MiB, what every WebGPU device can bind. */
const PASS = 2 ** 25;

function checkOptions({ beta1, beta2, epsilon = 1e-8, weightDecay, clipNorm }: AdamWOptions): void {
  const check = (name: string, value: number, valid: boolean, expected: string) => {
    if (!valid) throw new RangeError(`Cannot optimize with ${name} ${value}: expected ${expected}`);
  };
  for (const [name, beta] of Object.entries({ beta1, beta2 })) {
    check(name, beta, beta >= 0 && beta < 1, "a number from 0 to below 1");
  }
  check("epsilon", epsilon, epsilon > 0 && epsilon < Infinity, "a number above 0");
  check("weightDecay", weightDecay, weightDecay >= 0 && weightDecay < Infinity, "a number of 0 or more");
  check("clipNorm", clipNorm, clipNorm >= 0 && clipNorm < Infinity, "a number of 0 or more");
}

/** A stretch of the flat buffers with one weight decay. */
interface Stretch {
  readonly weightDecay: number;
  readonly size: number;
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly mean: Tensor;
  readonly square: Tensor;
}

/** Updates parameters from their gradients, and sets the gradients back to zero. */
export class AdamW {
  /** Mean gradient of every parameter, laid out as the parameters are. */
  readonly mean: Tensor;
  /** Mean square of the gradient of every parameter. */
  readonly square: Tensor;
  /** Norm of the gradient at the last update, shape (1). */
  readonly norm: Tensor;
  readonly #backend: Backend;
  readonly #options: AdamWOptions;
  readonly #schedule: Tensor;
  readonly #stretches: Stretch[] = [];

  /**
   * Makes the two moments, of zeros.
   *
   * @param backend Where the parameters live.
   * @param store The parameters.
   * @param options Settings.
   * @throws {RangeError} If a setting makes no sense.
   */
  constructor(backend: Backend, store: ParameterStore, options: AdamWOptions) {
    checkOptions(options);
    this.#backend = backend;
    this.#options = options;
    this.mean = backend.allocate([store.size]);
    this.square = backend.allocate([store.size]);
    this.norm = backend.allocate([1]);
    this.#schedule = backend.allocate([3]);
    const ranges = [
      { from: 0, to: store.decayedSize, weightDecay: options.weightDecay },
      { from: store.decayedSize, to: store.size, weightDecay: 0 },
    ];
    for (const { from, to, weightDecay } of ranges) {
      for (let start = from; start < to; start += PASS) {
        const size = Math.min(PASS, to - start),
          view = (tensor: Tensor) => backend.view(tensor, start, [size]);
        this.#stretches.push({
          weightDecay,
          size,
          parameter: view(store.values),
          gradient: view(store.gradients),
          mean: view(this.mean),
          square: view(this.square),
        });
      }
    }
  }

  /**
   * Sets what the coming update needs. Separate from the update, because a write submits what was recorded before it.
   *
   * @param step Updates done so far.
   * @param learningRate For this update.
   */
  prepare(step: number, learningRate: number): void {
    const { beta1, beta2 } = this.#options;
    this.#backend.write(this.#schedule, [learningRate, 1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)]);
  }

  /** Updates every parameter. Call it inside a scope. */
  update(): void {
    const { beta1, beta2, epsilon = 1e-8, clipNorm } = this.#options;
    gradientNorm(this.#stretches.map(({ gradient }) => gradient), this.norm);
    for (const { weightDecay, size, ...tensors } of this.#stretches) {
      const settings = { size, beta1, beta2, epsilon, weightDecay, clipNorm };
      this.#backend.run(adamw, { schedule: this.#schedule, norm: this.norm, ...tensors }, settings);
    }
  }
}
