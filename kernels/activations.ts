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
 * Only x is kept for the backward pass; the activation is computed again from it.
 *
 * Reference: Hendrycks and Gimpel, "Gaussian error linear units", 2016.
 *
 * @module
 */

import { type Kernel, kernel } from "../core/backend.ts";
import { exp, tanh as hyperbolicTangent } from "../core/math.ts";
import { storeOrAdd } from "../core/webgpu/shader.ts";
import { gradientOf, gradientToWrite, outputOf, type Tensor } from "../core/tensor.ts";
import type { WasmCode } from "../core/wasm/wasm_code.ts";
import { exp4, polynomial, tanh4 } from "../core/wasm/wasm_math.ts";
import { wasmElements } from "../core/wasm/wasm_pass.ts";
import { F32x4 } from "../core/wasm/wasm_vectors.ts";

/** √(2/π), and √(1/2π), the height of the normal density. */
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI), SQRT_1_OVER_2_PI = 1 / Math.sqrt(2 * Math.PI);

/** The error function to double precision, by the series e^(−x²) · 2/√π · Σ 2ⁿ x^(2n+1) / (1 · 3 · … · (2n + 1)). */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) sum += term *= 2 * x * x / (2 * n + 1);
  return 2 / Math.sqrt(Math.PI) * exp(-x * x) * sum;
}

/** The gate of GELU's tanh form: (1 + tanh u) / 2. */
function gate(x: number): number {
  return 1 / (1 + exp(-2 * SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)));
}

/**
 * Below this the gates of both GELUs are 0 for WebAssembly, as PyTorch's are. Their exact values, 10⁻¹² and less, would become
 * subnormal numbers as gradients, with which a product takes a third longer.
 */
const CLOSED = -7;

/** The same of four numbers. */
function gate4(code: WasmCode, x: F32x4): F32x4 {
  const exponent = x.times(x).times(-2 * SQRT_2_OVER_PI * 0.044715).plus(-2 * SQRT_2_OVER_PI).times(x);
  return x.isLess(CLOSED).select(F32x4.of(0), F32x4.of(1).over(exp4(code, exponent).plus(1)));
}

/**
 * Φ in 32 bits, by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7: with z = |x|/√2 and t = 1 / (1 + SCALE · z), the
 * probability beyond |x| is ½ e^(−z²) (TAIL[0] t + TAIL[1] t² + …).
 */
const SCALE = 0.3275911, TAIL = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];

/** Φ of four numbers, and e^(−x²/2). */
function probability4(code: WasmCode, x: F32x4): { probability: F32x4; bell: F32x4 } {
  const z = code.let(x.abs().times(Math.SQRT1_2));
  const t = code.let(F32x4.of(1).over(z.times(SCALE).plus(1)));
  const isFar = z.isGreater(-CLOSED * Math.SQRT1_2);
  const bell = code.let(isFar.select(F32x4.of(0), exp4(code, z.times(z).negate())));
  const upper = code.let(t.times(polynomial(t, TAIL)).times(bell).times(0.5));
  return { probability: x.isLess(0).select(upper, F32x4.of(1).minus(upper)), bell };
}

/** Value and derivative of one activation, in all three languages. */
interface Activation {
  readonly value: (x: number) => number;
  readonly derivative: (x: number) => number;
  /** WGSL for `fn value(x: f32) -> f32` and `fn derivative(x: f32) -> f32`. */
  readonly wgsl: string;
  /** WebAssembly for value and derivative of four numbers, which are in variables. The derivative may be made of the value. */
  readonly wasm: {
    readonly value: (code: WasmCode, x: F32x4) => F32x4;
    readonly derivative: (code: WasmCode, x: F32x4, y: F32x4) => F32x4;
  };
}

/** x · σ(slope · x), of which silu and quickGelu are two. */
function gatedBy(slope: number): Activation {
  const open = (x: number) => 1 / (1 + exp(-slope * x));
  const open4 = (code: WasmCode, x: F32x4) => F32x4.of(1).over(exp4(code, x.times(-slope)).plus(1));
  // beyond this the gate is 0 or 1 to the last bit, and its exponential is still a float
  const far = 80 / slope;
  return {
    value: (x) => x * open(x),
    derivative: (x) => open(x) * (1 + slope * x * (1 - open(x))),
    wgsl: `
fn gate(near: f32) -> f32 { return 1 / (1 + exp(${-slope} * near)); }
fn value(x: f32) -> f32 { return select(x * gate(clamp(x, ${-far}, ${far})), 0.0, x < ${-far}); }
fn derivative(x: f32) -> f32 {
  let near = clamp(x, ${-far}, ${far});
  let g = gate(near);
  return g * (1 + ${slope} * near * (1 - g));
}`,
    wasm: {
      value: (code, x) => x.times(open4(code, x)),
      derivative(code, x) {
        const near = code.let(x.atMost(far).atLeast(-far)), g = code.let(open4(code, near));
        return F32x4.of(1).minus(g).times(near.times(slope)).plus(1).times(g);
      },
    },
  };
}

