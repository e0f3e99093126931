/**
 * The third body of a kernel: how WebAssembly computes it.
 *
 * Work is cut into *pieces* by the sizes of the tensors alone, never by the number of threads, and every result belongs to
 * one piece. Whichever thread takes a piece, and in whatever order, the bits are the same. A kernel that needs an
 * intermediate result (a matrix copied into panels, say) computes it in a pass of its own: all pieces of one pass are
 * finished before the next begins.
 *
 * A body is written as a function for each combination of values of its `switches`; all other constants are read when it
 * runs.
 *
 * @example y = x², in pieces of 4096 elements. `wasm_code.ts` has what a body can do
 * ```ts
 * import { kernel, WasmBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const square = kernel({
 *   name: "square",
 *   reads: { x: "f32" },
 *   writes: { y: "f32" },
 *   constants: ["size"],
 *   elements: ({ size }) => size,
 *   cpu({ x, y }, { size }) {
 *     for (let index = 0; index < size; index++) y[index] = x[index] * x[index];
 *   },
 *   wgsl: "fn each(index: u32) { y[index] = x[index] * x[index]; }",
 *   wasm: [{
 *     pieces: ({ size }) => Math.ceil(size / 4096),
 *     body({ x, y }, code) {
 *       const { start, end } = code.rangeOfPiece(code.i32("size"), 4096);
 *       code.forFours(start, end, (index) => {
 *         const four = code.let(x.load4(index)); // x[index … index + 3]
 *         y.store4(index, four.times(four)); // y[index … index + 3], as far as they are before `end`
 *       });
 *     },
 *   }],
 * });
 * const backend = await WasmBackend.open({ threads: 1 });
 * const x = backend.from([1, 2, 3, 4, 5]), y = backend.allocate([5]);
 * backend.run(square, { x, y }, { size: 5 });
 * assertEquals(await backend.read(y), Float32Array.of(1, 4, 9, 16, 25));
 * ```
 *
 * @module
 */

import type { Bindings, Constants, Kernel } from "../backend.ts";
import { type WasmArraysOf, WasmFloats, WasmIntegers } from "./wasm_arrays.ts";
import { WasmCode } from "./wasm_code.ts";
import type { I32 } from "./wasm_numbers.ts";

/**
 * One pass of a kernel over its data.
 *
 * @category Operations
 */
export interface WasmPass<Arrays extends Bindings = Bindings, Name extends string = string> {
  /** Constants whose values the function is written for. */
  readonly switches?: readonly NoInfer<Name>[];
  /** Into how many pieces the work is cut. */
  pieces(constants: Constants<Name>): number;
  /** Bytes of memory that each thread needs for itself. Its content is undefined when a piece begins. */
  scratch?(constants: Constants<Name>): number;
  /** Bytes of memory that all pieces share, and all passes of one run of the kernel. */
  shared?(constants: Constants<Name>): number;
  /**
   * Writes the function that computes one piece.
   *
   * @param arrays The tensors.
   * @param code The function to write.
   * @param switches The values of the switches.
   */
  body(arrays: WasmArraysOf<Arrays>, code: WasmCode<Name>, switches: Constants<Name>): void;
}

/** Elements in a piece of an elementwise operation: enough that taking it costs little beside it. */
const ELEMENTS_PER_PIECE = 8192;

/**
 * The pass of an elementwise operation on `size` elements, four at a time.
 *
 * @example The `wasm` body of y = 2 x
 * ```ts
 * import { kernel, wasmElements } from "@miniformer/miniformer";
 *
 * kernel({
 *   name: "double",
 *   reads: { x: "f32" },
 *   writes: { y: "f32" },
 *   constants: ["size"],
 *   elements: ({ size }) => size,
 *   cpu({ x, y }, { size }) {
 *     for (let index = 0; index < size; index++) y[index] = 2 * x[index];
 *   },
 *   wgsl: `fn each(index: u32) { y[index] = 2 * x[index]; }`,
 *   wasm: wasmElements(({ x, y }, code) => (index) => y.store4(index, x.load4(index).times(2))),
 * });
 * ```
 *
 * @param write Called once with the arrays: reads constants, and returns what to do with four elements, given the index of
 * the first.
 * @param switches Constants whose values the function is written for.
 * @returns The passes, one.
 * @category Operations
 */
export function wasmElements<Arrays extends Bindings, Name extends string>(
  write: (
    arrays: WasmArraysOf<Arrays>,
    code: WasmCode<Name | "size">,
    switches: Constants<Name | "size">,
  ) => (index: I32) => void,
  switches: readonly Name[] = [],
): readonly WasmPass<Arrays, Name | "size">[] {
  return [{
    switches,
    pieces: ({ size }) => Math.ceil(size / ELEMENTS_PER_PIECE),
    body(arrays, code, values) {
      const { start, end } = code.rangeOfPiece(code.i32("size"), ELEMENTS_PER_PIECE);
      code.forFours(start, end, write(arrays, code, values));
    },
  }];
}

/** Rows in a piece of an operation that computes each row by itself. */
const ROWS_PER_PIECE = 16;

/** The `pieces` of a pass whose body is {@linkcode forRowsOfPiece}. */
export const rowPieces = ({ rows }: { readonly rows: number }): number => Math.ceil(rows / ROWS_PER_PIECE);

/**
 * Visits the rows of a piece, for an operation that computes each of `rows` rows of `columns` elements by itself.
 *
 * @param code The function to write.
 * @param body What to do with a row, given its index and the number of its columns.
 */
export function forRowsOfPiece(
  code: WasmCode<"rows" | "columns">,
  body: (row: I32, columns: I32) => void,
): void {
  const columns = code.i32("columns"), { start, end } = code.rangeOfPiece(code.i32("rows"), ROWS_PER_PIECE);
  code.for(start, end, 1, (row) => body(row, columns));
}

/** What a pass needs of its kernel. */
export type WasmKernel = Pick<Kernel, "name" | "reads" | "writes" | "constants">;

/**
 * Writes the module of a pass.
 *
 * @param kernel The kernel.
 * @param pass One of its passes.
 * @param constants Constants, of which the switches are used.
 * @param shared Whether the memory is shared between threads.
 * @returns The module.
 */
export function assembleWasm(
  { reads, writes, constants: names }: WasmKernel,
  pass: WasmPass,
  constants: Constants,
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const tensors = Object.entries({ ...reads, ...writes });
  const code = new WasmCode(names, tensors.length), arrays: Record<string, WasmFloats | WasmIntegers> = {};
  tensors.forEach(([name, dataType], index) => {
    const address = code.address(index);
    arrays[name] = dataType === "u32" ? new WasmIntegers(code, address) : new WasmFloats(code, address);
  });
  const switches: Record<string, number> = {};
  for (const name of pass.switches ?? []) switches[name] = constants[name];
  pass.body(arrays as WasmArraysOf<Bindings>, code, switches);
  return code.toModule(shared);
}
