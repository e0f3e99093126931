/**
 * Optimizers: the interface that the training step, checkpoints and the memory estimate rely on, and an implementation of
 * it for every optimizer whose update is one pass over memory.
 *
 * All parameters are in one flat buffer, all gradients in a second one with the same layout, and the state of the optimizer
 * (two moments of each parameter for AdamW, a velocity for SGD) in further ones. So an {@linkcode UpdateRule} is a kernel
 * over flat buffers and the names of its state. `optimizers.ts` lists the rules that can be chosen by name; a run is given
 * one of your own as a function.
 *
 * @example A custom optimizer: descent by the sign of the gradient, with a count of the updates
 * ```ts
 * import { causalBatches, CpuBackend, Gpt, kernel, KernelOptimizer, PRESETS } from "@miniformer/miniformer";
 * import { TrainingRun, type UpdateRule } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const signDescent = kernel({
 *   name: "signDescent",
 *   reads: { schedule: "f32", norm: "f32" },
 *   writes: { parameter: "f32", gradient: "f32", count: "f32" },
 *   constants: ["size"],
 *   elements: ({ size }) => size,
 *   cpu({ schedule, parameter, gradient, count }, { size }) {
 *     for (let at = 0; at < size; at++) {
 *       parameter[at] -= schedule[0] * Math.sign(gradient[at]);
 *       count[at] += 1;
 *       gradient[at] = 0;
 *     }
 *   },
 *   wgsl: `fn each(at: u32) {
 *     parameter[at] -= schedule[0] * sign(gradient[at]);
 *     count[at] += 1;
 *     gradient[at] = 0;
 *   }`,
 * });
 * const rule: UpdateRule = { kernel: signDescent, state: ["count"], constants: () => ({}) };
 *
 * const backend = new CpuBackend(), ids = new Uint32Array(100).map((_, i) => i % 7);
 * const model = new Gpt({ ...PRESETS.tiny.model, contextLength: 8, vocabSize: 7 });
 * const batches = causalBatches(ids, { contextLength: 8, batchSize: 2, seed: 1 });
 * const settings = { ...PRESETS.tiny.training, steps: 10, seed: 1 };
 * const run = new TrainingRun(backend, model, batches, settings, {
 *   optimizer: (backend, store, settings) => new KernelOptimizer(backend, store, rule, settings),
 * });
 * run.advance();
 * assertEquals((await backend.read(run.optimizer.state.count))[0], 1);
 * ```
 *
 * @module
 */

import type { Backend, Kernel } from "../core/backend.ts";
import type { ParameterStore } from "../core/module.ts";
import type { Tensor } from "../core/tensor.ts";
import { gradientNorm } from "../kernels/optimizers/gradient_norm.ts";
import { adjustLossScale, skippable, unscaleGradient } from "../kernels/optimizers/loss_scale.ts";

/**
 * Updates parameters from their gradients, and sets the gradients back to zero.
 *
 * @category Training
 */
export interface Optimizer {
  /** What is kept from one update to the next, by name: tensors laid out as the parameters are. They are saved. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** Norm of the gradient at the last update, before clipping, shape (1). */
  readonly norm: Tensor;
  /**
   * Sets what the coming update needs. Separate from the update, because a write submits what was recorded before it.
   *
   * @param step Updates done so far.
   * @param learningRate For this update.
   */
  prepare(step: number, learningRate: number): void;
  /** Updates every parameter. Call it inside a scope. */
  update(): void;
  /**
   * Updates in half precision, as `kernels/optimizers/loss_scale.ts` explains: divides the gradients by the loss scale
   * first, and skips the update if they are not finite. An optimizer without it trains in f32 only.
   *
   * @param lossScale State of loss scaling, which it changes.
   */
  updateScaled?(lossScale: Tensor): void;
}

/**
 * Settings of all optimizers; each uses some of them.
 *
 * @category Training
 */
export interface OptimizerSettings {
  /** Decay rate of AdamW's first moment, below 1; 0.9 unless given. */
  readonly beta1?: number;
  /** Decay rate of AdamW's second moment, below 1; 0.999 unless given. */
  readonly beta2?: number;
  /** Added to AdamW's denominator, so that it is never 0; 1e-8 unless given. */
  readonly epsilon?: number;
  /** Decay rate of SGD's velocity, below 1; 0.9 unless given. */
  readonly momentum?: number;
  /** Weight decay of parameters of more than one dimension: decoupled for AdamW, part of the gradient for SGD. */
  readonly weightDecay: number;
  /** Largest norm of the gradient; 0 does not clip. */
  readonly clipNorm: number;
}

/**
 * Makes an optimizer.
 *
 * @category Training
 */
export type OptimizerFactory = (
  backend: Backend,
  store: ParameterStore,
  settings: OptimizerSettings,
) => Optimizer;

/**
 * An optimizer that is one kernel, run over the flat buffers of parameters, gradients and state.
 *
 * @category Training
 */
