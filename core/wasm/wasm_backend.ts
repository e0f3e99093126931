/**
 * The backend for every processor: kernels run as WebAssembly, on several threads.
 *
 * All tensors live in one memory. A kernel that has a `wasm` body runs it; every other one runs its `cpu` body on the same
 * memory, seen as typed arrays. The specification of WebAssembly leaves no choice in how 32-bit numbers are rounded, and
 * the work is cut into pieces by sizes alone: so a computation gives the same bits on every processor, in every engine,
 * with any number of threads.
 *
 * @module
 */

import type {
  ArraysOf,
  Backend,
  Bindings,
  Constants,
  DataType,
  HostArray,
  Kernel,
  Shape,
  TensorsOf,
} from "../backend.ts";
import { BufferPool } from "../buffer_pool.ts";
import { roundToHalf } from "../half.ts";
import { checkMemory, checkTensors } from "../cpu_backend.ts";
import { checkLength, checkView, sizeOf, Tensor } from "../tensor.ts";
import { WasmMemory } from "./wasm_memory.ts";
import { moduleOf, TYPES } from "./wasm_binary.ts";
import { assembleWasm, type WasmPass } from "./wasm_pass.ts";
import { CONTROL_BYTES, openWasmThreads, type WasmThreads } from "./wasm_threads.ts";
import { countProcessors, whyNoThreads } from "./workers.ts";

/**
 * Options of {@linkcode WasmBackend.open}.
 *
 * @category Devices and tensors
 */
export interface WasmBackendOptions {
  /** Threads to compute with; as many as the machine has processors unless given. */
  threads?: number;
  /** Whether scoped memory starts as NaN instead of whatever was there. */
  poison?: boolean;
}

/** A range of the memory, and the array that shows it. */
interface Storage {
  /** What was allocated together, of which this may be a part. */
  readonly buffer: object;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Made again when the memory has grown. */
  array: HostArray;
}

/** Where the arguments of a run are written: after what the threads keep. */
const BLOCK = CONTROL_BYTES, BLOCK_BYTES = 1024;

/** More threads than this gain nothing: there are not that many pieces. */
const MAX_THREADS = 256;

/**
 * Runs kernels by their `wasm` bodies, and by their `cpu` bodies where they have none.
 *
 * @category Devices and tensors
 */
export class WasmBackend implements Backend {
  /** `"wasm"`. */
  readonly name = "wasm";
  /** WebAssembly and the number of threads, in words; and why there is only one where more were requested. */
  readonly device: string;
  /** Bytes held now. */
  bytes = 0;
  readonly #memory: WasmMemory;
  readonly #threads: WasmThreads;
  readonly #poison: boolean;
  readonly #pools: Record<DataType, BufferPool<Storage>>;
  /** Numbers of compiled passes, by kernel, and within it by pass and values of the switches. */
  readonly #compiled = new Map<object, Map<string, number>>();
  /** Arguments of the function that runs, as integers and as floats. */
  #integers: Int32Array = new Int32Array(0);
  #floats: Float32Array = new Float32Array(0);
  #scratch = { address: 0, bytes: 0 };
  #shared = { address: 0, bytes: 0 };

  private constructor(memory: WasmMemory, threads: WasmThreads, device: string, poison: boolean) {
    this.#memory = memory;
    this.#threads = threads;
    this.#poison = poison;
    this.device = device;
    const floats = new BufferPool((size) => this.#create(size, "f32"));
    this.#pools = { f32: floats, f16: floats, u32: new BufferPool((size) => this.#create(size, "u32")) };
  }

  /** Whether this engine runs WebAssembly with vectors, as all do since 2023. */
  static get available(): boolean {
    return typeof WebAssembly === "object" && WebAssembly.validate(moduleOf([TYPES.v128], [], false));
  }

  /**
   * Makes a memory and begins the threads.
   *
   * @param options See {@linkcode WasmBackendOptions}.
   * @returns The backend; with one thread where several are not possible, which `device` then says.
   * @throws {RangeError} If the number of threads is not a positive integer.
   * @throws {Error} If the engine does not run WebAssembly with vectors.
   */
  static async open(options: WasmBackendOptions = {}): Promise<WasmBackend> {
    const { threads = countProcessors(), poison = false } = options;
    if (!WasmBackend.available) throw new Error("This engine does not run WebAssembly with vectors (SIMD)");
    if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
      throw new RangeError(`Cannot start ${threads} threads: expected an integer from 1 to ${MAX_THREADS}`);
    }
    const obstacle = threads > 1 ? whyNoThreads() : undefined, count = obstacle ? 1 : threads;
    const memory = new WasmMemory(count > 1, BLOCK + BLOCK_BYTES);
    const pool = await openWasmThreads(memory.memory, 0, count);
    const words = `WebAssembly, ${count} thread${count === 1 ? "" : "s"}`;
    return new WasmBackend(memory, pool, obstacle ? `${words}: ${obstacle}` : words, poison);
  }

