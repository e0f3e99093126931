/**
 * The binary format of WebAssembly, as far as one function needs it.
 *
 * A module is a list of sections, each a number, its length and its content. Ours has the same five each time:
 *
 *     types        (piece: i32, scratch: i32, block: i32) → ()
 *     imports      the memory, "core"."memory"
 *     functions    one, of that type
 *     exports      it is called "run"
 *     code         its local variables and its instructions
 *
 * Integers are written in LEB128: seven bits a byte, lowest first, the eighth bit says that more follow.
 *
 * Reference: WebAssembly Core Specification 2.0, chapter 5, "Binary format".
 *
 * @module
 */

/**
 * Bytes of a module, or of a part of one. Among instructions, a number beyond them stands for a constant vector.
 *
 * @category Operations
 */
export type Bytes = readonly number[];

/** The constant vector in which every lane is 0; each of the others is as much larger as the bits of its lanes. */
export const FIRST_CONSTANT = 256;

/** An unsigned integer in LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  bytes.push(value);
  return bytes;
}

/** A signed 32-bit integer in LEB128. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (; rest < -64 || rest > 63; rest >>= 7) bytes.push(rest & 127 | 128);
  bytes.push(rest & 127);
  return bytes;
}

/** A 32-bit float, its four bytes in little-endian order. */
export function float(value: number): number[] {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setFloat32(0, value, true);
  return [0, 1, 2, 3].map((at) => bytes.getUint8(at));
}

/** A name: its length and its characters, which are ASCII here. */
function name(text: string): number[] {
  return [...unsigned(text.length), ...new TextEncoder().encode(text)];
}

/** A list of parts: their number, then each. */
function list(parts: readonly Bytes[]): number[] {
  return [...unsigned(parts.length), ...parts.flat()];
}

/** Types of values, as the format numbers them. */
export const TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;

/**
 * The number of a type of values.
 *
 * @category Operations
 */
export type TypeNumber = 0x7f | 0x7d | 0x7b;

/** Numbers of the instructions on variables and memory, and of those that decide what runs next. */
export const OPCODES = {
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  branchIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  i32Load: 0x28,
  f32Load: 0x2a,
  i32Store: 0x36,
  f32Store: 0x38,
  /** Begins the instructions on vectors, which have a number of their own. */
  vector: 0xfd,
} as const;

/** Numbers of the instructions that load and store vectors. */
export const VECTOR_OPCODES = { load: 0x00, loadSplat: 0x09, store: 0x0b, storeLane: 0x5a } as const;

/** What follows the number of a load or store: numbers begin at multiples of 2² bytes, and what is added to the address. */
export function memoryOperand(offset: number): Bytes {
  return [2, ...unsigned(offset)];
}

/** Pages of 64 KiB that a memory may grow to: 4 GiB, all that 32-bit addresses reach. */
export const MAX_PAGES = 65536;

const MAGIC = [0x00, 0x61, 0x73, 0x6d], VERSION = [1, 0, 0, 0];
const FUNCTION = 0x60, FUNCTION_EXPORT = 0, MEMORY_IMPORT = 2;
/** Limits of the imported memory: with a maximum, and unshared or shared. */
const LIMITS = 1, SHARED_LIMITS = 3;

/** Parameters of every function: three integers. */
export const PARAMETERS = 3;

/**
 * Writes the module of one function `run(piece, scratch, block)`.
 *
 * @example A function that does nothing
 * ```ts
 * import { assert } from "@std/assert";
 * import { moduleOf } from "./wasm_binary.ts";
 *
 * assert(WebAssembly.validate(moduleOf([], [], false)));
 * ```
 *
 * @param locals Types of its variables, which are numbered after its parameters.
 * @param instructions Its instructions.
 * @param shared Whether the memory it imports is shared between threads.
 * @returns The module.
 */
export function moduleOf(
  locals: readonly TypeNumber[],
  instructions: Bytes,
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const section = (number: number, content: Bytes) => [number, ...unsigned(content.length), ...content];
  const parameters = new Array<number[]>(PARAMETERS).fill([TYPES.i32]);
  const limits = [shared ? SHARED_LIMITS : LIMITS, ...unsigned(1), ...unsigned(MAX_PAGES)];
  const code = [...list(locals.map((type) => [1, type])), ...instructions, OPCODES.end];
  return Uint8Array.from([
    ...MAGIC,
    ...VERSION,
    ...section(1, list([[FUNCTION, ...list(parameters), ...list([])]])),
    ...section(2, list([[...name("core"), ...name("memory"), MEMORY_IMPORT, ...limits]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...name("run"), FUNCTION_EXPORT, 0]])),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ]);
}
