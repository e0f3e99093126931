/**
 * Values of a WebAssembly function, before it runs: expressions.
 *
 * WebAssembly is a stack machine: `local.get 0, local.get 1, f32.add` pushes two variables and replaces them by their
 * sum. An expression here holds the instructions that leave one value on the stack, and its methods return longer ones:
 *
 *     x.times(y).plus(1)        →    x, y, f32.mul, f32.const 1, f32.add
 *
 * There are four kinds: `I32` and `F32`, one number; `F32x4` and `I32x4`, four of them side by side in one register of the
 * processor, on which one instruction does four operations. All wrap around or round as the specification says, on every
 * machine. Comparisons of numbers give 0 or 1, those of vectors 32 ones or 32 zeros a lane.
 *
 * An expression that is used twice is computed twice: `code.let` (see `wasm_code.ts`) keeps the value.
 *
 * Reference: WebAssembly Core Specification 2.0, chapter 4, "Execution"; its table of instructions has the numbers.
 *
 * @module
 */

import {
  type Bytes,
  FIRST_CONSTANT,
  float,
  signed,
  type TypeNumber,
  TYPES,
  unsigned,
} from "./wasm_binary.ts";

/** Begins the instructions on vectors. */
const VECTOR = 0xfd;

/** Instructions that leave one value on the stack. */
export abstract class Value {
  /** The type of the value. */
  abstract readonly type: TypeNumber;
  /** The instructions. */
  readonly code: Bytes;

  /**
   * Used by the methods of values and by `WasmCode`.
   *
   * @param code The instructions.
   */
  constructor(code: Bytes) {
    this.code = code;
  }

  /** A value of the same class, from other instructions. */
  withCode(code: Bytes): this {
    return new (this.constructor as new (code: Bytes) => this)(code);
  }

  /** This value, then others, then an instruction that takes them all and leaves a value of the same class. */
  protected then(instruction: Bytes, ...others: readonly Value[]): this {
    return this.withCode([...this.code, ...others.flatMap(({ code }) => code), ...instruction]);
  }
}

/** A 32-bit integer, or its constant. */
export type Integer = I32 | number;

/** A 32-bit integer. */
export class I32 extends Value {
  /** See {@linkcode Value.type}. */
  readonly type: TypeNumber = TYPES.i32;

  /** A constant is turned into a value. */
  static of(value: Integer): I32 {
    return typeof value === "number" ? new I32([0x41, ...signed(value)]) : value;
  }

  /** this + other. */
  plus(other: Integer): I32 {
    return other === 0 ? this : this.then([0x6a], I32.of(other));
  }

  /** this − other. */
  minus(other: Integer): I32 {
    return this.then([0x6b], I32.of(other));
  }

  /** this · other. */
  times(other: Integer): I32 {
    return other === 1 ? this : this.then([0x6c], I32.of(other));
  }

  /** this / other, unsigned, rounded down. */
  over(other: Integer): I32 {
    return this.then([0x6e], I32.of(other));
  }

  /** The remainder of this / other, unsigned. */
  modulo(other: Integer): I32 {
    return this.then([0x70], I32.of(other));
  }

  /** The bits that are set in both. */
  and(other: Integer): I32 {
    return this.then([0x71], I32.of(other));
  }

  /** The bits that are set in one or both. */
  or(other: Integer): I32 {
    return this.then([0x72], I32.of(other));
  }

  /** This · 2ⁿ. */
  shiftLeft(bits: Integer): I32 {
    return bits === 0 ? this : this.then([0x74], I32.of(bits));
  }

  /** this / 2ⁿ, unsigned. */
  shiftRight(bits: Integer): I32 {
    return this.then([0x76], I32.of(bits));
  }

  /** Whether this = other. */
  equals(other: Integer): I32 {
    return this.then([0x46], I32.of(other));
  }

  /** Whether this ≠ other. */
  differsFrom(other: Integer): I32 {
    return this.then([0x47], I32.of(other));
  }

  /** Whether this < other, signed. */
  isLess(other: Integer): I32 {
    return this.then([0x48], I32.of(other));
  }

