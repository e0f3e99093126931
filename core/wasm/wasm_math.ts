/**
 * exp, log and tanh of four floats, which WebAssembly has no instructions for: from + − × and shifts of bits, with one
 * result on every machine.
 *
 * Each function is reduced to a small interval, where a short polynomial is as exact as a float. For the exponential
 * that is done by powers of two, which cost nothing, because a float is stored as 2ⁿ times a number from 1 to 2:
 *
 *     x = n ln 2 + r,   n an integer,  |r| ≤ ½ ln 2        exp x = 2ⁿ · exp r
 *     exp r − 1 = r + r² (½ + r/6 + r²/24 + …)             five terms, |r| is at most 0.35
 *
 * The last line has no 1 in it: near x = 0, where exp x − 1 is small, it keeps all its digits. tanh is made of it:
 *
 *     tanh x = E / (E + 2)      E = exp 2x − 1 = 2ⁿ (exp r − 1) + (2ⁿ − 1)
 *
 * The logarithm takes the exponent off and looks up nothing either:
 *
 *     x = 2ⁿ m,   √½ ≤ m < √2          log x = n ln 2 + log m
 *     log m = 2 artanh s = 2s + s³ (⅔ + ⅖ s² + …)          s = (m − 1) / (m + 1), |s| is at most 0.18
 *
 * **n ln 2** is subtracted in two steps, of which the first is exact: the upper part of ln 2 has so few digits that its
 * product with n fits into a float. Otherwise the digits lost would be those that matter, for r is small.
 *
 * **Coefficients** are not those of Taylor's series, which is best at 0 and worst at the ends. They belong to the polynomial
 * that agrees with the function at the Chebyshev points of the interval, which spreads the error evenly and makes the
 * largest one smaller by a factor of about 2ⁿ, where n is the degree. They were computed with 50 digits.
 *
 * Errors are in ulp, the distance between neighbouring floats at the result. `tests/wasm_math_test.ts` compares a float in
 * 997, over the whole domain, with double precision.
 *
 * Reference: Muller et al., "Handbook of floating-point arithmetic", 2nd edition 2018, chapter 10.
 *
 * @module
 */

import type { WasmCode } from "./wasm_code.ts";
import { F32x4, type I32x4 } from "./wasm_vectors.ts";

/** ln 2 in two parts: the first has 15 binary places, the second is the rest. */
const LN_2_HIGH = 0x58b9 / 2 ** 15, LN_2_LOW = 1.4286068203094173e-6;

/** (exp r − 1 − r) / r² for |r| ≤ ½ ln 2, by powers of r. */
const EXP = [0.5, 0.1666657702559799, 0.041666554662050534, 0.008363173074513711, 0.001392617611993558];

/** (2 artanh s − 2s) / s³ for |s| ≤ (√2 − 1) / (√2 + 1), by powers of s². */
const ARTANH = [0.6666668503957586, 0.3998878056602198, 0.2957994939197279];

/** Binary digits of a float after the first. */
const DIGITS = 23;

/** Added to a number n and subtracted again, it rounds n to an integer; the last bits of the sum are those of n. */
const ROUNDING = 1.5 * (1 << DIGITS);

/** The bits of √½. */
const SQRT_HALF_BITS = 0x3f3504f3;

/** The exponent 0 of a float as it is stored, so that no exponent is negative. */
const EXPONENT_BIAS = 127;

/**
 * c[0] + c[1] x + c[2] x² + …, by Horner's rule: from the last coefficient to the first.
 *
 * @param x Computed in each step: a variable, not a long expression.
 * @param coefficients The numbers c, two or more.
 * @returns The value of the polynomial.
 */
export function polynomial(x: F32x4, coefficients: readonly number[]): F32x4 {
  const [last, ...others] = coefficients.toReversed().map((coefficient) => F32x4.of(coefficient));
  return others.reduce((sum, coefficient) => x.times(sum).plus(coefficient), last);
}

