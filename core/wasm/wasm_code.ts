/**
 * Writes a function for WebAssembly: variables, loops and stores around the expressions of `wasm_numbers.ts` and
 * `wasm_vectors.ts`.
 *
 * A kernel's `wasm` body receives a {@linkcode WasmCode} and calls its methods in the order in which the function is to
 * act. The body itself runs once, to write; what it writes runs for every piece of the work. So a TypeScript `for` or `if`
 * decides what is written, and `code.for` or `code.if` what is done when it runs.
 *
 *     body({ x, y }, code) {                             // the example of `wasm_pass.ts`: y = x²
 *       const { start, end } = code.rangeOfPiece(code.i32("size"), 4096);
 *       code.forFours(start, end, (index) => {
 *         const four = code.let(x.load4(index));         // x[index … index + 3]
 *         y.store4(index, four.times(four));             // y[index … index + 3], as far as they are before `end`
 *       });
 *     }
 *
 * @module
 */

import {
  type Bytes,
  FIRST_CONSTANT,
  memoryOperand,
  moduleOf,
  OPCODES,
  PARAMETERS,
  type TypeNumber,
  TYPES,
  unsigned,
} from "./wasm_binary.ts";
import { WasmFloats } from "./wasm_arrays.ts";
import { F32, I32, type Integer, type Value } from "./wasm_numbers.ts";
import { F32x4, type Floats4, I32x4 } from "./wasm_vectors.ts";

/**
 * What a variable holds and how it is changed.
 *
 * @category Operations
 */
export interface Variable<Kind extends Value> {
  /** Its value at this point of the function. */
  readonly value: Kind;
  /** Sets it. */
  set(value: Kind): void;
}

/** Bytes of a constant in the block of arguments: once as an integer, once as a float. */
const CONSTANT_BYTES = 8;

/** The type of an `if` or a loop that leaves no value. */
const NO_VALUE = 0x40;

const { localGet, localSet, i32Load, f32Load } = OPCODES;

/**
 * A function in the making.
 *
 * @category Operations
 */
export class WasmCode<Name extends string = string> {
  /** The number of the piece to compute, from 0. */
  readonly piece: I32 = new I32([localGet, 0]);
  /** Memory that this thread alone uses, see `scratch` of a pass. */
  readonly scratch: WasmFloats = new WasmFloats(this, new I32([localGet, 1]));
  readonly #block = new I32([localGet, 2]);
  readonly #names: readonly string[];
  readonly #arrays: number;
  readonly #locals: TypeNumber[] = [];
  readonly #bytes: number[] = [];
  /** Instructions before all others: they set constants. */
  readonly #beginning: number[] = [];
  /** Numbers of the variables with constants, by the bits of a lane. */
  readonly #constants = new Map<number, Bytes>();
  /** In the body of `forFours` for the rest of a range, which is shorter than a vector: how many elements it has. */
  rest?: I32;

  /**
   * Begins a function.
   *
   * @param names The constants of its kernel.
   * @param arrays How many tensors the kernel has.
   */
  constructor(names: readonly Name[], arrays: number) {
    this.#names = names;
    this.#arrays = arrays;
  }