  /** Whether this < other, unsigned. */
  isBelow(other: Integer): I32 {
    return this.then([0x49], I32.of(other));
  }

  /** Whether this > other, signed. */
  isGreater(other: Integer): I32 {
    return this.then([0x4a], I32.of(other));
  }

  /** The smaller of two, signed. */
  min(other: Integer): I32 {
    const value = I32.of(other);
    return select(this.isLess(value), this, value);
  }

  /** The nearest float. */
  toF32(): F32 {
    return new F32([...this.code, 0xb2]);
  }

  /** Four times this. */
  splat(): I32x4 {
    return new I32x4([...this.code, VECTOR, 0x11]);
  }
}

/** A 32-bit float, or its constant. */
export type Float = F32 | number;

/** A 32-bit float. */
export class F32 extends Value {
  /** See {@linkcode Value.type}. */
  readonly type: TypeNumber = TYPES.f32;

  /** A constant is turned into a value. */
  static of(value: Float): F32 {
    return typeof value === "number" ? new F32([0x43, ...float(value)]) : value;
  }

  /** this + other. */
  plus(other: Float): F32 {
    return this.then([0x92], F32.of(other));
  }

  /** this − other. */
  minus(other: Float): F32 {
    return this.then([0x93], F32.of(other));
  }

  /** this · other. */
  times(other: Float): F32 {
    return this.then([0x94], F32.of(other));
  }

  /** this / other. */
  over(other: Float): F32 {
    return this.then([0x95], F32.of(other));
  }

  /** The smaller of two; NaN if one is. */
  min(other: Float): F32 {
    return this.then([0x96], F32.of(other));
  }

  /** The larger of two; NaN if one is. */
  max(other: Float): F32 {
    return this.then([0x97], F32.of(other));
  }

  /** √this. */
  sqrt(): F32 {
    return this.then([0x91]);
  }

  /** Whether this < other. */
  isLess(other: Float): I32 {
    return new I32([...this.code, ...F32.of(other).code, 0x5d]);
  }

  /** Whether this > other. */
  isGreater(other: Float): I32 {
    return new I32([...this.code, ...F32.of(other).code, 0x5e]);
  }

  /** Four times this. */
  splat(): F32x4 {
    return new F32x4([...this.code, VECTOR, 0x13]);
  }
}

/**
 * Four times the same 32 bits. Written where it is used, such a constant is made anew in every turn of a loop, which takes
 * as long as an addition or longer. So one number stands for it here, and `WasmCode` makes it once, before anything else.
 */
function sameInAllLanes(bits: number): Bytes {
  return [FIRST_CONSTANT + (bits >>> 0)];
}

/** A vector of four, in the classes of which all lanes are treated alike. */
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

/** Four floats, or one that stands for four. */
export type Floats4 = F32x4 | Float;

/** Four 32-bit floats. */
export class F32x4 extends Vector {
  /** A number is turned into four. */
  static of(value: Floats4): F32x4 {
    if (typeof value === "number") {
      return new F32x4(sameInAllLanes(new Uint32Array(Float32Array.of(value).buffer)[0]));
    }
    return value instanceof F32x4 ? value : value.splat();
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

/** Four integers, or one that stands for four. */
export type Integers4 = I32x4 | Integer;

/** Four 32-bit integers. */
export class I32x4 extends Vector {
  /** A number is turned into four. */
  static of(value: Integers4): I32x4 {
    if (typeof value === "number") return new I32x4(sameInAllLanes(value));
    return value instanceof I32x4 ? value : value.splat();
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

/** Four different integers. */
export function integers4(a: number, b: number, c: number, d: number): I32x4 {
  const bytes = [a, b, c, d].flatMap((value) => [0, 8, 16, 24].map((shift) => value >>> shift & 255));
  return new I32x4([VECTOR, 0x0c, ...bytes]);
}

/** The first value where the condition is not 0, else the second; both are computed. */
export function select<Kind extends Value>(condition: I32, first: Kind, second: Kind): Kind {
  // without its type only numbers can be selected
  return first.withCode([...first.code, ...second.code, ...condition.code, 0x1c, 1, first.type]);
}
