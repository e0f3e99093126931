/**
 * exp, log, sin, cos, tanh and integer powers with the same bits everywhere.
 *
 * JavaScript's standard says what `+`, `−`, `×`, `÷` and `Math.sqrt` give, to the last bit: the double nearest to the true
 * result. Of `Math.exp`, `Math.log`, `Math.sin`, `Math.cos`, `Math.tanh` and `**` it only demands an approximation, and
 * engines and their versions differ in the last bit. Rounding to 32 bits hides most of these differences, all but about one
 * in 2²⁹; but a run takes billions of exponentials, and one bit sends training another way. So whatever this library
 * computes and keeps uses the functions here, which are made of operations with one right answer.
 *
 * Each has three parts. *Reduction* brings the argument close to 0 by an identity:
 *
 *     exp x = 2ᵏ · exp r              r = x − k ln 2        |r| ≤ ln 2 / 2 ≈ 0.35
 *     log x = k ln 2 + log m          x = 2ᵏ · m            √½ ≤ m ≤ √2
 *     sin x = ± sin r or ± cos r      r = x − n π/2         |r| ≤ π/4 ≈ 0.79
 *
 * There a *series* of a few terms is as good as a double can be. *Reconstruction* undoes the reduction.
 *
 * What is difficult is rounding. Neither ln 2 nor π/2 is a double, and if x is close to k ln 2, then the difference
 * x − k ln 2 has no correct digit unless ln 2 has more digits than a double. Such a constant is cut into pieces, the first
 * so short that its product with any k is exact (Cody and Waite, 1980). And every function ends in one addition of a
 * large part that is known exactly, or nearly so, and a correction that is much smaller: the correction's own rounding
 * errors are as much smaller, and what remains is little more than the half unit of the last rounding.
 *
 * Largest error seen at 800,000 arguments or more of each, against 40 digits, in units in the last place (rounding the
 * true result is half of one; tests hold each function to 1):
 *
 *     exp 0.70 (subnormal 0.77)      log 0.84      sin 0.79      cos 0.80      tanh 0.99
 *
 * Reference: Muller, "Elementary functions: algorithms and implementation", 3rd edition, 2016.
 *
 * @module
 */

/**
 * A number to the power of an integer, by repeated squaring: x¹³ = x · x⁴ · x⁸.
 *
 * Every product rounds, and squaring doubles the relative error: in all it is at most about |exponent| · 2⁻⁵³. Powers
 * of two are exact.
 *
 * @example
 * ```ts
 * import { power } from "./math.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([power(2, 10), power(2, -2), power(-3, 3), power(0, 0)], [1024, 0.25, -27, 1]);
 * ```
 *
 * @param base Any number.
 * @param exponent A safe integer. If it is negative, the result is 1 / base^|exponent|.
 * @returns base^exponent.
 * @throws {RangeError} If the exponent is not a safe integer.
 */
