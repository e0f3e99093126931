/**
 * Activations: the nonlinearity between two linear layers.
 *
 *     gelu(x)     = x/2 · (1 + tanh u),    u = √(2/π) · (x + 0.044715 x³)      GPT-1, GPT-2 ("gelu_new")
 *     geluErf(x)  = x · Φ(x),              Φ(x) = (1 + erf(x/√2)) / 2          RoBERTa
 *     relu(x)     = max(x, 0)
 *     silu(x)     = x · σ(x),              σ(x) = 1 / (1 + e^(−x))
 *     quickGelu(x) = x · σ(1.702 x)
 *     tanh(x)
 *
 * GELU weights its input by the probability that a normal variable is smaller: a smooth gate. The tanh form is an
 * approximation of it; the two differ by up to 5e-4, so a checkpoint needs the one it was trained with. Its gate
 * (1 + tanh u)/2 is the logistic function σ(2u), and computed so: one exponential. Without the cubic term that is
 * quickGelu, which differs from GELU by up to 0.02; silu, also called swish, is the same gate with another slope.
 *
 * Derivatives, with φ the normal density:
 *
 *     gelu'    = gate + 2x · gate (1 − gate) · u',    u' = √(2/π) · (1 + 3 · 0.044715 x²)
 *     geluErf' = Φ(x) + x φ(x)
 *     relu'    = 1 where x > 0, else 0
 *     (x · σ(s x))' = σ(s x) · (1 + s x (1 − σ(s x)))      silu has s = 1, quickGelu s = 1.702
 *     tanh'    = 1 − tanh²
 *
 * Only x is kept for the backward pass; the activation is computed again from it. The formulas in all three languages are
 * in `activation_formulas.ts`.
 *
 * Reference: Hendrycks and Gimpel, "Gaussian error linear units", 2016.
 *
 * @module
 */

import { type Kernel, kernel } from "../core/backend.ts";
import { storeOrAdd } from "../core/webgpu/shader.ts";
import { gradientOf, gradientToWrite, outputOf, type Tensor } from "../core/tensor.ts";
import { wasmElements } from "../core/wasm/wasm_pass.ts";
import { type Activation, type ActivationName, ACTIVATIONS } from "./activation_formulas.ts";

type Unary = Kernel<{ x: "f32" }, { y: "f32" }, "size">;
type UnaryBackward = Kernel<{ x: "f32"; y: "f32"; dy: "f32" }, { dx: "f32" }, "size" | "accumulate">;

function forwardKernel(name: string, { value, wgsl, wasm }: Activation): Unary {
  return kernel({
    name: `${name}Forward`,
    reads: { x: "f32" },
    writes: { y: "f32" },
    constants: ["size"],
    elements: ({ size }) => size,
    cpu({ x, y }, { size }) {
      for (let index = 0; index < size; index++) y[index] = value(x[index]);
    },
    wgsl: `${wgsl}\nfn each(index: u32) { y[index] = value(x[index]); }`,
    wasm: wasmElements(({ x, y }, code) => (index) => {
      y.store4(index, wasm.value(code, code.let(x.load4(index))));
    }),
  });
}

function backwardKernel(name: string, { derivative, wgsl, wasm }: Activation): UnaryBackward {
  return kernel({
    name: `${name}Backward`,
    reads: { x: "f32", y: "f32", dy: "f32" },
    writes: { dx: "f32" },
    constants: ["size", "accumulate"],
    elements: ({ size }) => size,
    cpu({ x, dy, dx }, { size, accumulate }) {
      if (!accumulate) dx.fill(0);
      for (let index = 0; index < size; index++) dx[index] += derivative(x[index]) * dy[index];
    },
    wgsl: ({ accumulate }) =>
      `${wgsl}\nfn each(index: u32) { dx[index] ${
        storeOrAdd(accumulate)
      } derivative(x[index]) * dy[index]; }`,
    wasm: wasmElements(({ x, y, dy, dx }, code, { accumulate }) => (index) => {
      const slope = wasm.derivative(code, code.let(x.load4(index)), code.let(y.load4(index)));
      dx.storeOrAdd4(accumulate, index, slope.times(dy.load4(index)));
    }, ["accumulate"]),
  });
}