/** x = n ln 2 + r: exp r − 1, and an integer that ends in the bits of n. */
function reduce(code: WasmCode, x: F32x4): { n: I32x4; expMinusOne: F32x4 } {
  const sum = code.let(x.times(Math.LOG2E).plus(ROUNDING)), n = code.let(sum.minus(ROUNDING));
  const r = code.let(x.minus(n.times(LN_2_HIGH)).minus(n.times(LN_2_LOW)));
  // pairs of terms, not one after the other: most of the time of exp goes into waiting for the step before
  const square = code.let(r.times(r)), [c0, c1, c2, c3, c4] = EXP;
  const upper = square.times(c4).plus(r.times(c3).plus(c2));
  return { n: sum.bits, expMinusOne: r.plus(square.times(square.times(upper).plus(r.times(c1).plus(c0)))) };
}

/** 2ⁿ⁺ᵐ: its exponent is all that is stored of it. What n has in front of its last bits is shifted out. */
function powerOfTwo(n: I32x4, m = 0): F32x4 {
  return n.plus(EXPONENT_BIAS + m).shiftLeft(DIGITS).floats;
}

/**
 * eˣ, at most 1.1 ulp from it, for all floats: ∞ above 88.72, where it is larger than any float, and 0 below −86.99, where it
 * is less than 2⁻¹²⁵·⁵ and floats begin to lose digits. NaN gives NaN.
 *
 * @param code The function to write.
 * @param x The exponent.
 * @returns The power.
 */
export function exp4(code: WasmCode, x: F32x4): F32x4 {
  // at the limits the result is ∞ or 0 already, and n just fits into the exponent of a float
  const { n, expMinusOne } = reduce(code, code.let(x.atMost(89).atLeast(-87.3)));
  // 2ⁿ itself may be too large where eˣ is not
  return expMinusOne.plus(1).times(2).times(powerOfTwo(n, -1));
}

/**
 * The natural logarithm, at most 1 ulp from it, of numbers from 2⁻¹²⁶, the smallest with all digits, to the largest. ∞ gives
 * ∞ and NaN gives NaN. For 0, negative and smaller numbers the result has no meaning.
 *
 * @param code The function to write.
 * @param x The number.
 * @returns Its logarithm.
 */
export function log4(code: WasmCode, x: F32x4): F32x4 {
  const number = code.let(x);
  // adding this to the bits makes the exponent of a number grow at √2, √8, …, in place of 2, 4, …
  const bits = code.let(number.bits.plus((EXPONENT_BIAS << DIGITS) - SQRT_HALF_BITS));
  const n = code.let(bits.shiftRight(DIGITS).toF32x4().minus(EXPONENT_BIAS));
  const m = bits.and((1 << DIGITS) - 1).plus(SQRT_HALF_BITS).floats;
  const f = code.let(m.minus(1)), s = code.let(f.over(f.plus(2))), square = code.let(s.times(s));
  // 2s = f − s f, and f is exact
  const logM = f.minus(s.times(f.minus(square.times(polynomial(square, ARTANH)))));
  const result = n.times(LN_2_HIGH).plus(logM.plus(n.times(LN_2_LOW)));
  return number.isLess(Infinity).select(result, number);
}

/**
 * The hyperbolic tangent, at most 2.6 ulp from it, for all floats; from ±9.02 on it is ±1. NaN gives NaN; −0 gives 0.
 *
 * @param code The function to write.
 * @param x Any number.
 * @returns From −1 to 1.
 */
export function tanh4(code: WasmCode, x: F32x4): F32x4 {
  const { n, expMinusOne } = reduce(code, code.let(x.plus(x).atMost(20).atLeast(-20)));
  const scale = code.let(powerOfTwo(n)), e = code.let(expMinusOne.times(scale).plus(scale.minus(1)));
  return e.over(e.plus(2));
}