/** The activations by name. */
const ACTIVATIONS = {
  gelu: {
    value: (x) => x * gate(x),
    derivative: (x) => {
      const g = gate(x);
      return g + 2 * x * g * (1 - g) * SQRT_2_OVER_PI * (1 + 3 * 0.044715 * x * x);
    },
    // beyond 10 gate and derivative are 0 or 1 to the last bit, and x² may overflow
    wgsl: `
fn gate(near: f32) -> f32 {
  let u = ${SQRT_2_OVER_PI} * (near + 0.044715 * near * near * near);
  return 1 / (1 + exp(-2 * u));
}
fn value(x: f32) -> f32 { return select(x * gate(clamp(x, -10, 10)), 0.0, x < -10); }
fn derivative(x: f32) -> f32 {
  let near = clamp(x, -10, 10);
  let g = gate(near);
  return g + 2 * near * g * (1 - g) * ${SQRT_2_OVER_PI} * (1 + ${3 * 0.044715} * near * near);
}`,
    wasm: {
      value: (code, x) => x.times(gate4(code, x)),
      derivative(code, x, y) {
        // the gate is y / x, which takes a third of the time of another exponential; beyond 10 it is 0 or 1
        const near = code.let(x.atMost(10).atLeast(-10)), quotient = y.atMost(10).over(near);
        const g = code.let(near.abs().isLess(1e-20).select(F32x4.of(0.5), quotient));
        const slope = near.times(near).times(2 * SQRT_2_OVER_PI * 3 * 0.044715).plus(2 * SQRT_2_OVER_PI);
        return F32x4.of(1).minus(g).times(near.times(slope)).plus(1).times(g);
      },
    },
  },
  geluErf: {
    value: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
    derivative: (x) => 0.5 * (1 + erf(x * Math.SQRT1_2)) + x * exp(-0.5 * x * x) * SQRT_1_OVER_2_PI,
    wgsl: `
fn probability(x: f32) -> f32 {
  let z = abs(x) * ${Math.SQRT1_2};
  let t = 1 / (1 + ${SCALE} * z);
  let tail = t * (${TAIL[0]} + t * (${TAIL[1]} + t * (${TAIL[2]} + t * (${TAIL[3]} + t * ${TAIL[4]}))));
  let upper = 0.5 * tail * exp(-z * z);
  return select(1 - upper, upper, x < 0);
}
fn value(x: f32) -> f32 { return x * probability(x); }
fn derivative(x: f32) -> f32 { return probability(x) + x * exp(-0.5 * x * x) * ${SQRT_1_OVER_2_PI}; }`,
    wasm: {
      value: (code, x) => x.times(probability4(code, x).probability),
      derivative(code, x) {
        const { probability, bell } = probability4(code, x);
        return probability.plus(x.times(bell).times(SQRT_1_OVER_2_PI));
      },
    },
  },
  relu: {
    value: (x) => Math.max(x, 0),
    derivative: (x) => x > 0 ? 1 : 0,
    wgsl: `
fn value(x: f32) -> f32 { return max(x, 0); }
fn derivative(x: f32) -> f32 { return select(0.0, 1.0, x > 0); }`,
    wasm: {
      value: (_, x) => x.atLeast(0),
      derivative: (_, x) => x.isGreater(0).select(F32x4.of(1), F32x4.of(0)),
    },
  },
  silu: gatedBy(1),
  quickGelu: gatedBy(1.702),
  tanh: {
    value: hyperbolicTangent,
    derivative: (x) => {
      const t = hyperbolicTangent(x);
      return 1 - t * t;
    },
    wgsl: `
fn value(x: f32) -> f32 { return tanh(clamp(x, -15, 15)); }
fn derivative(x: f32) -> f32 { let t = value(x); return 1 - t * t; }`,
    wasm: {
      value: tanh4,
      derivative: (_code, _x, y) => F32x4.of(1).minus(y.times(y)),
    },
  },
} satisfies Record<string, Activation>;

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
 */
export function gelu(x: Tensor): Tensor {
  return activate(x, activationKernels.gelu);
}

/**
 * GELU in its exact form, as in RoBERTa.
 *
 * @param x Any shape.
 * @returns The same shape.
 */
export function geluErf(x: Tensor): Tensor {
  return activate(x, activationKernels.geluErf);
}

/**
 * The positive part.
 *
 * @param x Any shape.
 * @returns The same shape.
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
 */
export function silu(x: Tensor): Tensor {
  return activate(x, activationKernels.silu);
}

/**
 * A cheaper relative of GELU, x · σ(1.702 x). Some published checkpoints were trained with it.
 *
 * @param x Any shape.
 * @returns The same shape.
 */
export function quickGelu(x: Tensor): Tensor {
  return activate(x, activationKernels.quickGelu);
}

/**
 * Hyperbolic tangent.
 *
 * @param x Any shape.
 * @returns The same shape.
 */
export function tanh(x: Tensor): Tensor {
  return activate(x, activationKernels.tanh);
}

/** The names of all activations. */
export type ActivationName = "gelu" | "geluErf" | "relu" | "silu" | "quickGelu" | "tanh";

/** The activations by name, as a configuration names them. */
export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  gelu,
  geluErf,
  relu,
  silu,
  quickGelu,
  tanh,
};
