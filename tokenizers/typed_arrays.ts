/**
 * Typed arrays that grow, and the hash of the tables that are made of them.
 *
 * @module
 */

/** An array of numbers of one kind, of fixed length. */
export type NumberArray =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/**
 * Makes room in an array.
 *
 * @param array The array.
 * @param length The room that is needed.
 * @returns The array itself if it is long enough, else a copy at least twice as long, padded with zeros.
 *
 * @example
 * ```ts
 * import { grow } from "./typed_arrays.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(grow(Uint8Array.of(1, 2), 3), Uint8Array.of(1, 2, 0, 0));
 * ```
 */
export function grow<A extends NumberArray>(array: A, length: number): A {
  if (length <= array.length) return array;
  const Kind = array.constructor as new (length: number) => A;
  const longer = new Kind(Math.max(length, array.length * 2));
  longer.set(array);
  return longer;
}

/**
 * Hashes a pair of symbols, for tables whose length is a power of two.
 *
 * @param left The left symbol.
 * @param right The right symbol.
 * @returns 32 bits, of which the lower ones are well mixed.
 */
export function hashOfPair(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return hash ^ hash >>> 15;
}
