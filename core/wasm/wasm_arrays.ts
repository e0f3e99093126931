/**
 * Arrays in the memory of a WebAssembly function.
 *
 * Addresses are in bytes, as WebAssembly has them; the methods here take indices of elements, as `cpu` and `wgsl` do, and
 * a constant number of elements to go on from there, which costs nothing: it is part of the instruction.
 *
 *     x.load(i)             x[i]                      an F32
 *     x.load4(i, 8)         x[i + 8 … i + 11]         an F32x4
 *     x.splat(i)            x[i], four times          an F32x4
 *     x.from(i).load(2)     x[i + 2]                  `from` keeps the address in a variable
 *
 * Reading up to 124 bytes beyond the end of an array is allowed (the backend keeps memory behind every tensor), writing
 * there is not: the next tensor may begin there.
 *
 * @module
 */

import type { Bindings } from "../backend.ts";
import { type Bytes, memoryOperand, OPCODES, VECTOR_OPCODES } from "./wasm_binary.ts";
import type { WasmCode } from "./wasm_code.ts";
import { F32, type Float, I32, type Integer, type Value } from "./wasm_numbers.ts";
import { F32x4, I32x4 } from "./wasm_vectors.ts";

/**
 * The arrays of a kernel, by name.
 *
 * @category Operations
 */
export type WasmArraysOf<Names extends Bindings> = {
  readonly [Name in keyof Names]: Names[Name] extends "u32" ? WasmIntegers : WasmFloats;
};

/** Where the element at an index is, for an array at an address. */
function elementAt(base: I32, index: Integer): I32 {
  return typeof index === "number" ? base.plus(4 * index) : base.plus(index.shiftLeft(2));
}

/** Loads a vector. */
function vectorAt(base: I32, index: Integer, opcode: number, offset: number): Bytes {
  return [...elementAt(base, index).code, OPCODES.vector, opcode, ...memoryOperand(4 * offset)];
}

/** Stores a vector, or as many of its lanes as there are elements left in `forFours`. */
function storeVector(code: WasmCode, address: I32, offset: number, value: F32x4 | I32x4): void {
  const { rest } = code;
  if (rest === undefined) {
    const operand = memoryOperand(4 * offset);
    code.emit(...address.code, ...value.code, OPCODES.vector, VECTOR_OPCODES.store, ...operand);
    return;
  }
  const kept = code.let<Value>(value);
  for (const lane of [0, 1, 2]) {
    code.if(rest.isGreater(lane), () => {
      const operand = memoryOperand(4 * (offset + lane));
      code.emit(...address.code, ...kept.code, OPCODES.vector, VECTOR_OPCODES.storeLane, ...operand, lane);
    });
  }
}

/**
 * An array of floats in memory. All methods take an index, and a constant number of elements to go on from there.
 *
 * @category Operations
 */
export class WasmFloats {
  readonly #code: WasmCode;
  /** The address of its first element. */
  readonly base: I32;

  /**
   * Used by the backend.
   *
   * @param code The function that uses it.
   * @param base The address of its first element.
   */
  constructor(code: WasmCode, base: I32) {
    this.#code = code;
    this.base = base;
  }

  /** The array that begins at an index of this one. */
  from(index: Integer): WasmFloats {
    return new WasmFloats(this.#code, this.#code.let(elementAt(this.base, index)));
  }

  /** The same memory as integers. */
  get integers(): WasmIntegers {
    return new WasmIntegers(this.#code, this.base);
  }

  /** One element. */
  load(index: Integer, offset = 0): F32 {
    return new F32([...elementAt(this.base, index).code, OPCODES.f32Load, ...memoryOperand(4 * offset)]);
  }

  /** Four elements side by side. */
  load4(index: Integer, offset = 0): F32x4 {
    return new F32x4(vectorAt(this.base, index, VECTOR_OPCODES.load, offset));
  }

  /** One element, four times. */
  splat(index: Integer, offset = 0): F32x4 {
    return new F32x4(vectorAt(this.base, index, VECTOR_OPCODES.loadSplat, offset));
  }

  /** Stores one element. */
  store(index: Integer, value: Float, offset = 0): void {
    const address = elementAt(this.base, index);
    this.#code.emit(...address.code, ...F32.of(value).code, OPCODES.f32Store, ...memoryOperand(4 * offset));
  }

  /** Stores four elements side by side; at the end of `forFours`, as many as are left. */
  store4(index: Integer, value: F32x4, offset = 0): void {
    storeVector(this.#code, elementAt(this.base, index), offset, value);
  }

  /** Stores four elements side by side, or adds them to what is there if `accumulate`, a switch, is 1. */
  storeOrAdd4(accumulate: number, index: Integer, value: F32x4): void {
    this.store4(index, accumulate ? this.load4(index).plus(value) : value);
  }
}

/**
 * An array of integers in memory.
 *
 * @category Operations
 */
export class WasmIntegers {
  readonly #code: WasmCode;
  /** The address of its first element. */
  readonly base: I32;

  /**
   * Used by the backend.
   *
   * @param code The function that uses it.
   * @param base The address of its first element.
   */
  constructor(code: WasmCode, base: I32) {
    this.#code = code;
    this.base = base;
  }

  /** One element. */
  load(index: Integer, offset = 0): I32 {
    return new I32([...elementAt(this.base, index).code, OPCODES.i32Load, ...memoryOperand(4 * offset)]);
  }

  /** Four elements side by side. */
  load4(index: Integer, offset = 0): I32x4 {
    return new I32x4(vectorAt(this.base, index, VECTOR_OPCODES.load, offset));
  }

  /** Stores one element. */
  store(index: Integer, value: Integer, offset = 0): void {
    const address = elementAt(this.base, index);
    this.#code.emit(...address.code, ...I32.of(value).code, OPCODES.i32Store, ...memoryOperand(4 * offset));
  }

  /** Stores four elements side by side; at the end of `forFours`, as many as are left. */
  store4(index: Integer, value: I32x4, offset = 0): void {
    storeVector(this.#code, elementAt(this.base, index), offset, value);
  }
}