  #arrayAt(dataType: DataType, byteOffset: number, size: number): HostArray {
    const { buffer } = this.#memory.memory;
    return dataType === "u32"
      ? new Uint32Array(buffer, byteOffset, size)
      : new Float32Array(buffer, byteOffset, size);
  }

  #create(size: number, dataType: DataType): Storage {
    const byteLength = size * 4, byteOffset = this.#memory.take(byteLength);
    this.bytes += byteLength;
    return { buffer: {}, byteOffset, byteLength, array: this.#arrayAt(dataType, byteOffset, size) };
  }

  /** The array of a tensor. */
  #array({ storage, dataType }: Tensor): HostArray {
    const shown = storage as Storage;
    if (shown.array.buffer !== this.#memory.memory.buffer) {
      shown.array = this.#arrayAt(dataType, shown.byteOffset, shown.byteLength / 4);
    }
    return shown.array;
  }

  /** See {@linkcode Backend.allocate}. */
  allocate(shape: Shape, dataType: DataType = "f32"): Tensor {
    const size = sizeOf(shape), pool = this.#pools[dataType];
    const tensor = new Tensor(
      this,
      shape,
      dataType,
      pool.scoped ? pool.take(size) : this.#create(size, dataType),
    );
    if (this.#poison && pool.scoped) this.#array(tensor).fill(dataType === "u32" ? 0xffffffff : NaN);
    return tensor;
  }

  /** See {@linkcode Backend.from}. */
  from(data: HostArray | readonly number[], shape: Shape = [data.length]): Tensor {
    const tensor = this.allocate(shape, data instanceof Uint32Array ? "u32" : "f32");
    this.write(tensor, data);
    return tensor;
  }

  /** See {@linkcode Backend.view}. */
  view(tensor: Tensor, start: number, shape: Shape): Tensor {
    checkView(tensor, start, shape);
    const { buffer, byteOffset: from } = tensor.storage as Storage, size = sizeOf(shape);
    const byteOffset = from + start * 4, array = this.#arrayAt(tensor.dataType, byteOffset, size);
    return new Tensor(this, shape, tensor.dataType, { buffer, byteOffset, byteLength: size * 4, array });
  }

  /** See {@linkcode Backend.write}. */
  write(tensor: Tensor, data: HostArray | readonly number[]): void {
    checkLength(tensor, data.length);
    this.#array(tensor).set(tensor.dataType === "f16" ? Array.from(data, roundToHalf) : data);
  }

  /** See {@linkcode Backend.read}. */
  read(tensor: Tensor): Promise<HostArray> {
    return Promise.resolve(this.#array(tensor).slice());
  }

  /** See {@linkcode Backend.run}. */
  run<Reads extends Bindings, Writes extends Bindings, Name extends string>(
    kernel: Kernel<Reads, Writes, Name>,
    tensors: TensorsOf<Reads & Writes>,
    constants: Constants<Name>,
  ): void {
    checkTensors(this, kernel, tensors);
    const storages: Record<string, Storage> = {};
    for (const name in tensors) storages[name] = tensors[name].storage as Storage;
    checkMemory(kernel, storages);
    if (kernel.wasm === undefined) {
      const arrays: Record<string, HostArray> = {};
      for (const name in tensors) arrays[name] = this.#array(tensors[name]);
      kernel.cpu(arrays as ArraysOf<Reads & Writes>, constants);
      return;
    }
    const passes = kernel.wasm as readonly WasmPass[];
    for (const { shared, scratch } of passes) {
      if (shared) this.#reserve(this.#shared, shared(constants));
      if (scratch) this.#reserve(this.#scratch, align(scratch(constants)) * this.#threads.count);
    }
    if (this.#integers.buffer !== this.#memory.memory.buffer) {
      this.#integers = new Int32Array(this.#memory.memory.buffer, BLOCK, BLOCK_BYTES / 4);
      this.#floats = new Float32Array(this.#memory.memory.buffer, BLOCK, BLOCK_BYTES / 4);
    }
    let at = 0;
    for (const bindings of [kernel.reads, kernel.writes]) {
      for (const name in bindings) this.#integers[at++] = storages[name].byteOffset;
    }
    this.#integers[at++] = this.#shared.address;
    for (const name of kernel.constants) {
      this.#integers[at++] = constants[name];
      this.#floats[at++] = constants[name];
    }
    for (const pass of passes) {
      const pieces = pass.pieces(constants);
      if (pieces === 0) continue; // this pass is for other sizes
      const scratchBytes = pass.scratch ? align(pass.scratch(constants)) : 0;
      const id = this.#compile(kernel as unknown as Kernel, pass, constants);
      this.#threads.run(id, pieces, this.#scratch.address, scratchBytes, [BLOCK]);
    }
  }

  /** Makes sure that memory for intermediate results is large enough. */
  #reserve(held: { address: number; bytes: number }, bytes: number): void {
    if (bytes <= held.bytes) return;
    if (held.bytes > 0) this.#memory.give(held.address, held.bytes);
    this.bytes -= held.bytes;
    held.bytes = 0; // until there is more, for there may be none
    held.address = this.#memory.take(bytes);
    this.bytes += held.bytes = bytes;
  }

  #compile(kernel: Kernel, pass: WasmPass, constants: Constants): number {
    // not by pass alone: in another kernel the same pass finds its arguments in other places
    let variants = this.#compiled.get(kernel);
    if (variants === undefined) this.#compiled.set(kernel, variants = new Map());
    let key = `${kernel.wasm!.indexOf(pass)}`;
    for (const name of pass.switches ?? []) key += ` ${constants[name]}`;
    let id = variants.get(key);
    if (id === undefined) {
      id = this.#threads.define(assembleWasm(kernel, pass, constants, this.#memory.shared));
      variants.set(key, id);
    }
    return id;
  }

  /** See {@linkcode Backend.scope}. */
  scope<Result>(body: () => Result): Result {
    return this.#pools.f32.scope(() => this.#pools.u32.scope(body));
  }

  /** See {@linkcode Backend.free}. */
  free(...tensors: readonly Tensor[]): void {
    for (const { storage } of tensors) {
      const { byteOffset, byteLength } = storage as Storage;
      this.#memory.give(byteOffset, byteLength);
      this.bytes -= byteLength;
    }
  }

  /** See {@linkcode Backend.close}. */
  close(): void {
    this.#threads.close();
  }
}

/** Rounds up to whole cache lines. */
function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
