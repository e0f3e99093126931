/**
 * The priority queue of the trainer: how often each pair of neighbouring symbols occurs, in which words, and which pair is
 * the most frequent.
 *
 * Counting every pair again for each merge would take hours. A merge changes only the words that contain its pair, so
 * counts are kept up to date instead, and each pair has a list of its words. The queue is a heap of entries, called offers:
 * a pair, its count, and its words. Counts only go down once a pair is offered, as other merges consume its symbols; an
 * offer whose count is out of date is found when it reaches the top, and put back with the current one. So no offer ever
 * has to be searched for.
 *
 * Each pair is offered once. A symbol is made by one merge, and that merge makes all of its occurrences, so the pairs it is
 * in appear then, or when their other half is made, and never again.
 *
 * All data is in typed arrays: millions of small objects would take ten times the memory, and time for garbage collection.
 *
 * @module
 */

import { grow, hashOfPair } from "../typed_arrays.ts";

/** The end of a list. */
const NONE = -1;

/**
 * Counts of pairs, and the queue of offers made of them.
 *
 * @example
 * ```ts
 * import { PairQueue } from "./pair_queue.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PairQueue();
 * queue.add(0, 1, 5, 0); // the pair (0, 1) in word 0, which occurs five times
 * queue.add(1, 2, 5, 0);
 * queue.add(0, 1, 2, 1);
 * queue.offer();
 * const words: number[] = [];
 * assertEquals(queue.take(words), { left: 0, right: 1, count: 7 });
 * assertEquals(words.sort(), [0, 1]);
 * ```
 */
export class PairQueue {
  #size = 0;
  #lefts = new Int32Array(1 << 10);
  #rights = new Int32Array(1 << 10);
  #counts = new Float64Array(1 << 10);
  /** The words in which the pair has appeared, until it is offered. */
  #lists = new Int32Array(1 << 10);
  /** Open addressing with linear probing: pair + 1, or 0 where a slot is empty. Its length is a power of two. */
  #slots = new Int32Array(1 << 11);

  /** Pairs that have appeared since the last `offer`. */
  #appeared: number[] = [];

  /** Linked lists of words: the word of each node, and the next node. Nodes no longer used form a list of free ones. */
  #words = new Int32Array(1 << 10);
  #next = new Int32Array(1 << 10);
  #nodes = 0;
  #free = NONE;

  /** The heap: pair, count and list of words of each offer. */
  #offers = 0;
  #offerPairs = new Int32Array(1 << 10);
  #offerCounts = new Float64Array(1 << 10);
  #offerLists = new Int32Array(1 << 10);

