/**
 * Values of a WebAssembly function, before it runs: expressions.
 *
 * WebAssembly is a stack machine: `local.get 0, local.get 1, f32.add` pushes two variables and replaces them by their
 * sum. An expression here holds the instructions that leave one value on the stack, and its methods return longer ones:
 *
 *     x.times(y).plus(1)        →    x, y, f32.mul, f32.const 1, f32.add
 *
 * There are four classes: `I32` and `F32`, one number; `I32x4` and `F32x4` in `wasm_vectors.ts`, four of them side by side.
 * All wrap around or round as the specification says, on every machine. Comparisons of numbers give 0 or 1.
 *
 * Nothing is computed while a function is written, so an expression that is used twice is computed twice: `code.let` (see
 * `wasm_code.ts`) keeps the value.
 *
 * Reference: WebAssembly Core Specification 2.0, chapter 4, "Execution"; its table of instructions has the numbers.
 *
 * @module
 */

import { type Bytes, float, signed, type TypeNumber, TYPES } from "./wasm_binary.ts";

/**
 * Instructions that leave one value on the stack.
 *
 * @category Operations
 */
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

/**
 * A 32-bit integer, or its constant.
 *
 * @category Operations
 */
export type Integer = I32 | number;

/**
 * A 32-bit integer.
 *
 * @category Operations
 */
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
}

/**
 * A 32-bit float, or its constant.
 *
 * @category Operations
 */
export type Float = F32 | number;

/**
 * A 32-bit float.
 *
 * @category Operations
 */
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

  /** The integer part, rounded towards 0; 0 for NaN, and the nearest 32-bit integer for what lies outside their range. */
  toI32(): I32 {
    return new I32([...this.code, 0xfc, 0x00]);
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
}

/**
 * The first value where the condition is not 0, else the second; both are computed.
 *
 * @category Operations
 */
export function select<Kind extends Value>(condition: I32, first: Kind, second: Kind): Kind {
  // without its type only numbers can be selected
  return first.withCode([...first.code, ...second.code, ...condition.code, 0x1c, 1, first.type]);
}
