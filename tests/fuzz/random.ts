/** Random choices that a seed repeats. */

/** A source of random choices. */
export class Choices {
  #state: number;

  /** Different seeds and different cases of one seed have nothing in common. */
  constructor(seed: number, number: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b);
  }

  /** An integer from 0 to below a bound. */
  below(bound: number): number {
    this.#state = this.#state + 0x9e3779b9 | 0;
    let mixed = Math.imul(this.#state ^ this.#state >>> 16, 0x85ebca6b);
    mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
    return ((mixed ^ mixed >>> 16) >>> 0) % bound;
  }

  /** One of several. */
  of<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }

  /** Whether something happens that happens once in so many times. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}
