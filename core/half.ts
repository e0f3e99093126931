/**
 * Half precision, `f16`: a floating-point number in 16 bits.
 *
 *     s eeeee ffffffffff        sign, 5 bits of exponent, 10 of fraction
 *
 *     e = 1 … 30     ± 2^(e − 15) · (1 + f / 1024)        three decimal digits, from 0.000061 to 65504
 *     e = 0          ± 2^(−14) · f / 1024                 "subnormal": fewer digits, down to 0.00000006
 *     e = 31         ± infinity (f = 0), or no number at all, NaN
 *
 * JavaScript has no such number in every engine, so it is made from the bits of a 32-bit one. Cutting 13 bits of the
 * fraction off rounds to the nearest, and halfway to the one whose last bit is 0, as processors do. What would round to
 * 65536 or more becomes an infinity: 65520 does, 65519.99 becomes 65504.
 *
 * Reference: IEEE Standard for Floating-Point Arithmetic, 754-2019, `binary16`.
 *
 * @module
 */

const float = new Float32Array(1), word = new Uint32Array(float.buffer);

/**
 * The bits of the nearest half-precision number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { halfBits } from "./half.ts";
 *
 * assertEquals([1, -2, 65520, 2 ** -24].map(halfBits), [0x3c00, 0xc000, 0x7c00, 1]);
 * ```
 *
 * @param value A number; it is rounded to 32 bits first.
 * @returns 16 bits.
 */
export function halfBits(value: number): number {
  float[0] = value;
  const sign = word[0] >>> 16 & 0x8000, magnitude = word[0] & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and more
  // 2^(−14) and more: exponents are counted from −15 instead of −127, and 13 bits are rounded off; a carry into the
  // exponent is right
  if (magnitude >= 0x38800000) return sign | magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1) >> 13;
  // less: a multiple of 2^(−24), which is the last bit of a 32-bit number between 0.5 and 1
  float[0] = Math.abs(float[0]) + 0.5;
  return sign | word[0] - 0x3f000000;
}

/**
 * The number that half-precision bits stand for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { halfValue } from "./half.ts";
 *
 * assertEquals([0x3c00, 0xc000, 0x7c00, 1].map(halfValue), [1, -2, Infinity, 2 ** -24]);
 * ```
 *
 * @param bits 16 bits.
 * @returns The number, exactly.
 */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1024 + fraction) * (1 << exponent) : 2 * fraction) / 2 ** 25;
}

/**
 * The nearest number that half precision can represent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { roundToHalf } from "./half.ts";
 *
 * assertEquals([0.1, 2049, 1e5].map(roundToHalf), [0.0999755859375, 2048, Infinity]);
 * ```
 *
 * @param value A number.
 * @returns The number; an infinity from 65520 on.
 */
export function roundToHalf(value: number): number {
  return halfValue(halfBits(value));
}
