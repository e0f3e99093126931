/**
 * The bytes of every token of a byte-level vocabulary, side by side.
 *
 * @module
 */

import { bytesOfToken } from "./byte_symbols.ts";
import { grow } from "../typed_arrays.ts";

/**
 * The bytes that ids stand for.
 *
 * @example
 * ```ts
 * import { TokenBytes } from "./token_bytes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenBytes = new TokenBytes(["Ġa", "<s>"], new Set(["<s>"]));
 * assertEquals(tokenBytes.of(0), Uint8Array.of(0x20, 0x61));
 * ```
 */
export class TokenBytes {
  readonly #bytes: Uint8Array;
  /** The index at which the bytes of each id begin, and finally that at which the last ones end. */
  readonly #starts: Int32Array;

  /**
   * Collects the bytes.
   *
   * @param tokens The token of each id, in printable characters; undefined where an id is not used.
   * @param literal Tokens that stand for their own text. So does one with a character that stands for no byte.
   */
  constructor(tokens: readonly (string | undefined)[], literal: ReadonlySet<string>) {
    const encoder = new TextEncoder();
    let bytes = new Uint8Array(1 << 12);
    this.#starts = new Int32Array(tokens.length + 1);
    for (let id = 0; id < tokens.length; id++) {
      const token = tokens[id] ?? "";
      const own = (literal.has(token) ? undefined : bytesOfToken(token)) ?? encoder.encode(token);
      const start = this.#starts[id];
      bytes = grow(bytes, start + own.length);
      bytes.set(own, start);
      this.#starts[id + 1] = start + own.length;
    }
    this.#bytes = bytes;
  }

  /**
   * Reads the bytes of an id.
   *
   * @param id The id.
   * @returns Its bytes; not a copy.
   */
  of(id: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[id], this.#starts[id + 1]);
  }

  /**
   * Counts the bytes of an id.
   *
   * @param id The id.
   * @returns Their number.
   */
  lengthOf(id: number): number {
    return this.#starts[id + 1] - this.#starts[id];
  }

  /**
   * Copies the bytes of an id.
   *
   * @param id The id.
   * @param target Where to write.
   * @param position Index of the first byte written.
   * @returns The number of bytes written.
   */
  copy(id: number, target: Uint8Array, position: number): number {
    const start = this.#starts[id];
    const length = this.#starts[id + 1] - start;
    // A handful of bytes: a loop is faster than `set`.
    for (let i = 0; i < length; i++) target[position + i] = this.#bytes[start + i];
    return length;
  }
}
