/**
 * Parameters and modules.
 *
 * A module is a plain object whose properties are parameters, other modules, or arrays of modules.
 * {@linkcode namedParameters} walks the properties in order; the path to a parameter is its name. Layers declare only
 * shapes and distributions; {@linkcode allocateParameters} lays all parameters of a model out in one flat buffer, those
 * under weight decay first, so that optimizer, clipping and saving are one pass each over memory.
 * {@linkcode initialize} also draws the initial values, which a model whose values are loaded does not need.
 *
 * Initial values depend on the seed and the parameter's *name*, not on the order in which parameters are made:
 * removing a layer leaves every other initial value bit-identical, so an ablation compares what it claims to.
 *
 * @module
 */

import type { Backend, Shape } from "./backend.ts";
import { Random } from "./random.ts";
import { sizeOf, Tensor } from "./tensor.ts";

/**
 * The distribution of a parameter's initial values.
 *
 * @category Devices and tensors
 */
export type Initial =
  | { readonly distribution: "normal"; readonly std: number }
  | { readonly distribution: "constant"; readonly value: number };

/**
 * Normal values around 0.
 *
 * @category Devices and tensors
 */
export const normal = (std: number): Initial => ({ distribution: "normal", std });

/**
 * The same value everywhere.
 *
 * @category Devices and tensors
 */
export const constant = (value: number): Initial => ({ distribution: "constant", value });

/** Parameters start at multiples of 64 elements: WebGPU binds at multiples of 256 bytes. */
const ALIGNMENT = 64;

/** The backend and the storage of parameters that have no memory yet: whatever uses them fails with the cause. */
const NOWHERE: Backend = new Proxy({} as Backend, {
  get(): never {
    throw new TypeError(
      "Cannot use a parameter without memory: call initialize(backend, model, seed) first, and keep modules in public " +
        "properties, where their parameters are found",
    );
  },
});

/**
 * A tensor that is learned. It has no memory until {@linkcode initialize} gives it some.
 *
 * @category Devices and tensors
 */
export class Parameter extends Tensor {
  /** The distribution of its initial values. */
  readonly initial: Initial;
  /** Its path in the model, for example `blocks.0.mlp.expand.weight`. */
  name = "";

  /**
   * Declares a parameter.
   *
   * @param shape Its shape.
   * @param initial The distribution of its initial values.
   */
  constructor(shape: Shape, initial: Initial) {
    super(NOWHERE, shape, "f32", NOWHERE);
    this.initial = initial;
  }

  /** Whether weight decay applies: to every parameter with more than one dimension, as in GPT-1. */
  get decayed(): boolean {
    return this.shape.length > 1;
  }
}

/**
 * All parameters of a module, in the order of its properties.
 *
 * @example
 * ```ts
 * import { constant, namedParameters, Parameter } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const model = { layers: [{ weight: new Parameter([2, 2], constant(0)) }], bias: new Parameter([2], constant(0)) };
 * assertEquals([...namedParameters(model)].map(({ name }) => name), ["layers.0.weight", "bias"]);
 * ```
 *
 * @param module A module.
 * @param path The path of the module in a larger one.
 * @returns The parameters; each once, with its name set. A parameter with two paths (a tied weight) is named by the first.
 * @category Devices and tensors
 */
export function namedParameters(module: object, path = ""): Parameter[] {
  const found = new Set<Parameter>();
  const walk = (value: unknown, path: string) => {
    if (value instanceof Parameter) {
      if (!found.has(value)) value.name = path;
      found.add(value);
    } else if (typeof value === "object" && value !== null && !(value instanceof Tensor)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path ? `${path}.${key}` : key);
    }
  };
  walk(module, path);
  return [...found];
}

/**
 * The memory of all parameters of a model.
 *
 * @category Devices and tensors
 */
export interface ParameterStore {
  /** The parameters, in the order of the model. */
  readonly parameters: readonly Parameter[];
  /** Elements of the flat buffers, padding included. */
  readonly size: number;
  /** The index at which the parameters without weight decay begin. */
  readonly decayedSize: number;
  /** All values, one after the other. */
  readonly values: Tensor;
  /** All gradients, in the same order. */
  readonly gradients: Tensor;
  /** The index at which each parameter begins. */
  readonly starts: ReadonlyMap<Parameter, number>;
}

/**
 * Allocates value and gradient of every parameter of a model. All values are 0: this is for a model whose values are
 * loaded, where drawing random ones first would take most of the time.
 *
 * @example
 * ```ts
 * import { allocateParameters, constant, CpuBackend, Parameter } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = { scale: new Parameter([2], constant(1)) };
 * const store = allocateParameters(backend, model);
 * assertEquals([...await backend.read(model.scale)], [0, 0]);
 * assertEquals(store.starts.get(model.scale), 0);
 * ```
 *
 * @param backend Where the model is to live.
 * @param module The model.
 * @returns The flat buffers and what is where in them.
 * @category Devices and tensors
 */
export function allocateParameters(backend: Backend, module: object): ParameterStore {
  const parameters = namedParameters(module), starts = new Map<Parameter, number>();
  let size = 0, decayedSize = 0;
  for (const decayed of [true, false]) {
    for (const parameter of parameters.filter((parameter) => parameter.decayed === decayed)) {
      starts.set(parameter, size);
      size += Math.ceil(parameter.size / ALIGNMENT) * ALIGNMENT;
    }
    if (decayed) decayedSize = size;
  }
  const values = backend.allocate([size]), gradients = backend.allocate([size]);
  for (const parameter of parameters) {
    const start = starts.get(parameter)!;
    const { storage } = backend.view(values, start, parameter.shape);
    Object.assign(parameter, { backend, storage, gradient: backend.view(gradients, start, parameter.shape) });
  }
  return { parameters, size, decayedSize, values, gradients, starts };
}

/**
 * Allocates value and gradient of every parameter of a model, and draws the initial values.
 *
 * @param backend Where the model is to live.
 * @param module The model.
 * @param seed Decides the initial values, together with the names.
 * @returns The flat buffers and what is where in them.
 * @category Devices and tensors
 */
export function initialize(backend: Backend, module: object, seed: number): ParameterStore {
  const store = allocateParameters(backend, module);
  for (const parameter of store.parameters) backend.write(parameter, initialValues(parameter, seed));
  return store;
}

/** Drawn in double precision, rounded once. */
function initialValues({ name, shape, initial }: Parameter, seed: number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  if (initial.distribution === "constant") return values.fill(initial.value);
  const random = new Random(seed, name);
  for (let index = 0; index < values.length; index++) values[index] = initial.std * random.normal();
  return values;
}

/**
 * The number of learned numbers of a model.
 *
 * @param module A module; it need not be initialized.
 * @returns How many, a tied weight counted once.
 * @category Devices and tensors
 */
export function countParameters(module: object): number {
  return namedParameters(module).reduce((sum, { size }) => sum + size, 0);
}
