/**
 * Philox4x32-10: random numbers without a state.
 *
 * Most generators have a state: to draw the millionth number, all before it must be drawn. Philox is a *function* from
 * (key, counter) to four 32-bit words, a small cipher that scrambles the counter. Where every use of randomness has a
 * number, each computes its own words: in any order, on any thread, on the CPU and in a shader, always the same. Training
 * resumes exactly because there is nothing to restore but the step.
 *
 * One round takes two of the four words, multiplies each by a constant to 64 bits, and spreads the halves:
 *
 *     (high0, low0) = 0xD2511F53 · x0        x0' = high1 ^ x1 ^ key0        x1' = low1
 *     (high1, low1) = 0xCD9E8D57 · x2        x2' = high0 ^ x3 ^ key1        x3' = low0
 *
 * and the key is advanced by key0 += 0x9E3779B9 (golden ratio), key1 += 0xBB67AE85 (√3 − 1), each modulo 2³². A round is a
 * bijection of the counter (the constants are odd), so different counters never give the same four words. Ten rounds
 * pass every statistical test known; seven would do.
 *
 * Neither JavaScript nor WGSL multiplies 32 × 32 bits to 64, so the high half is assembled from 16-bit halves, the
 * school method in base 65,536: no partial sum exceeds 32 bits.
 *
 * Convention of this library: key = the seed's two words, counter = (element, step, stream, 0).
 *
 * Reference: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 *
 * @module
 */

/** The upper 32 bits of the exact 64-bit product of two unsigned 32-bit words, as a signed integer. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16;
  const bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16) | 0;
  const carry = Math.imul(aLow, bHigh) + (middle & 0xffff) | 0;
  return Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16) | 0;
}

/**
 * Fills four words with the Philox4x32-10 value of a counter under a key.
 *
 * @param out Receives the four random words in `out[0]` to `out[3]`.
 * @param key0 First key word; like the others, any integer, taken modulo 2³².
 * @param key1 Second key word.
 * @param counter0 First counter word.
 * @param counter1 Second counter word.
 * @param counter2 Third counter word.
 * @param counter3 Fourth counter word.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { philox4x32 } from "./philox.ts";
 *
 * const words = new Uint32Array(4);
 * philox4x32(words, 0, 0, 0, 0, 0, 0);
 * assertEquals([...words], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
 * ```
 *
 * @category Devices and tensors
 */
export function philox4x32(
  out: Uint32Array,
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
): void {
  // `| 0` keeps every value a 32-bit integer, so the loop compiles to integer instructions only.
  let k0 = key0 | 0, k1 = key1 | 0;
  let x0 = counter0 | 0, x1 = counter1 | 0, x2 = counter2 | 0, x3 = counter3 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, x0), low0 = Math.imul(0xd2511f53, x0);
    const high1 = multiplyHigh(0xcd9e8d57, x2), low1 = Math.imul(0xcd9e8d57, x2);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = k0 + 0x9e3779b9 | 0;
    k1 = k1 + 0xbb67ae85 | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/**
 * The same function for a shader: prepend this text, then call `philox(key, counter)`. Bit-identical to
 * {@linkcode philox4x32}. The rounds are unrolled because software Vulkan counts loop iterations.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { PHILOX_WGSL } from "./philox.ts";
 *
 * assertStringIncludes(PHILOX_WGSL, "fn philox(key: vec2u, counter: vec4u) -> vec4u");
 * ```
 */
export const PHILOX_WGSL: string = `
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
}

fn philoxRound(key: vec2u, x: vec4u) -> vec4u {
  let high0 = multiplyHigh(0xd2511f53u, x.x);
  let high1 = multiplyHigh(0xcd9e8d57u, x.z);
  return vec4u(high1 ^ x.y ^ key.x, 0xcd9e8d57u * x.z, high0 ^ x.w ^ key.y, 0xd2511f53u * x.x);
}

fn philox(key: vec2u, counter: vec4u) -> vec4u {
  var k = key;
  var x = counter;${
  `
  x = philoxRound(k, x);
  k += vec2u(0x9e3779b9u, 0xbb67ae85u);`.repeat(10)
}
  return x;
}
`;
