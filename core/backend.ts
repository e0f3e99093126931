/**
 * The contract between the transformer and the machine.
 *
 * A {@linkcode Kernel} is one computation written twice: `cpu` is its definition in plain TypeScript, `wgsl` is the
 * same computation for a GPU. Both fields are required, so an operation without a reference does not compile. A
 * {@linkcode Backend} runs kernels and owns memory; it contains no particular operation, so a new one never touches a
 * backend. Where a `cpu` body is tuned, a naive twin beside it (`kernels/attention/attention_naive.ts`, for instance) is the one to read.
 *
 * @module
 */

import type { Tensor } from "./tensor.ts";
import type { WasmPass } from "./wasm/wasm_pass.ts";

/**
 * Sizes of the dimensions of a tensor, outermost first.
 *
 * @category Devices and tensors
 */
export type Shape = readonly number[];

/**
 * What a tensor holds: 32-bit floats, unsigned 32-bit integers (token ids, counters, random bits), or half-precision
 * floats, which take 16 bits on WebGPU and are rounded 32-bit floats on the other backends (`kernels/matmul/half.ts`).
 *
 * @category Devices and tensors
 */
export type DataType = "f32" | "u32" | "f16";

/**
 * An array of floats: 32 bits wide, or 64 on a CPU backend made for gradient checks.
 *
 * @category Devices and tensors
 */
export type Floats = Float32Array | Float64Array;

/**
 * The host array of a data type.
 *
 * @category Devices and tensors
 */
export type HostArray = Floats | Uint32Array;

/**
 * The tensors a kernel reads or writes: name to data type, in binding order.
 *
 * @category Devices and tensors
 */
export type Bindings = Readonly<Record<string, DataType>>;

/**
 * Tensors to run a kernel on, by the names the kernel gives them.
 *
 * @category Devices and tensors
 */
export type TensorsOf<Names extends Bindings> = { readonly [Name in keyof Names]: Tensor };

/**
 * The same tensors as host arrays, as the CPU body of a kernel sees them.
 *
 * @category Devices and tensors
 */
export type ArraysOf<Names extends Bindings> = {
  readonly [Name in keyof Names]: Names[Name] extends "u32" ? Uint32Array : Floats;
};

/**
 * Sizes and settings of one run of a kernel, by name. They are compiled into the shader as constants.
 *
 * @category Devices and tensors
 */
export type Constants<Name extends string = string> = Readonly<Record<Name, number>>;

/**
 * Which of two kinds of processor runs the shader: a GPU (`"hardware"`), or a CPU that emulates one (`"software"`). A
 * kernel may choose its tile sizes by it.
 *
 * @category Devices and tensors
 */
export type AdapterClass = "hardware" | "software";

/**
 * One computation, written for both kinds of machine.
 *
 * A GPU runs one function thousands of times at once; each time is an *invocation* with a number of its own. Some dozens
 * of them form a *group*: its invocations, the *lanes*, share a little fast memory and can wait for each other at a
 * barrier. Groups run in any order and never wait for each other. Where every element is computed independently, a kernel
 * is written as `each`; where lanes sum up a row together, or share a tile of a matrix, as `run`.
 *
 * The WGSL text sees every constant but `sizes` by its name, every tensor as a storage array of the same name
 * (those in `reads` first, then those in `writes`), and defines one of two functions:
 *
 * - `fn each(index: u32)`, called once for each of `elements(constants)` indices, or
 * - `fn run(group: u32, lane: u32)`, called by `lanes` cooperating invocations for each of `groups(constants)` groups; their number
 *   is the constant `lanes`.
 *
 * It may call `sumOverGroup(lane, value)` and `maxOverGroup(lane, value)`, which give every lane the sum or the largest of a
 * group's values; all lanes have to call them, and `lanes` is a power of two then (`core/webgpu/reductions_wgsl.ts`).
 *
 * A text that declares its own `@binding`s (to see an array as vectors, for instance) keeps them.
 *
 * @category Devices and tensors
 */
export interface Kernel<
  Reads extends Bindings = Bindings,
  Writes extends Bindings = Bindings,
  Name extends string = string,