  /**
   * Adds occurrences that a pair has gained in a word.
   *
   * @param left The left symbol.
   * @param right The right symbol.
   * @param count How many times the word occurs.
   * @param word The word.
   */
  add(left: number, right: number, count: number, word: number): void {
    const pair = this.#pairOf(left, right);
    this.#counts[pair] += count;
    const list = this.#lists[pair];
    if (list === NONE) this.#appeared.push(pair);
    else if (this.#words[list] === word) return;
    this.#lists[pair] = this.#addNode(word, list);
  }

  /**
   * Subtracts occurrences that a pair has lost in a word.
   *
   * @param left The left symbol.
   * @param right The right symbol.
   * @param count How many times the word occurs.
   */
  subtract(left: number, right: number, count: number): void {
    this.#counts[this.#pairOf(left, right)] -= count;
  }

  /** Puts the pairs that have appeared since the last call into the queue, with the words they appeared in. */
  offer(): void {
    for (const pair of this.#appeared) {
      if (this.#counts[pair] > 0) this.#push(pair, this.#counts[pair], this.#lists[pair]);
      else this.#freeList(this.#lists[pair]);
      this.#lists[pair] = NONE;
    }
    this.#appeared = [];
  }

  /**
   * Takes the offer with the highest count; of equal ones that with the smaller left symbol, then smaller right symbol.
   *
   * @param words Receives the words that contain the pair.
   * @returns The pair and its count, or undefined if the queue is empty.
   */
  take(words: number[]): { left: number; right: number; count: number } | undefined {
    while (this.#offers > 0) {
      const pair = this.#offerPairs[0];
      const count = this.#counts[pair];
      if (this.#offerCounts[0] !== count) {
        this.#sink(0, pair, count, this.#offerLists[0]);
        continue;
      }
      words.length = 0;
      const list = this.#offerLists[0];
      for (let node = list; node !== NONE; node = this.#next[node]) words.push(this.#words[node]);
      this.#freeList(list);
      const last = --this.#offers;
      if (last > 0) this.#sink(0, this.#offerPairs[last], this.#offerCounts[last], this.#offerLists[last]);
      return { left: this.#lefts[pair], right: this.#rights[pair], count };
    }
    return undefined;
  }

  #pairOf(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOfPair(left, right) & mask;
    for (;;) {
      const pair = this.#slots[slot] - 1;
      if (pair < 0) break;
      if (this.#lefts[pair] === left && this.#rights[pair] === right) return pair;
      slot = slot + 1 & mask;
    }
    const pair = this.#size++;
    this.#slots[slot] = pair + 1;
    this.#lefts = grow(this.#lefts, this.#size);
    this.#rights = grow(this.#rights, this.#size);
    this.#counts = grow(this.#counts, this.#size);
    this.#lists = grow(this.#lists, this.#size);
    this.#lefts[pair] = left;
    this.#rights[pair] = right;
    this.#lists[pair] = NONE;
    if (this.#size * 2 > this.#slots.length) this.#widen();
    return pair;
  }

  #widen(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let pair = 0; pair < this.#size; pair++) {
      let slot = hashOfPair(this.#lefts[pair], this.#rights[pair]) & mask;
      while (this.#slots[slot] !== 0) slot = slot + 1 & mask;
      this.#slots[slot] = pair + 1;
    }
  }

  #addNode(word: number, next: number): number {
    let node = this.#free;
    if (node === NONE) {
      node = this.#nodes++;
      this.#words = grow(this.#words, this.#nodes);
      this.#next = grow(this.#next, this.#nodes);
    } else {
      this.#free = this.#next[node];
    }
    this.#words[node] = word;
    this.#next[node] = next;
    return node;
  }

  #freeList(list: number): void {
    let last = list;
    while (this.#next[last] !== NONE) last = this.#next[last];
    this.#next[last] = this.#free;
    this.#free = list;
  }

  #push(pair: number, count: number, list: number): void {
    let index = this.#offers++;
    this.#offerPairs = grow(this.#offerPairs, this.#offers);
    this.#offerCounts = grow(this.#offerCounts, this.#offers);
    this.#offerLists = grow(this.#offerLists, this.#offers);
    while (index > 0) {
      const parent = index - 1 >> 1;
      if (!this.#goesBefore(pair, count, parent)) break;
      this.#copyOffer(parent, index);
      index = parent;
    }
    this.#setOffer(index, pair, count, list);
  }

  /** Puts an offer at an index of the heap, or as far below it as its count demands. */
  #sink(from: number, pair: number, count: number, list: number): void {
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.#offers) break;
      const sibling = child + 1;
      if (
        sibling < this.#offers &&
        this.#goesBefore(this.#offerPairs[sibling], this.#offerCounts[sibling], child)
      ) {
        child = sibling;
      }
      if (this.#goesBefore(pair, count, child)) break;
      this.#copyOffer(child, index);
      index = child;
    }
    this.#setOffer(index, pair, count, list);
  }

  #goesBefore(pair: number, count: number, index: number): boolean {
    const otherCount = this.#offerCounts[index];
    if (count !== otherCount) return count > otherCount;
    const otherPair = this.#offerPairs[index];
    const left = this.#lefts[pair];
    const otherLeft = this.#lefts[otherPair];
    return left !== otherLeft ? left < otherLeft : this.#rights[pair] < this.#rights[otherPair];
  }

  #copyOffer(from: number, to: number): void {
    this.#setOffer(to, this.#offerPairs[from], this.#offerCounts[from], this.#offerLists[from]);
  }

  #setOffer(index: number, pair: number, count: number, list: number): void {
    this.#offerPairs[index] = pair;
    this.#offerCounts[index] = count;
    this.#offerLists[index] = list;
  }
}
