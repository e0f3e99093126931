/**
 * Byte-pair encoding of one pre-token: from its bytes to the ids of the vocabulary.
 *
 * Training gives a list of merges in order. Encoding applies them to a new word in the same order: of all pairs of
 * neighbouring symbols, merge the one whose merge was learned first (of equal ones the leftmost), and repeat until no pair
 * is a merge. In a word of a few letters the best pair is found by comparing all of them. That takes quadratic time, and a
 * pre-token can be long: a hundred thousand letters of DNA, for instance. The pairs of long ones are kept in a heap.
 *
 * With BPE-dropout (bpe_dropout.ts) merges are skipped at random, drawn anew at each step. Only a merge that would
 * otherwise be done needs a draw: whether a worse one is skipped as well changes nothing.
 *
 * @module
 */

import { grow, hashOfPair } from "../typed_arrays.ts";

/** No merge. Larger than any rank. */
const NO_MERGE = 0x7fffffff;

/** From this number of symbols on, the heap is faster than comparing all pairs. */
const LONG_WORD_LENGTH = 48;

/**
 * The merges of a vocabulary, ready to be looked up and applied.
 *
 * @example
 * ```ts
 * import { BpeEncoder } from "./bpe_encoder.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const encoder = new BpeEncoder([[0, 1, 2], [2, 2, 3]]); // a b → ab, ab ab → abab
 * const symbols = Int32Array.of(0, 1, 0, 1, 1);
 * assertEquals(encoder.encode(symbols, 5), 2);
 * assertEquals(symbols.subarray(0, 2), Int32Array.of(3, 1));
 * ```
 */
export class BpeEncoder {
  /** The merges by rank: left symbol, right symbol, and what they become. */
  readonly #lefts: Int32Array;
  readonly #rights: Int32Array;
  readonly #results: Int32Array;
  /** Open addressing with linear probing: rank + 1, or 0 where a slot is empty. Its length is a power of two. */
  readonly #slots: Int32Array;
  #ranks = new Int32Array(LONG_WORD_LENGTH);

