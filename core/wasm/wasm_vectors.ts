/**
 * Vectors of a WebAssembly function, before it runs: expressions like those of `wasm_numbers.ts`, for four numbers.
 *
 * The four stand side by side in one register of the processor, its *lanes*, and one instruction does four operations.
 * Wherever a vector is expected, one number stands for four equal ones. Comparisons give 32 ones or 32 zeros a lane,
 * with which `select` chooses lane by lane.
 *
 * Reference: WebAssembly Core Specification 2.0, section 4.4.3, "Vector Instructions".
 *
 * @module
 */

import { type Bytes, FIRST_CONSTANT, OPCODES, type TypeNumber, TYPES, unsigned } from "./wasm_binary.ts";
import { F32, type Float, I32, type Integer, Value } from "./wasm_numbers.ts";

const VECTOR = OPCODES.vector;

/**
 * Four times the same 32 bits. Written where it is used, such a constant is made anew in every turn of a loop, which takes
 * as long as an addition or longer. So one number stands for it here, and `WasmCode` makes it once, before anything else.
 */
function sameInAllLanes(bits: number): Bytes {
  return [FIRST_CONSTANT + (bits >>> 0)];
}

/**
 * A vector of four, in the classes of which all lanes are treated alike.
 *
 * @category Operations
 */
export abstract class Vector extends Value {
  /** See {@linkcode Value.type}. */
  readonly type: TypeNumber = TYPES.v128;

  /** This value, then others, then an instruction on vectors. */
  protected vector(number: number, ...others: readonly Value[]): this {
    return this.then([VECTOR, ...unsigned(number)], ...others);
  }

  /** Lanes of this (0 to 3) and of another vector (4 to 7), in a new order. */
  shuffle(other: this, lanes: readonly [number, number, number, number]): this {
    const bytes = lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte));
    return this.then([VECTOR, 0x0d, ...bytes], other);
  }

  /** This value and another, then a comparison: 32 ones in each lane where it holds, else 32 zeros. */
  protected compare(number: number, other: Vector): I32x4 {
    return new I32x4([...this.code, ...other.code, VECTOR, ...unsigned(number)]);
  }
}

/**
 * Four floats, or one that stands for four.
 *
 * @category Operations
 */
export type Floats4 = F32x4 | Float;

/**
 * Four 32-bit floats.
 *
 * @category Operations
 */
export class F32x4 extends Vector {
  /** A number is turned into four equal ones. */
  static of(value: Floats4): F32x4 {
    if (typeof value === "number") {
      return new F32x4(sameInAllLanes(new Uint32Array(Float32Array.of(value).buffer)[0]));
    }
    return value instanceof F32x4 ? value : new F32x4([...value.code, VECTOR, 0x13]);
  }

  /** this + other. */
  plus(other: Floats4): F32x4 {
    return this.vector(0xe4, F32x4.of(other));
  }

  /** this − other. */
  minus(other: Floats4): F32x4 {
    return this.vector(0xe5, F32x4.of(other));
  }

  /** this · other. */
  times(other: Floats4): F32x4 {
    return this.vector(0xe6, F32x4.of(other));
  }

  /** this / other. */
  over(other: Floats4): F32x4 {
    return this.vector(0xe7, F32x4.of(other));
  }

  /** The smaller of two; NaN if one is. */
  min(other: Floats4): F32x4 {
    return this.vector(0xe8, F32x4.of(other));
  }

  /** The larger of two; NaN if one is. */
  max(other: Floats4): F32x4 {
    return this.vector(0xe9, F32x4.of(other));
  }

  /** This, or the limit in lanes where it is larger; NaN stays. One instruction of a processor, unlike `min`. */
  atMost(limit: Floats4): F32x4 {
    return this.vector(0xea, F32x4.of(limit));
  }

  /** This, or the limit in lanes where it is smaller; NaN stays. One instruction of a processor, unlike `max`. */
  atLeast(limit: Floats4): F32x4 {
    return this.vector(0xeb, F32x4.of(limit));
  }

  /** |this|. */
  abs(): F32x4 {
    return this.vector(0xe0);
  }

  /** −this. */
  negate(): F32x4 {
    return this.vector(0xe1);
  }

  /** √this. */
  sqrt(): F32x4 {
    return this.vector(0xe3);
  }