/** Forward and backward kernels of every activation, by name. */
export const activationKernels = {
  gelu: [forwardKernel("gelu", ACTIVATIONS.gelu), backwardKernel("gelu", ACTIVATIONS.gelu)],
  geluErf: [forwardKernel("geluErf", ACTIVATIONS.geluErf), backwardKernel("geluErf", ACTIVATIONS.geluErf)],
  relu: [forwardKernel("relu", ACTIVATIONS.relu), backwardKernel("relu", ACTIVATIONS.relu)],
  silu: [forwardKernel("silu", ACTIVATIONS.silu), backwardKernel("silu", ACTIVATIONS.silu)],
  quickGelu: [
    forwardKernel("quickGelu", ACTIVATIONS.quickGelu),
    backwardKernel("quickGelu", ACTIVATIONS.quickGelu),
  ],
  tanh: [forwardKernel("tanh", ACTIVATIONS.tanh), backwardKernel("tanh", ACTIVATIONS.tanh)],
} as const;

function activate(x: Tensor, [forward, backward]: readonly [Unary, UnaryBackward]): Tensor {
  const y = outputOf(x.shape, [x]), size = x.size;
  x.backend.run(forward, { x, y }, { size });
  y.tape?.record(() => {
    // y = f(x)   →   dx = f'(x) · dy
    const { gradient: dx, accumulate } = gradientToWrite(x);
    x.backend.run(backward, { x, y, dy: gradientOf(y), dx }, { size, accumulate });
  });
  return y;
}

/**
 * GELU in its tanh form, as in GPT-1 and GPT-2.
 *
 * @example
 * ```ts
 * import { CpuBackend, gelu } from "@miniformer/miniformer";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * assertAlmostEquals((await backend.read(gelu(backend.from([1]))))[0], 0.841192, 1e-6);
 * ```
 *
 * @param x Any shape.
 * @returns The same shape.
 * @category Operations
 */
export function gelu(x: Tensor): Tensor {
  return activate(x, activationKernels.gelu);
}

/**
 * GELU in its exact form, as in RoBERTa.
 *
 * @param x Any shape.
 * @returns The same shape.
 * @category Operations
 */
export function geluErf(x: Tensor): Tensor {
  return activate(x, activationKernels.geluErf);
}

/**
 * The positive part.
 *
 * @param x Any shape.
 * @returns The same shape.
 * @category Operations
 */
export function relu(x: Tensor): Tensor {
  return activate(x, activationKernels.relu);
}

/**
 * The sigmoid linear unit x · σ(x), also called swish.
 *
 * @example
 * ```ts
 * import { CpuBackend, silu } from "@miniformer/miniformer";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const backend = new CpuBackend();
 * assertAlmostEquals((await backend.read(silu(backend.from([1]))))[0], 0.731059, 1e-6);
 * ```
 *
 * @param x Any shape.
 * @returns The same shape.
 * @category Operations
 */
export function silu(x: Tensor): Tensor {
  return activate(x, activationKernels.silu);
}

/**
 * A cheaper relative of GELU, x · σ(1.702 x). Some published checkpoints were trained with it.
 *
 * @param x Any shape.
 * @returns The same shape.
 * @category Operations
 */
export function quickGelu(x: Tensor): Tensor {
  return activate(x, activationKernels.quickGelu);
}

/**
 * Hyperbolic tangent.
 *
 * @param x Any shape.
 * @returns The same shape.
 * @category Operations
 */
export function tanh(x: Tensor): Tensor {
  return activate(x, activationKernels.tanh);
}

export type { ActivationName };

/**
 * The activations by name, as a configuration names them.
 *
 * @category Operations
 */
export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  gelu,
  geluErf,
  relu,
  silu,
  quickGelu,
  tanh,
};