export function power(base: number, exponent: number): number {
  if (!Number.isSafeInteger(exponent)) {
    throw new RangeError(`Cannot raise ${base} to the power of ${exponent}: expected an integer`);
  }
  let result = 1, square = base;
  for (let rest = Math.abs(exponent); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return exponent < 0 ? 1 / result : result;
}

// In base 16, ln 2 is 0.b17217f7 d1cf79abc9e3b… and π/2 is 1.921fb544 42d18469 898cc517 01b839a252049…: cut at the spaces.
// All pieces but the last are so short that their products with |k| ≤ 1,100 or n < 2²⁰ are exact.
const LN2_HIGH = 0xb17217f7 * power(2, -32), LN2_LOW = 0xd1cf79abc9e3b * power(2, -84);
const HALF_PI_1 = 0x1921fb544 * power(2, -32), HALF_PI_2 = 0x42d18469 * power(2, -64);
const HALF_PI_3 = 0x898cc517 * power(2, -96), HALF_PI_4 = 0x01b839a252049 * power(2, -148);

/** For finding k and n. A wrong last bit would do no harm: |r| could be larger by as little. */
const INVERSE_LN2 = 1 / Math.LN2, INVERSE_HALF_PI = 2 / Math.PI;

/** The powers of two from 2⁻⁵⁴⁰ to 2⁵⁴⁰. */
const LARGEST_POWER = 540;
const POWERS_OF_TWO = Float64Array.from(
  { length: 2 * LARGEST_POWER + 1 },
  (_, index) => power(2, index - LARGEST_POWER),
);

/** x · 2ᵏ for |k| ≤ 1,080, in two steps: 2ᵏ may be too large or too small for a double where the result is not. */
function scaled(x: number, k: number): number {
  const half = k >> 1;
  return x * POWERS_OF_TWO[LARGEST_POWER + half] * POWERS_OF_TWO[LARGEST_POWER + k - half];
}

/**
 * The exponential function eˣ.
 *
 * Its own series would need 14 terms. That of r coth(r/2) is even, which halves them, and has e^r in it:
 *
 *     e^r = 1 + 2r / (r coth(r/2) − r)        r coth(r/2) = 2 + r²/6 − r⁴/360 + r⁶/15120 − …
 *
 * with coefficients 2 B₂ₙ/(2n)!, where B are Bernoulli's numbers; the first one left out changes e^r by less than 2⁻⁵⁹.
 * With c = r − (r²/6 − r⁴/360 + …) the fraction is 2r/(2 − c) = r + r c/(2 − c): r, and a correction of at most a fifth of it.
 *
 * @example
 * ```ts
 * import { exp } from "./math.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([exp(0), exp(1), exp(-Infinity), exp(710)], [1, Math.E, 0, Infinity]);
 * ```
 *
 * @param x Any number.
 * @returns eˣ; NaN for NaN.
 */
export function exp(x: number): number {
  if (x > 710) return Infinity;
  if (x < -746) return 0;
  const k = Math.floor(x * INVERSE_LN2 + 0.5);
  const high = x - k * LN2_HIGH, low = k * LN2_LOW, r = high - low, z = r * r;
  const terms = 1 / 15120 + z * (-1 / 604800 + z * (1 / 23950080 + z * (-691 / 653837184000)));
  const c = r - z * (1 / 6 + z * (-1 / 360 + z * terms));
  const sum = 1 + high, rest = 1 - sum + high; // what rounding took from the sum
  return scaled(sum + (rest - (low - r * c / (2 - c))), k);
}

const DOUBLE = Float64Array.of(1), WORDS = new Uint32Array(DOUBLE.buffer);
/** Which half of a double has its sign and exponent: the second, where numbers begin with their lowest byte. */
const UPPER = WORDS[1] === 0 ? 0 : 1;

/** The smallest double with all its digits. */
const SMALLEST_NORMAL = power(2, -1022);

/**
 * The natural logarithm.
 *
 * k is read from the bits of x, m = 1 + f is what remains, and with s = f/(2 + f) it is (1 + s)/(1 − s), so that
 *
 *     log m = 2 artanh s = 2s + 2s³/3 + 2s⁵/5 + …        |s| ≤ 0.172; eleven terms, the next is below 2⁻⁶⁰ of the sum
 *
 * 2s is rounded. As 2s = f − s f, and f is exact, the sum is written with f, and again f/2 · f for most of s f:
 *
 *     log m = f − (f²/2 − s (f²/2 + 2s²/3 + 2s⁴/5 + …))
 *
 * @example
 * ```ts
 * import { log } from "./math.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([log(1), log(2), log(0)], [0, Math.LN2, -Infinity]);
 * ```
 *
 * @param x Any number.
 * @returns log x; −∞ for 0 and NaN below it.
 */
export function log(x: number): number {
  if (!(x > 0 && x < Infinity)) return x === 0 ? -Infinity : x > 0 ? x : NaN;
  const shift = x < SMALLEST_NORMAL ? 54 : 0; // below it the exponent's bits are 0
  DOUBLE[0] = scaled(x, shift);
  let k = (WORDS[UPPER] >>> 20) - 1023, m = scaled(DOUBLE[0], -k);
  if (m > Math.SQRT2) {
    m /= 2;
    k++;
  }
  k -= shift;
  const f = m - 1, s = f / (2 + f), z = s * s, half = f * f / 2;
  const terms = 2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (2 / 19 + z * (2 / 21))));
  const series = z * (2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * terms)))));
  return k * LN2_HIGH + (f - (half - (s * (half + series) + k * LN2_LOW)));
}

/** The largest argument of sin and cos: beyond 2²⁰ · π/2 the products n · {@linkcode HALF_PI_1} would round. */
const LARGEST_ANGLE = 1e6;

