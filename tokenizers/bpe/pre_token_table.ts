/**
 * A table of the different pre-tokens of a text, each with a number.
 *
 * Text repeats itself: a million characters hold a quarter of a million pre-tokens, but only some twenty thousand
 * different ones. The trainer counts each once, the encoder encodes each once. A `Map` would need a string for every
 * pre-token of the text only to look it up. This table hashes the units in place and compares them with a copy of its own,
 * so that looking up allocates nothing.
 *
 * @module
 */

import { grow } from "../typed_arrays.ts";

/**
 * Numbers the different stretches of text that are looked up: 0, 1, 2 and so on.
 *
 * @example
 * ```ts
 * import { PreTokenTable } from "./pre_token_table.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const table = new PreTokenTable();
 * const text = "to be or not to be";
 * assertEquals([table.find(text, 0, 2), table.find(text, 3, 5), table.find(text, 13, 15)], [0, 1, 0]);
 * assertEquals(table.textOf(1), "be");
 * ```
 */
export class PreTokenTable {
  #size = 0;
  /** The units of all entries, one after the other. */
  #units = new Uint16Array(1 << 12);
  /** The index at which the units of each entry begin; they end where those of the next begin. */
  #starts = new Int32Array(1 << 9);
  #hashes = new Int32Array(1 << 9);
  /** Open addressing with linear probing: entry + 1, or 0 where a slot is empty. Its length is a power of two. */
  #slots = new Int32Array(1 << 10);

  /** The number of entries. */
  get size(): number {
    return this.#size;
  }

  /** The number of UTF-16 units all entries hold together. */
  get unitCount(): number {
    return this.#starts[this.#size];
  }

  /**
   * Looks a stretch of text up, and adds it if it is new.
   *
   * @param text The text.
   * @param start Index of the stretch's first UTF-16 unit.
   * @param end Index after its last one.
   * @returns The number of the entry; it was new if that was `size` before.
   */
  find(text: string, start: number, end: number): number {
    let hash = 0;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1) ^ hash >>> 15;
    hash ^= hash >>> 16;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot] - 1;
      if (entry < 0) break;
      if (this.#hashes[entry] === hash && this.#equals(entry, text, start, end)) return entry;
      slot = slot + 1 & mask;
    }
    this.#slots[slot] = this.#size + 1;
    return this.#add(text, start, end, hash);
  }

  /**
   * Reads an entry.
   *
   * @param entry Its number.
   * @returns Its text.
   */
  textOf(entry: number): string {
    const end = this.#starts[entry + 1];
    let text = "";
    // In pieces, because a call takes a limited number of arguments.
    for (let start = this.#starts[entry]; start < end; start += 4096) {
      text += String.fromCharCode(...this.#units.subarray(start, Math.min(start + 4096, end)));
    }
    return text;
  }

  /** Removes all entries, and keeps the memory for new ones. */
  clear(): void {
    this.#size = 0;
    this.#slots.fill(0);
  }

  #equals(entry: number, text: string, start: number, end: number): boolean {
    const from = this.#starts[entry];
    if (this.#starts[entry + 1] - from !== end - start) return false;
    for (let i = start, j = from; i < end; i++, j++) {
      if (text.charCodeAt(i) !== this.#units[j]) return false;
    }
    return true;
  }

  #add(text: string, start: number, end: number, hash: number): number {
    const entry = this.#size++;
    let length = this.#starts[entry];
    this.#units = grow(this.#units, length + end - start);
    for (let i = start; i < end; i++) this.#units[length++] = text.charCodeAt(i);
    this.#starts = grow(this.#starts, this.#size + 1);
    this.#starts[this.#size] = length;
    this.#hashes = grow(this.#hashes, this.#size);
    this.#hashes[entry] = hash;
    if (this.#size * 2 > this.#slots.length) this.#widen();
    return entry;
  }

  #widen(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.#size; entry++) {
      let slot = this.#hashes[entry] & mask;
      while (this.#slots[slot] !== 0) slot = slot + 1 & mask;
      this.#slots[slot] = entry + 1;
    }
  }
}
