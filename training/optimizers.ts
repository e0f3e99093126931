/**
 * The optimizers that settings can name. Another one is a kernel (see `kernels/optimizers/sgd.ts`, the shortest) and an entry in
 * {@linkcode OPTIMIZERS}; checkpoints and the memory estimate then need no change.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import type { ParameterStore } from "../core/module.ts";
import { power } from "../core/math.ts";
import { quoted } from "../core/quoted.ts";
import { adamw } from "../kernels/optimizers/adamw.ts";
import { sgd } from "../kernels/optimizers/sgd.ts";
import { KernelOptimizer, type Optimizer, type OptimizerSettings, type UpdateRule } from "./optimizer.ts";

/**
 * The name of an optimizer.
 *
 * @category Training
 */
export type OptimizerName = "adamw" | "sgd";

/**
 * A setting that some optimizers use and others do not.
 *
 * @category Training
 */
export type OptimizerSetting = Exclude<keyof OptimizerSettings, "weightDecay" | "clipNorm">;

/**
 * An optimizer that settings can name.
 *
 * @category Training
 */
export interface NamedRule extends UpdateRule {
  /** The settings that it uses besides weight decay and clipping, with the values that they have unless given. */
  readonly defaults: Readonly<Partial<Record<OptimizerSetting, number>>>;
  /**
   * What `presetTraining` multiplies the values of presets by, which are those for AdamW; 1 unless given. Found by trying,
   * see `bench/LOG.md`.
   */
  readonly presetFactors?: { readonly learningRate: number; readonly weightDecay: number };
}

const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const, SGD = { momentum: 0.9 } as const;

/**
 * The optimizers by name. Where settings leave something out, they use what `torch.optim` does; SGD has momentum 0.9.
 *
 * @category Training
 */
export const OPTIMIZERS: Readonly<Record<OptimizerName, NamedRule>> = {
  adamw: {
    kernel: adamw,
    state: ["mean", "square"],
    defaults: ADAMW,
    constants: ({ beta1 = ADAMW.beta1, beta2 = ADAMW.beta2, epsilon = ADAMW.epsilon }) => ({
      beta1,
      beta2,
      epsilon,
    }),
    schedule: ({ beta1 = ADAMW.beta1, beta2 = ADAMW.beta2 }, step) => [
      1 - power(beta1, step + 1),
      1 - power(beta2, step + 1),
    ],
  },
  sgd: {
    kernel: sgd,
    state: ["velocity"],
    defaults: SGD,
    constants: ({ momentum = SGD.momentum }) => ({ momentum }),
    // With momentum 0.9 a step's share of weight decay, lr · decay / (1 − μ), is then that of AdamW, lr · decay.
    presetFactors: { learningRate: 30, weightDecay: 1 / 300 },
  },
};

/**
 * The update rule of an optimizer.
 *
 * @example
 * ```ts
 * import { updateRule } from "./optimizers.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(updateRule().state, ["mean", "square"]);
 * assertThrows(() => updateRule("lion"), RangeError, 'Cannot optimize with "lion": expected one of adamw, sgd');
 * ```
 *
 * @param name Its name; AdamW unless given.
 * @returns The rule.
 * @throws {RangeError} If there is no optimizer of that name.
 */
export function updateRule(name: string = "adamw"): NamedRule {
  if (Object.hasOwn(OPTIMIZERS, name)) return OPTIMIZERS[name as OptimizerName];
  throw new RangeError(
    `Cannot optimize with ${quoted(name)}: expected one of ${Object.keys(OPTIMIZERS).join(", ")}`,
  );
}

/**
 * Makes the optimizer that settings name.
 *
 * @example
 * ```ts
 * import { constant, CpuBackend, initialize, newOptimizer, Parameter } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = { scale: new Parameter([1], constant(2)) };
 * const optimizer = newOptimizer(backend, initialize(backend, model, 1), {
 *   optimizer: "sgd",
 *   momentum: 0,
 *   weightDecay: 0,
 *   clipNorm: 0,
 * });
 * backend.write(model.scale.gradient!, [3]);
 * optimizer.prepare(0, 0.5);
 * backend.scope(() => optimizer.update());
 * assertEquals([...await backend.read(model.scale)], [0.5]); // 2 − 0.5 · 3
 * ```
 *
 * @param backend Where the parameters live.
 * @param store The parameters.
 * @param settings The settings; AdamW unless they name another optimizer.
 * @returns The optimizer, its state zeros.
 * @throws {RangeError} If there is no optimizer of that name, or a setting is out of range.
 * @category Training
 */
export function newOptimizer(
  backend: Backend,
  store: ParameterStore,
  settings: OptimizerSettings & { readonly optimizer?: OptimizerName },
): Optimizer {
  return new KernelOptimizer(backend, store, updateRule(settings.optimizer), settings);
}
