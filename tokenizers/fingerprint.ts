/**
 * A fingerprint of texts and files: 64-bit FNV-1a.
 *
 * `hash = (hash xor byte) · prime mod 2⁶⁴` for each byte. It is a dozen lines and synchronous, which the hashes of browsers
 * are not. It detects accidental differences, not forgeries.
 *
 * Reference: Fowler, Noll and Vo, http://www.isthe.com/chongo/tech/comp/fnv/
 *
 * @module
 */

/**
 * Hashes bytes, or the UTF-8 form of a text, with 64-bit FNV-1a.
 *
 * @param content What to hash.
 * @returns 16 lower-case hexadecimal digits.
 *
 * @example
 * ```ts
 * import { fingerprintOf } from "./fingerprint.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fingerprintOf("foobar"), "85944171f73967e8");
 * ```
 */
export function fingerprintOf(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  // The hash is held as two halves of 32 bits, and the prime is 2⁴⁰ + 0x1b3: every product below is exact in a double.
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let i = 0; i < bytes.length; i++) {
    low = (low ^ bytes[i]) >>> 0;
    const product = low * 0x1b3;
    high = (high * 0x1b3 + Math.floor(product / 0x100000000) + ((low << 8) >>> 0)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
