/**
 * A cache of the ids of pre-tokens.
 *
 * Most words of a text have occurred before, and their ids need only be copied. The cache is bounded: when it is full, it
 * is emptied, and frequent pre-tokens are soon in it again. That is simpler than evicting the oldest, and as fast.
 *
 * @module
 */

import type { IdList } from "../base_tokenizer.ts";
import { PreTokenTable } from "./pre_token_table.ts";
import { grow } from "../typed_arrays.ts";

/** Bounds of the cache: different pre-tokens, and about so many UTF-16 units of them. */
const MAX_ENTRIES = 1 << 17;
const MAX_UNITS = 1 << 21;

/**
 * Ids by pre-token.
 *
 * @example
 * ```ts
 * import { IdList } from "../base_tokenizer.ts";
 * import { PreTokenCache } from "./pre_token_cache.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const cache = new PreTokenCache();
 * const entry = cache.find("a word", 1, 6);
 * if (!cache.has(entry)) cache.set(entry, Int32Array.of(17, 4), 2);
 * const ids = new IdList();
 * cache.copy(entry, ids);
 * assertEquals([...ids.ids.subarray(0, ids.length)], [17, 4]);
 * ```
 */
export class PreTokenCache {
  readonly #table = new PreTokenTable();
  /** The index at which the ids of each entry begin; they end where those of the next begin. */
  #starts = new Int32Array(1 << 10);
  #ids = new Uint32Array(1 << 10);
  /** The number of entries whose ids are set. */
  #size = 0;

  /** The number of pre-tokens in the cache. */
  get size(): number {
    return this.#size;
  }

  /**
   * Looks a pre-token up. If it is new, its ids must be set before the next one is looked up.
   *
   * @param text The text.
   * @param start Index of the pre-token's first UTF-16 unit.
   * @param end Index after its last one.
   * @returns The number of its entry.
   */
  find(text: string, start: number, end: number): number {
    if (this.#size >= MAX_ENTRIES || this.#table.unitCount >= MAX_UNITS) {
      this.#table.clear();
      this.#size = 0;
    }
    return this.#table.find(text, start, end);
  }

  /**
   * Whether the ids of an entry are set.
   *
   * @param entry The number of the entry.
   * @returns True if they are.
   */
  has(entry: number): boolean {
    return entry < this.#size;
  }

  /**
   * Sets the ids of a new entry.
   *
   * @param entry The number of the entry.
   * @param ids The ids.
   * @param length How many of them to take.
   */
  set(entry: number, ids: Int32Array, length: number): void {
    const start = this.#starts[entry];
    this.#ids = grow(this.#ids, start + length);
    for (let i = 0; i < length; i++) this.#ids[start + i] = ids[i];
    this.#starts = grow(this.#starts, entry + 2);
    this.#starts[entry + 1] = start + length;
    this.#size = entry + 1;
  }

  /**
   * Copies the ids of an entry.
   *
   * @param entry The number of the entry.
   * @param target Where to add them.
   */
  copy(entry: number, target: IdList): void {
    const end = this.#starts[entry + 1];
    for (let i = this.#starts[entry]; i < end; i++) target.push(this.#ids[i]);
  }
}
