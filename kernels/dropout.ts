/**
 * Dropout: in training every element is zeroed with probability p, and the others are divided by 1 − p.
 *
 *     y = mask · x / (1 − p)        dx = mask · dy / (1 − p)
 *
 * The mask is not stored. It is a function of the seed, the batch's number, the stream (which dropout of the model it is)
 * and the element, computed by Philox in the forward pass and again in the backward pass: four elements share one call.
 * Whether an element is dropped is decided by comparing 32 random bits with an integer threshold, so CPU and GPU make the
 * same masks bit for bit.
 *
 * Reference: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).
 *
 * @module
 */

import { kernel } from "../core/backend.ts";
import { philox4x32, PHILOX_WGSL } from "../core/philox.ts";
import { gradientOf, gradientToWrite, outputOf, type Tensor } from "../core/tensor.ts";
import { philoxOf } from "../core/wasm/wasm_philox.ts";
import type { WasmIntegers } from "../core/wasm/wasm_arrays.ts";
import type { WasmCode } from "../core/wasm/wasm_code.ts";
import type { I32 } from "../core/wasm/wasm_numbers.ts";
import { F32x4, I32x4 } from "../core/wasm/wasm_vectors.ts";

/**
 * The integer that random bits are compared with: bits below it mean that the element is dropped.
 *
 * @param rate Probability to drop, at least 0 and below 1.
 * @returns A number below 2³².
 * @throws {RangeError} If the rate is out of range.
 */
export function dropThreshold(rate: number): number {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`Cannot drop at rate ${rate}: expected 0 <= rate < 1`);
  return Math.min(2 ** 32 - 1, Math.round(rate * 2 ** 32));
}

/**
 * Dropout of four elements of an array of vectors, for shaders that have the constants and the random state of
 * {@linkcode dropoutForward}: `fn dropped(index: u32, x: vec4f) -> vec4f`.
 */
export const DROPPED_WGSL: string = `${PHILOX_WGSL}
fn dropped(index: u32, x: vec4f) -> vec4f {
  let bits = philox(vec2u(random[0], random[1]), vec4u(index, random[2], stream, 0));
  return select(x * keepScale, vec4f(), bits < vec4u(threshold));
}`;

/** Elements in a piece of the work for WebAssembly, a multiple of 32. */
export const ELEMENTS_PER_PIECE = 4096;

/** The `pieces` of a pass over elements with dropout. */
export const dropoutPieces = ({ size }: { readonly size: number }): number =>
  Math.ceil(size / ELEMENTS_PER_PIECE);

/** Bytes of `scratch` that {@linkcode droppedWasm} needs for a range of elements: it draws for 32 at a time. */
export const dropoutScratch = (elements: number): number => Math.ceil(elements / 32) * 128;

/**
 * Dropout in a WebAssembly body.
 *
 * @param code The function to write, which has the constants of {@linkcode dropoutForward}.
 * @param random The random state.
 * @returns Draws for the elements from `start`, a multiple of 4, to `end`, and returns a function of four elements, given
 * the index of the first, counted from `start`.
 */
export function droppedWasm(
  code: WasmCode<"stream" | "threshold" | "keepScale">,
  random: WasmIntegers,
): (start: I32, end: I32) => (index: I32, x: F32x4) => F32x4 {
  const bits = code.scratch.integers, step = code.let(I32x4.of(random.load(2)));
  const stream = code.let(I32x4.of(code.i32("stream")));
  const threshold = code.let(I32x4.of(code.i32("threshold")));
  const keepScale = code.let(F32x4.of(code.f32("keepScale")));
  const philox = philoxOf(code, random.load(0), random.load(1));
  return (start, end) => {
    // first the random bits of all elements, of four counters at once, twice
    code.for(start, end, 32, (index) => {
      const counters = code.let(I32x4.from(index.over(4)));
      const draws = philox([counters, counters.plus(4)].map((counters) => [counters, step, stream, 0]));
      draws.forEach((drawn, draw) =>
        code.transposed(drawn.map(({ floats }) => floats)).forEach((word, counter) =>
          bits.store4(index.minus(start), word.bits, 16 * draw + 4 * counter)
        )
      );
    });
    return (index, x) => bits.load4(index).isBelow(threshold).select(F32x4.of(0), x.times(keepScale));
  };
}

/** y += mask · x / (1 − p), or y = … when `accumulate` is 0. `random` is that of the tape. */
export const dropoutForward = kernel({
  name: "dropout",
  reads: { x: "f32", random: "u32" },
  writes: { y: "f32" },
  constants: ["size", "stream", "threshold", "keepScale", "accumulate"],
  elements: ({ size }) => Math.ceil(size / 4),
  cpu({ x, random, y }, { size, stream, threshold, keepScale, accumulate }) {
    const bits = new Uint32Array(4);
    for (let index = 0; index * 4 < size; index++) {
      philox4x32(bits, random[0], random[1], index, random[2], stream, 0);
      for (let word = 0; word < 4; word++) {
        const at = index * 4 + word;
        if (at >= size) break;
        const value = bits[word] < threshold ? 0 : x[at] * keepScale;
        y[at] = accumulate ? y[at] + value : value;
      }
    }
  },
  wgsl: `${PHILOX_WGSL}
fn each(index: u32) {
  let bits = philox(vec2u(random[0], random[1]), vec4u(index, random[2], stream, 0));
  for (var word = 0u; word < 4; word++) {
    let at = index * 4 + word;
    if (at < size) {
      let value = select(x[at] * keepScale, 0.0, bits[word] < threshold);
      if (accumulate == 1) { y[at] += value; } else { y[at] = value; }
    }
  }
}`,
  wasm: [{
    switches: ["accumulate"],
    pieces: dropoutPieces,
    scratch: () => dropoutScratch(ELEMENTS_PER_PIECE),
    body({ x, random, y }, code, { accumulate }) {
      const { start, end } = code.rangeOfPiece(code.i32("size"), ELEMENTS_PER_PIECE);
      const dropped = droppedWasm(code, random)(start, end);
      code.forFours(start, end, (index) => {
        y.storeOrAdd4(accumulate, index, dropped(index.minus(start), x.load4(index)));
      });
    },
  }],
});

/**
 * Drops elements at random while training. Without a tape, or on a tape without random state, or at rate 0, it
 * returns its input.
 *
 * @param x Any shape.
 * @param rate Probability to drop an element.
 * @returns The same shape.
 * @throws {RangeError} If the rate is negative, or 1 or more.
 * @category Operations
 */
export function dropout(x: Tensor, rate: number): Tensor {
  const threshold = dropThreshold(rate), random = x.tape?.random;
  if (random === undefined || threshold === 0) return x;
  const y = outputOf(x.shape, [x]), size = x.size, stream = x.tape!.nextStream();
  const constants = { size, stream, threshold, keepScale: 1 / (1 - rate) };
  x.backend.run(dropoutForward, { x, random, y }, { ...constants, accumulate: 0 });
  y.tape!.record(() => {
    // y = mask · x / (1 − p)   →   dx = mask · dy / (1 − p)
    const { gradient: dx, accumulate } = gradientToWrite(x);
    x.backend.run(dropoutForward, { x: gradientOf(y), random, y: dx }, { ...constants, accumulate });
  });
  return y;
}