  /**
   * Takes the merges.
   *
   * @param merges For each merge, in order: left id, right id, resulting id.
   */
  constructor(merges: readonly (readonly [left: number, right: number, result: number])[]) {
    this.#lefts = Int32Array.from(merges, ([left]) => left);
    this.#rights = Int32Array.from(merges, ([, right]) => right);
    this.#results = Int32Array.from(merges, ([, , result]) => result);
    // the smallest power of two above twice their number
    this.#slots = new Int32Array(1 << 32 - Math.clz32(2 * merges.length + 1));
    const mask = this.#slots.length - 1;
    for (let rank = 0; rank < merges.length; rank++) {
      const left = this.#lefts[rank];
      const right = this.#rights[rank];
      let slot = hashOfPair(left, right) & mask;
      // Of a merge that occurs twice the last one counts, as in Hugging Face `tokenizers`.
      for (let other; (other = this.#slots[slot] - 1) >= 0; slot = slot + 1 & mask) {
        if (this.#lefts[other] === left && this.#rights[other] === right) break;
      }
      this.#slots[slot] = rank + 1;
    }
  }

  /**
   * Encodes one pre-token.
   *
   * @param symbols The ids of its bytes; overwritten with the ids of its tokens.
   * @param length The number of symbols.
   * @param isSkipped Draws whether a merge is skipped at this step; none is unless given.
   * @returns The number of tokens.
   */
  encode(symbols: Int32Array, length: number, isSkipped?: () => boolean): number {
    return length < LONG_WORD_LENGTH
      ? this.#encodeShort(symbols, length, isSkipped)
      : this.#encodeLong(symbols, length, isSkipped);
  }

  #rankOf(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOfPair(left, right) & mask;
    for (;;) {
      const rank = this.#slots[slot] - 1;
      if (rank < 0) return NO_MERGE;
      if (this.#lefts[rank] === left && this.#rights[rank] === right) return rank;
      slot = slot + 1 & mask;
    }
  }

  #encodeShort(symbols: Int32Array, length: number, isSkipped?: () => boolean): number {
    const ranks = this.#ranks;
    let pairs = length - 1;
    for (let i = 0; i < pairs; i++) ranks[i] = this.#rankOf(symbols[i], symbols[i + 1]);
    while (pairs > 0) {
      let best = -1, lowest = NO_MERGE;
      for (let i = 0; i < pairs; i++) {
        if (ranks[i] >= lowest || isSkipped?.()) continue;
        best = i;
        lowest = ranks[i];
      }
      if (best < 0) break;
      symbols[best] = this.#results[lowest];
      pairs--;
      for (let i = best + 1; i <= pairs; i++) symbols[i] = symbols[i + 1];
      for (let i = best + 1; i < pairs; i++) ranks[i] = ranks[i + 1];
      if (best > 0) ranks[best - 1] = this.#rankOf(symbols[best - 1], symbols[best]);
      if (best < pairs) ranks[best] = this.#rankOf(symbols[best], symbols[best + 1]);
    }
    return length === 0 ? 0 : pairs + 1;
  }

  #encodeLong(symbols: Int32Array, length: number, isSkipped?: () => boolean): number {
    // A linked list: symbols keep their positions, −1 marks one that has become part of the symbol to its left.
    const next = new Int32Array(length);
    const previous = new Int32Array(length);
    const heap = new PositionHeap(length);
    const skipped: { rank: number; position: number }[] = []; // at this step
    for (let i = 0; i < length; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      const rank = i + 1 < length ? this.#rankOf(symbols[i], symbols[i + 1]) : NO_MERGE;
      if (rank !== NO_MERGE) heap.push(rank, i);
    }
    while (heap.size > 0) {
      const { rank, position } = heap.pop();
      const right = next[position];
      // The pair may no longer exist, because a neighbour was merged first.
      if (
        symbols[position] !== this.#lefts[rank] || right >= length || symbols[right] !== this.#rights[rank]
      ) {
        continue;
      }
      if (isSkipped?.()) {
        skipped.push({ rank, position });
        continue;
      }
      for (const { rank, position } of skipped.splice(0)) heap.push(rank, position);
      symbols[position] = this.#results[rank];
      symbols[right] = -1;
      const after = next[right];
      next[position] = after;
      if (after < length) {
        previous[after] = position;
        const afterRank = this.#rankOf(symbols[position], symbols[after]);
        if (afterRank !== NO_MERGE) heap.push(afterRank, position);
      }
      const before = previous[position];
      if (before >= 0) {
        const beforeRank = this.#rankOf(symbols[before], symbols[position]);
        if (beforeRank !== NO_MERGE) heap.push(beforeRank, before);
      }
    }
    let tokens = 0;
    for (let i = 0; i < length; i = next[i]) symbols[tokens++] = symbols[i];
    return tokens;
  }
}

/** A heap of positions in a word: the lowest rank first, of equal ranks the leftmost position. */
class PositionHeap {
  size = 0;
  /** `rank · 2³² + position`: one number to compare, exact in a double. */
  #keys: Float64Array<ArrayBuffer>;
  readonly #top = { rank: 0, position: 0 };

  constructor(room: number) {
    this.#keys = new Float64Array(room);
  }

  push(rank: number, position: number): void {
    const key = rank * 0x100000000 + position;
    let node = this.size++;
    if (node >= this.#keys.length) this.#keys = grow(this.#keys, this.size);
    const keys = this.#keys;
    while (node > 0) {
      const parent = node - 1 >> 1;
      if (keys[parent] <= key) break;
      keys[node] = keys[parent];
      node = parent;
    }
    keys[node] = key;
  }

  pop(): { rank: number; position: number } {
    const keys = this.#keys;
    this.#top.rank = Math.floor(keys[0] / 0x100000000);
    this.#top.position = keys[0] - this.#top.rank * 0x100000000;
    const key = keys[--this.size];
    let node = 0;
    for (;;) {
      let child = 2 * node + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && keys[child + 1] < keys[child]) child++;
      if (key <= keys[child]) break;
      keys[node] = keys[child];
      node = child;
    }
    keys[node] = key;
    return this.#top;
  }
}