/** What rounding took from a − b: exactly a − b − difference (Knuth). */
function lost(a: number, b: number, difference: number): number {
  const minusB = difference - a;
  return a - (difference - minusB) - (b + minusB);
}

/** sin(r + rest) for |r| ≤ π/4 and a rest below half a unit of r: the series r − r³/3! + r⁵/5! − …, and rest · cos r. */
function sinSeries(r: number, rest: number): number {
  const z = r * r;
  const terms = 1 / 362880 +
    z * (-1 / 39916800 + z * (1 / 6227020800 + z * (-1 / 1307674368000 + z * (1 / 355687428096000))));
  const series = -1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * terms));
  return r + (rest + (r * z * series - z / 2 * rest));
}

/** cos(r + rest), likewise: 1 − r²/2! + r⁴/4! − …, and −rest · sin r. What rounding takes from 1 − r²/2 is added back. */
function cosSeries(r: number, rest: number): number {
  const z = r * r, half = z / 2, most = 1 - half;
  const terms = -1 / 3628800 +
    z * (1 / 479001600 + z * (-1 / 87178291200 + z * (1 / 20922789888000)));
  const series = 1 / 24 + z * (-1 / 720 + z * (1 / 40320 + z * terms));
  return most + (1 - most - half + (z * z * series - r * rest));
}

/** sin(x + quarters · π/2) for x ≥ 0. */
function turned(x: number, quarters: number): number {
  if (x > LARGEST_ANGLE && x < Infinity) {
    throw new RangeError(`Cannot take sine or cosine of an angle of size ${x}: expected at most 1e6`);
  }
  const n = Math.floor(x * INVERSE_HALF_PI + 0.5);
  // x − n π/2 piece by piece, keeping what each difference loses
  const a = n * HALF_PI_2, b = n * HALF_PI_3;
  const first = x - n * HALF_PI_1, second = first - a, third = second - b;
  const low = lost(first, a, second) + lost(second, b, third) - n * HALF_PI_4;
  const r = third + low, rest = third - r + low, quarter = n + quarters & 3;
  const size = quarter & 1 ? cosSeries(r, rest) : sinSeries(r, rest);
  return quarter & 2 ? -size : size;
}

/**
 * The sine.
 *
 * @example
 * ```ts
 * import { sin } from "./math.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([sin(0), sin(Math.PI / 2), sin(Math.PI)], [0, 1, 1.2246467991473532e-16]); // Math.PI is not quite π
 * ```
 *
 * @param x An angle in radians, of size at most 1e6.
 * @returns sin x; NaN for infinities and NaN.
 * @throws {RangeError} If the angle is larger.
 */
export function sin(x: number): number {
  return Math.sign(x) * turned(Math.abs(x), 0);
}

/**
 * The cosine.
 *
 * @example
 * ```ts
 * import { cos } from "./math.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([cos(0), cos(Math.PI / 2), cos(Math.PI)], [1, 6.123233995736766e-17, -1]);
 * ```
 *
 * @param x An angle in radians, of size at most 1e6.
 * @returns cos x; NaN for infinities and NaN.
 * @throws {RangeError} If the angle is larger.
 */
export function cos(x: number): number {
  return turned(Math.abs(x), 1);
}

/**
 * The hyperbolic tangent.
 *
 * From 0.8 on it is 1 − 2/(e²ˣ + 1). For smaller x the difference would cancel digits; there it is Lambert's fraction
 *
 *     tanh x = x / (1 + z/(3 + z/(5 + … z/17)))        z = x²; leaving out the rest changes it by less than 2⁻⁶⁰
 *
 * whose last seven divisions are multiplied out, so that tanh x = x − x n/d with two polynomials n and d.
 *
 * @example
 * ```ts
 * import { tanh } from "./math.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([tanh(0), tanh(1e-9), tanh(-Infinity)], [0, 1e-9, -1]);
 * ```
 *
 * @param x Any number.
 * @returns tanh x; NaN for NaN.
 */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size < 0.8) {
    const z = x * x;
    const n = z * (11486475 + z * (810810 + z * (12870 + z * 44)));
    const d = 34459425 + z * (16216200 + z * (945945 + z * (13860 + z * 45)));
    return Math.sign(x) * (size - size * (n / d));
  }
  return Math.sign(x) * (1 - 2 / (exp(2 * size) + 1));
}