  /** The nearest integer, half to even. */
  nearest(): F32x4 {
    return this.vector(0x6a);
  }

  /** Where this < other. */
  isLess(other: Floats4): I32x4 {
    return this.compare(0x43, F32x4.of(other));
  }

  /** Where this > other. */
  isGreater(other: Floats4): I32x4 {
    return this.compare(0x44, F32x4.of(other));
  }

  /** One of the four. */
  lane(lane: number): F32 {
    return new F32([...this.code, VECTOR, 0x1f, lane]);
  }

  /** The integer next to each float towards zero; the nearest there is for those out of range, 0 for NaN. */
  toI32x4(): I32x4 {
    return new I32x4([...this.code, VECTOR, ...unsigned(0xf8)]);
  }

  /** The same 128 bits as integers. */
  get bits(): I32x4 {
    return new I32x4(this.code);
  }
}

/**
 * Four integers, or one that stands for four.
 *
 * @category Operations
 */
export type Integers4 = I32x4 | Integer;

/**
 * Four 32-bit integers.
 *
 * @category Operations
 */
export class I32x4 extends Vector {
  /** A number is turned into four equal ones. */
  static of(value: Integers4): I32x4 {
    if (typeof value === "number") return new I32x4(sameInAllLanes(value));
    return value instanceof I32x4 ? value : new I32x4([...value.code, VECTOR, 0x11]);
  }

  /** first, first + 1, first + 2, first + 3: the indices of four elements side by side. */
  static from(first: Integer): I32x4 {
    const bytes = [0, 1, 2, 3].flatMap((value) => [value, 0, 0, 0]);
    const counted = new I32x4([VECTOR, 0x0c, ...bytes]);
    return first === 0 ? counted : I32x4.of(first).plus(counted);
  }

  /** this + other. */
  plus(other: Integers4): I32x4 {
    return this.vector(0xae, I32x4.of(other));
  }

  /** this − other. */
  minus(other: Integers4): I32x4 {
    return this.vector(0xb1, I32x4.of(other));
  }

  /** this · other, the lower 32 bits. */
  times(other: Integers4): I32x4 {
    return this.vector(0xb5, I32x4.of(other));
  }

  /** Two products of unsigned integers with all their 64 bits, the lower half first: of lanes 0 and 1, or of 2 and 3. */
  timesWide(other: I32x4, half: 0 | 1): I32x4 {
    return this.vector(0xde + half, other);
  }

  /** The bits that are set in both. */
  and(other: Integers4): I32x4 {
    return this.vector(0x4e, I32x4.of(other));
  }

  /** The bits that are set in one or both. */
  or(other: Integers4): I32x4 {
    return this.vector(0x50, I32x4.of(other));
  }

  /** The bits that differ. */
  xor(other: Integers4): I32x4 {
    return this.vector(0x51, I32x4.of(other));
  }

  /** this · 2ⁿ. */
  shiftLeft(bits: number): I32x4 {
    return this.vector(0xab, I32.of(bits));
  }

  /** this / 2ⁿ, unsigned. */
  shiftRight(bits: number): I32x4 {
    return this.vector(0xad, I32.of(bits));
  }

  /** Where this = other. */
  equals(other: Integers4): I32x4 {
    return this.compare(0x37, I32x4.of(other));
  }

  /** Where this < other, signed. */
  isLess(other: Integers4): I32x4 {
    return this.compare(0x39, I32x4.of(other));
  }

  /** Where this < other, unsigned. */
  isBelow(other: Integers4): I32x4 {
    return this.compare(0x3a, I32x4.of(other));
  }

  /** In lanes that are all ones the first value, in lanes that are all zeros the second. */
  select<Lanes extends Vector>(first: Lanes, second: Lanes): Lanes {
    return first.withCode([...first.code, ...second.code, ...this.code, VECTOR, 0x52]);
  }

  /** One of the four. */
  lane(lane: number): I32 {
    return new I32([...this.code, VECTOR, 0x1b, lane]);
  }

  /** The nearest floats. */
  toF32x4(): F32x4 {
    return new F32x4([...this.code, VECTOR, ...unsigned(0xfa)]);
  }

  /** The same 128 bits as floats. */
  get floats(): F32x4 {
    return new F32x4(this.code);
  }
}
