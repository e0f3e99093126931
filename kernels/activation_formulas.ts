/**
 * Value and derivative of every activation, written for the CPU, as WGSL and as WebAssembly; what they are is explained in
 * `activations.ts`, which makes kernels of them.
 *
 * On the CPU they are the definition, in double precision. In 32 bits an exponential overflows early, so WGSL computes with
 * an argument that is clamped to where the gate is 0 or 1 to the last bit.
 *
 * @module
 */

import { exp, tanh as hyperbolicTangent } from "../core/math.ts";
import type { WasmCode } from "../core/wasm/wasm_code.ts";
import { exp4, polynomial, tanh4 } from "../core/wasm/wasm_math.ts";
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
export interface Activation {
  /** f(x). */
  readonly value: (x: number) => number;
  /** f'(x). */
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

/**
 * The names of all activations.
 *
 * @category Operations
 */
export type ActivationName = "gelu" | "geluErf" | "relu" | "silu" | "quickGelu" | "tanh";

/** The activations by name. */
export const ACTIVATIONS: Readonly<Record<ActivationName, Activation>> = {
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
};