  /** A constant of the kernel, as an integer. */
  i32(name: Name): I32 {
    return this.let(new I32([...this.#block.code, i32Load, ...memoryOperand(this.#constantOffset(name))]));
  }

  /** A constant of the kernel, as a float. */
  f32(name: Name): F32 {
    return this.let(
      new F32([...this.#block.code, f32Load, ...memoryOperand(this.#constantOffset(name) + 4)]),
    );
  }

  #constantOffset(name: Name): number {
    return 4 * (this.#arrays + 1) + CONSTANT_BYTES * this.#names.indexOf(name);
  }

  /** The address of tensor number n in the kernel's order; the one after the last is memory that all threads share. */
  address(n: number): I32 {
    return this.let(new I32([...this.#block.code, i32Load, ...memoryOperand(4 * n)]));
  }

  /** Memory that all pieces of all passes share, see `shared` of a pass. */
  shared(): WasmFloats {
    return new WasmFloats(this, this.address(this.#arrays));
  }

  /** Appends instructions, and reads constant vectors from variables that are set at the beginning. */
  emit(...bytes: Bytes): void {
    for (const byte of bytes) {
      if (byte < FIRST_CONSTANT) this.#bytes.push(byte);
      else this.#bytes.push(localGet, ...this.#constant(byte - FIRST_CONSTANT));
    }
  }

  /** The number of the variable that holds four times the same bits. */
  #constant(bits: number): Bytes {
    let number = this.#constants.get(bits);
    if (number === undefined) {
      number = unsigned(PARAMETERS + this.#locals.push(TYPES.v128) - 1);
      this.#constants.set(bits, number);
      this.#beginning.push(...I32x4.of(I32.of(bits)).code, localSet, ...number);
    }
    return number;
  }

  /** Begins a variable. */
  variable<Kind extends Value>(initial: Kind): Variable<Kind> {
    const number = unsigned(PARAMETERS + this.#locals.push(initial.type) - 1);
    const set = (value: Kind) => this.emit(...value.code, localSet, ...number);
    set(initial);
    return { value: initial.withCode([localGet, ...number]), set };
  }

  /** Computes a value here, once, for all its uses. */
  let<Kind extends Value>(value: Kind): Kind {
    return this.variable(value).value;
  }

  /** Rows as columns: vector n of the result holds number n of each of four vectors. */
  transposed([a, b, c, d]: readonly F32x4[]): readonly F32x4[] {
    // pairs are brought together, then pairs of pairs
    return ([[0, 4, 1, 5], [2, 6, 3, 7]] as const).flatMap((lanes) => {
      const ab = this.let(a.shuffle(b, lanes)), cd = this.let(c.shuffle(d, lanes));
      return [this.let(ab.shuffle(cd, [0, 1, 4, 5])), this.let(ab.shuffle(cd, [2, 3, 6, 7]))];
    });
  }

  /** Does something if the condition is not 0, and something else if it is. */
  if(condition: I32, then: () => void, otherwise?: () => void): void {
    this.emit(...condition.code, OPCODES.if, NO_VALUE);
    then();
    if (otherwise) {
      this.emit(OPCODES.else);
      otherwise();
    }
    this.emit(OPCODES.end);
  }

  /**
   * Counts from `start` in steps while below `end`.
   *
   * @param start First index.
   * @param end Beyond the last one.
   * @param step Added after each turn.
   * @param body What to do with an index.
   */
  for(start: Integer, end: Integer, step: number, body: (index: I32) => void): void {
    const index = this.variable(I32.of(start)), limit = typeof end === "number" ? I32.of(end) : this.let(end);
    this.while(() => index.value.isLess(limit), () => {
      body(index.value);
      index.set(index.value.plus(step));
    });
  }

  /** Does something as long as a condition holds. The condition is written twice: before the first turn, and after each. */
  while(condition: () => I32, body: () => void): void {
    this.if(condition(), () => {
      this.emit(OPCODES.loop, NO_VALUE);
      body();
      this.emit(...condition().code, OPCODES.branchIf, 0, OPCODES.end);
    });
  }

  /**
   * Visits the elements from `start` to `end` four at a time. The body is written twice: the second time for the last one
   * to three, where it still computes four, and `store4` stores those that exist.
   *
   * @param start First index.
   * @param end Beyond the last one.
   * @param body What to do with four elements, given the index of the first.
   */
  forFours(start: Integer, end: Integer, body: (index: I32) => void): void {
    const index = this.variable(I32.of(start)), limit = this.let(I32.of(end)), outerRest = this.rest;
    this.rest = undefined;
    this.while(() => index.value.plus(3).isLess(limit), () => {
      body(index.value);
      index.set(index.value.plus(4));
    });
    this.if(index.value.isLess(limit), () => {
      this.rest = this.let(limit.minus(index.value));
      body(index.value);
    });
    this.rest = outerRest;
  }

  /**
   * Four values, for sums and the like: in `forFours`, lanes for which there is no element hold another value.
   *
   * @param value Four values, one for each element.
   * @param otherwise What a lane holds without an element: 0 changes no sum.
   * @returns The value itself wherever all four elements exist.
   */
  present(value: F32x4, otherwise: Floats4): F32x4 {
    if (this.rest === undefined) return value;
    return I32x4.from(0).isLess(this.rest).select(value, F32x4.of(otherwise));
  }

  /**
   * The part of a range that this piece computes.
   *
   * @param size Length of the whole range.
   * @param pieceSize Length of every piece but the last.
   * @returns Its bounds.
   */
  rangeOfPiece(size: I32, pieceSize: number): { start: I32; end: I32 } {
    const start = this.let(this.piece.times(pieceSize));
    return { start, end: this.let(start.plus(pieceSize).min(size)) };
  }

  /**
   * Ends the function.
   *
   * @param shared Whether its memory is shared between threads.
   * @returns The module of it.
   */
  toModule(shared: boolean): Uint8Array<ArrayBuffer> {
    return moduleOf(this.#locals, [...this.#beginning, ...this.#bytes], shared);
  }
}