> {
  /** The name of the operation, shown in error messages. */
  readonly name: string;
  /** Tensors that are only read. */
  readonly reads: Reads;
  /** Tensors that are written, or read and written. */
  readonly writes: Writes;
  /** The names of the constants. */
  readonly constants: readonly Name[];
  /**
   * Constants that the shader receives when it runs, in this order in the array `sizes` of `u32`, instead of when it is
   * compiled: one shader then serves all values for which the text is the same. For kernels that are large, run at many
   * sizes, and gain nothing from constants. Such a kernel itself checks whether its group has work.
   */
  readonly sizes?: readonly Name[];
  /** The definition: reads and writes the arrays in place. */
  cpu(arrays: ArraysOf<Reads & Writes>, constants: Constants<Name>): void;
  /** The shader, or a function that writes it for given constants. */
  readonly wgsl: string | ((constants: Constants<Name>, adapter: AdapterClass) => string);
  /** How many times `each` is called. */
  elements?(constants: Constants<Name>): number;
  /** How many groups of invocations call `run`. */
  groups?(constants: Constants<Name>, adapter: AdapterClass): number;
  /** Invocations in a group: 64 unless given, at most 256. */
  lanes?(constants: Constants<Name>, adapter: AdapterClass): number;
  /** The computation for WebAssembly; where it is missing, that backend runs `cpu`. */
  readonly wasm?: readonly WasmPass<Reads & Writes, Name>[];
}

/**
 * Declares a kernel. Returns its argument: it is here so that TypeScript infers the names of tensors and constants.
 *
 * @example Doubling every element
 * ```ts
 * import { CpuBackend, kernel } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const double = kernel({
 *   name: "double",
 *   reads: { x: "f32" },
 *   writes: { y: "f32" },
 *   constants: ["size"],
 *   elements: ({ size }) => size,
 *   cpu({ x, y }, { size }) {
 *     for (let index = 0; index < size; index++) y[index] = 2 * x[index];
 *   },
 *   wgsl: `fn each(index: u32) { y[index] = 2 * x[index]; }`,
 * });
 * const backend = new CpuBackend();
 * const x = backend.from([1, 2, 3]), y = backend.allocate([3]);
 * backend.run(double, { x, y }, { size: 3 });
 * assertEquals(await backend.read(y), new Float32Array([2, 4, 6]));
 * ```
 *
 * @param definition The kernel.
 * @returns The same object.
 * @category Devices and tensors
 */
export function kernel<
  const Reads extends Bindings,
  const Writes extends Bindings,
  const Name extends string,
>(definition: Kernel<Reads, Writes, Name>): Kernel<Reads, Writes, Name> {
  return definition;
}

/**
 * Where tensors live and kernels run.
 *
 * @category Devices and tensors
 */
export interface Backend {
  /** `"cpu"`, `"wasm"` or `"webgpu"`. */
  readonly name: "cpu" | "wasm" | "webgpu";
  /** The processor, in words. */
  readonly device: string;
  /** What runs its shaders, if it has any: a kernel's caller may prepare its data by it. */
  readonly adapterClass?: AdapterClass;
  /** Bytes of device memory held now, live tensors and pooled ones together. */
  readonly bytes: number;
  /**
   * Makes a tensor. Outside every {@linkcode Backend.scope} it is full of zeros and lives as long as the backend;
   * inside one its content is undefined and it lives until the scope ends.
   */
  allocate(shape: Shape, dataType?: DataType): Tensor;
  /** Makes a tensor from an array of numbers; `Uint32Array` gives `"u32"`, everything else `"f32"`. */
  from(data: HostArray | readonly number[], shape?: Shape): Tensor;
  /** A tensor over part of another one's memory, from element `start` on, a multiple of 64. */
  view(tensor: Tensor, start: number, shape: Shape): Tensor;
  /** Copies host data into a tensor, after everything run so far. */
  write(tensor: Tensor, data: HostArray | readonly number[]): void;
  /** Waits for everything run so far and copies a tensor to the host. The only asynchronous operation. */
  read(tensor: Tensor): Promise<HostArray>;
  /** Runs a kernel. */
  run<Reads extends Bindings, Writes extends Bindings, Name extends string>(
    kernel: Kernel<Reads, Writes, Name>,
    tensors: TensorsOf<Reads & Writes>,
    constants: Constants<Name>,
  ): void;
  /**
   * Runs `body`, then takes back the memory of every tensor allocated in it. `body` must not be asynchronous. A tensor
   * it returns may still be passed to {@linkcode Backend.read}, at once, before anything else is run.
   */
  scope<Result>(body: () => Result): Result;
  /** Gives back the memory of tensors that were allocated outside every scope. They cannot be used afterwards. */
  free(...tensors: readonly Tensor[]): void;
  /** Gives all memory back. The backend cannot be used afterwards. */
  close(): void;
}