export interface UpdateRule {
  /**
   * The update. It reads `schedule` (the learning rate, then what {@linkcode UpdateRule.schedule} gives) and `norm`; it
   * writes `parameter`, `gradient`, which it sets to zero, and the tensors of the state. Its constants are some of
   * `size`, `weightDecay`, `clipNorm` and what {@linkcode UpdateRule.constants} gives. Between parameters there is
   * padding, where gradients are 0; nothing of it is saved.
   */
  // deno-lint-ignore no-explicit-any -- each rule names its own tensors and constants
  readonly kernel: Kernel<any, any, any>;
  /** Names of what is kept for every parameter. */
  readonly state: readonly string[];
  /** Constants of the kernel that follow from the settings. */
  constants(settings: OptimizerSettings): Readonly<Record<string, number>>;
  /** Numbers that change with every update, besides the learning rate; `step` is the number of updates done. */
  schedule?(settings: OptimizerSettings, step: number): readonly number[];
}

/** Most elements in one pass: 128 MiB, what every WebGPU device can bind. */
const MAX_ELEMENTS = 2 ** 25;

function checkSettings({ weightDecay, clipNorm, ...settings }: OptimizerSettings): void {
  const { beta1 = 0, beta2 = 0, momentum = 0, epsilon = 1 } = settings;
  const check = (name: string, value: number, isValid: boolean, expected: string) => {
    if (!isValid) throw new RangeError(`Cannot optimize with ${name} ${value}: expected ${expected}`);
  };
  for (const [name, rate] of Object.entries({ beta1, beta2, momentum })) {
    check(name, rate, rate >= 0 && rate < 1, "a number from 0 to below 1");
  }
  check("epsilon", epsilon, epsilon > 0 && epsilon < Infinity, "a number above 0");
  for (const [name, value] of Object.entries({ weightDecay, clipNorm })) {
    check(name, value, value >= 0 && value < Infinity, "a number of 0 or more");
  }
}

/** A range of the flat buffers with one weight decay, small enough to bind. */
interface FlatRange {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly constants: Readonly<Record<string, number>>;
}

/**
 * An optimizer that follows an {@linkcode UpdateRule}.
 *
 * @category Training
 */
export class KernelOptimizer implements Optimizer {
  /** What the rule keeps, zeros at first. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** Norm of the gradient at the last update, before clipping, shape (1). */
  readonly norm: Tensor;
  readonly #backend: Backend;
  readonly #rule: UpdateRule;
  readonly #settings: OptimizerSettings;
  readonly #schedule: Tensor;
  readonly #ranges: FlatRange[] = [];
  readonly #skippable: UpdateRule["kernel"];

  /**
   * Allocates the state.
   *
   * @param backend Where the parameters live.
   * @param store The parameters.
   * @param rule The update.
   * @param settings Its settings.
   * @throws {RangeError} If a setting is out of range.
   */
  constructor(backend: Backend, store: ParameterStore, rule: UpdateRule, settings: OptimizerSettings) {
    checkSettings(settings);
    this.#backend = backend;
    this.#rule = rule;
    this.#skippable = skippable(rule.kernel);
    this.#settings = settings;
    this.state = Object.fromEntries(rule.state.map((name) => [name, backend.allocate([store.size])]));
    this.norm = backend.allocate([1]);
    this.#schedule = backend.allocate([1 + this.#scheduled(0).length]);
    const flat = { parameter: store.values, gradient: store.gradients, ...this.state };
    const groups = [
      { from: 0, to: store.decayedSize, weightDecay: settings.weightDecay },
      { from: store.decayedSize, to: store.size, weightDecay: 0 },
    ];
    for (const { from, to, weightDecay } of groups) {
      for (let start = from; start < to; start += MAX_ELEMENTS) {
        const size = Math.min(MAX_ELEMENTS, to - start);
        const views = Object.entries(flat).map(([name, tensor]) =>
          [name, backend.view(tensor, start, [size])] as const
        );
        const constants = { ...rule.constants(settings), size, weightDecay, clipNorm: settings.clipNorm };
        this.#ranges.push({ tensors: Object.fromEntries(views), constants });
      }
    }
  }

  #scheduled(step: number): readonly number[] {
    return this.#rule.schedule?.(this.#settings, step) ?? [];
  }

  /**
   * Sets what the coming update needs. Separate from the update, because a write submits what was recorded before it.
   *
   * @param step Updates done so far.
   * @param learningRate For this update.
   */
  prepare(step: number, learningRate: number): void {
    this.#backend.write(this.#schedule, [learningRate, ...this.#scheduled(step)]);
  }

  /** Updates every parameter. Call it inside a scope. */
  update(): void {
    gradientNorm(this.#ranges.map(({ tensors }) => tensors.gradient), this.norm);
    this.#run(this.#rule.kernel, {});
  }

  /**
   * Updates every parameter in half precision, or skips the update. Call it inside a scope.
   *
   * @param lossScale See {@linkcode Optimizer.updateScaled}.
   */
  updateScaled(lossScale: Tensor): void {
    gradientNorm(this.#ranges.map(({ tensors }) => tensors.gradient), this.norm);
    this.#backend.run(adjustLossScale, { norm: this.norm, lossScale }, {});
    for (const { tensors: { gradient } } of this.#ranges) {
      this.#backend.run(unscaleGradient, { lossScale, gradient }, { size: gradient.size });
    }
    this.#run(this.#skippable, { lossScale });
  }

  #run(kernel: UpdateRule["kernel"], more: Readonly<Record<string, Tensor>>): void {
    const shared = { schedule: this.#schedule, norm: this.norm, ...more };
    for (const { tensors, constants } of this.#ranges) {
      this.#backend.run(kernel, { ...shared, ...tensors }, constants);
    }
  }
}
