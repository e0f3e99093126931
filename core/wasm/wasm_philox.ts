/**
 * Philox for WebAssembly: four calls of `philox4x32` at once, one in each lane.
 *
 * See `core/philox.ts` for what it computes. WebAssembly multiplies vectors of integers to 64 bits, two lanes by one
 * instruction and two by another, so nothing has to be put together from halves of 16 bits.
 *
 * @module
 */

import type { WasmCode } from "./wasm_code.ts";
import type { Integer } from "./wasm_numbers.ts";
import { I32x4 } from "./wasm_vectors.ts";

/** Four words: Philox's counter, or its result. */
export type FourWords<Kind> = readonly [Kind, Kind, Kind, Kind];

/** The constants of a round. */
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const, KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const;

/** Rounds, see `core/philox.ts`. */
const ROUNDS = 10;

/**
 * Prepares the keys of all rounds, once, outside the loops that draw.
 *
 * @example The masks of dropout come from words like these
 * ```ts
 * import { CpuBackend, kernel, philox4x32, WasmBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 * import { philoxOf } from "./wasm_philox.ts";
 *
 * const draw = kernel({
 *   name: "draw",
 *   reads: { random: "u32" },
 *   writes: { words: "u32" },
 *   constants: [],
 *   elements: () => 1,
 *   cpu: ({ random, words }) => philox4x32(words, random[0], random[1], 7, random[2], 0, 0),
 *   wgsl: "",
 *   wasm: [{
 *     pieces: () => 1,
 *     body({ random, words }, code) {
 *       const draw = philoxOf(code, random.load(0), random.load(1));
 *       const [drawn] = draw([[7, random.load(2), 0, 0]]);
 *       drawn.forEach((word, index) => words.store(index, word.lane(0)));
 *     },
 *   }],
 * });
 * const drawn = [];
 * for (const backend of [new CpuBackend(), await WasmBackend.open({ threads: 1 })]) {
 *   const random = backend.from(Uint32Array.of(1, 2, 3)), words = backend.allocate([4], "u32");
 *   backend.run(draw, { random, words }, {});
 *   drawn.push(await backend.read(words));
 * }
 * assertEquals(drawn[1], drawn[0]);
 * ```
 *
 * @param code The function to write.
 * @param key0 First word of the key.
 * @param key1 Second word.
 * @returns Writes draws, each from the words of four counters to four random words for each of these. A round of all draws
 * is written before the next: two of them do not wait for each other's multiplications.
 */
export function philoxOf(
  code: WasmCode,
  key0: Integer,
  key1: Integer,
): (counters: readonly FourWords<I32x4 | Integer>[]) => FourWords<I32x4>[] {
  const keys = [key0, key1].map((word, index) => {
    const first = code.let(I32x4.of(word));
    return Array.from({ length: ROUNDS }, (_, round) => code.let(first.plus(KEY_STEPS[index] * round | 0)));
  });
  const multipliers = MULTIPLIERS.map((multiplier) => code.let(I32x4.of(multiplier | 0)));
  /** Upper and lower halves of four products. */
  const multiply = (x: I32x4, multiplier: I32x4) => {
    const first = code.let(x.timesWide(multiplier, 0)), second = code.let(x.timesWide(multiplier, 1));
    return [first.shuffle(second, [1, 3, 5, 7]), code.let(first.shuffle(second, [0, 2, 4, 6]))];
  };
  return (counters) => {
    const states = counters.map((counter) => counter.map((word) => code.let(I32x4.of(word))));
    for (let round = 0; round < ROUNDS; round++) {
      for (const x of states) {
        const [high0, low0] = multiply(x[0], multipliers[0]), [high1, low1] = multiply(x[2], multipliers[1]);
        x[0] = code.let(high1.xor(x[1]).xor(keys[0][round]));
        x[2] = code.let(high0.xor(x[3]).xor(keys[1][round]));
        [x[1], x[3]] = [low1, low0];
      }
    }
    return states as unknown as FourWords<I32x4>[];
  };
}
