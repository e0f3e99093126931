/**
 * Sequences of random numbers, drawn from Philox on the CPU: initial values, orders of windows, tales.
 *
 * @module
 */

import { cos, log, sin } from "./math.ts";
import { philox4x32 } from "./philox.ts";

/**
 * Splits a seed into the two key words of the generator; different safe integers give different pairs.
 *
 * @param seed Any safe integer, negative ones included.
 * @returns The lower and the upper 32 bits, both unsigned.
 * @throws {RangeError} If the seed is not a safe integer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { seedWords } from "./random.ts";
 *
 * assertEquals(seedWords(42), [42, 0]);
 * assertEquals(seedWords(2 ** 32 + 1), [1, 1]);
 * ```
 */
export function seedWords(seed: number): [low: number, high: number] {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(
      `Cannot seed the generator with ${seed}: expected an integer between -(2^53 - 1) and 2^53 - 1`,
    );
  }
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** FNV-1a, 64 bits: two words that stand for a name in the counter. */
function nameWords(name: string): [low: number, high: number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}

/**
 * A sequence of random numbers, for places that draw one after another: initial values, permutations, tales.
 * It holds only its position; the numbers are those of {@linkcode philox4x32} at key = seed and
 * counter = (position low, position high, name low, name high), where the name's words are its 64-bit FNV-1a hash.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Random } from "./random.ts";
 *
 * const random = new Random(1, "example");
 * const drawn = [random.below(6), random.uniform(), random.normal()];
 * const again = new Random(1, "example");
 * assertEquals([again.below(6), again.uniform(), again.normal()], drawn);
 * ```
 *
 * @category Devices and tensors
 */
export class Random {
  readonly #key: [low: number, high: number];
  readonly #stream: [low: number, high: number];
  readonly #words: Uint32Array = new Uint32Array(4);
  #position = 0;
  #spareNormal: number | undefined;

  /**
   * Starts the sequence of one stream under one seed.
   *
   * @param seed Any safe integer.
   * @param stream What the numbers are for. Streams of one seed are independent; a number stands for its decimal text.
   * @throws {RangeError} If the seed is not a safe integer.
   */
  constructor(seed: number, stream: string | number) {
    this.#key = seedWords(seed);
    this.#stream = nameWords(String(stream));
  }

  /**
   * Draws a whole 32-bit word.
   *
   * @returns An integer from 0 to 2³² − 1, all equally likely.
   */
  uint32(): number {
    const word = this.#position % 4;
    if (word === 0) {
      const block = this.#position / 4;
      philox4x32(this.#words, ...this.#key, block, Math.floor(block / 2 ** 32), ...this.#stream);
    }
    this.#position++;
    return this.#words[word];
  }

  /**
   * Draws a real number.
   *
   * @returns A multiple of 2⁻⁵³ in [0, 1), all equally likely.
   */
  uniform(): number {
    const high = this.uint32() >>> 5, low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /**
   * Draws an integer below a bound, without bias: words in the incomplete last group of `n` are drawn again.
   *
   * @param n The bound, an integer from 1 to 2³².
   * @returns An integer from 0 to n − 1, all equally likely.
   * @throws {RangeError} If n is not such an integer.
   */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(`Cannot draw an integer below ${n}: expected an integer from 1 to 2^32`);
    }
    const limit = 2 ** 32 - 2 ** 32 % n;
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % n;
  }

  /**
   * Draws from the normal distribution N(0, 1) by the method of Box and Muller: a point whose angle is uniform and whose
   * squared radius is exponential has two independent normal coordinates. The second is kept for the next call.
   *
   * @returns A double with mean 0 and variance 1.
   */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    // 1 − u lies in (0, 1]: the logarithm of 0 is never taken.
    const radius = Math.sqrt(-2 * log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * sin(angle);
    return radius * cos(angle);
  }
}

/**
 * The integers from 0 to length − 1 in random order (Fisher and Yates): the order of the training windows of one epoch.
 *
 * @param length How many integers.
 * @param seed The seed of the run.
 * @param epoch Which epoch; each has its own order.
 * @returns Each integer from 0 to length − 1 once; all orders equally likely.
 * @throws {RangeError} If the seed is not a safe integer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { permutation } from "./random.ts";
 *
 * assertEquals([...permutation(4, 1, 0)].sort(), [0, 1, 2, 3]);
 * ```
 *
 * @category Devices and tensors
 */
export function permutation(length: number, seed: number, epoch: number): Uint32Array {
  const random = new Random(seed, `permutation of epoch ${epoch}`);
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let i = length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
