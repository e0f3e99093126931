/**
 * The reference backend: host arrays, and the `cpu` body of every kernel.
 *
 * With `Float64Array` it computes in double precision, which central differences need; with `poison` it fills scoped
 * memory with NaN, so that a kernel that forgets to write an element is found. What WebGPU refuses is refused here too, so
 * that what runs on the CPU runs on a GPU.
 *
 * @module
 */

import type {
  ArraysOf,
  Backend,
  Bindings,
  Constants,
  DataType,
  Floats,
  HostArray,
  Kernel,
  Shape,
  TensorsOf,
} from "./backend.ts";
import { BufferPool } from "./buffer_pool.ts";
import { roundToHalf } from "./half.ts";
import { checkLength, checkView, sizeOf, Tensor } from "./tensor.ts";

/**
 * Options of {@linkcode CpuBackend}.
 *
 * @category Devices and tensors
 */
export interface CpuBackendOptions {
  /** The array for floats: `Float32Array` (default), or `Float64Array` for gradient checks. */
  floats?: Float32ArrayConstructor | Float64ArrayConstructor;
  /** Whether scoped memory starts as NaN instead of whatever was there. */
  poison?: boolean;
}

/**
 * Runs kernels by calling their `cpu` bodies.
 *
 * @category Devices and tensors
 */
export class CpuBackend implements Backend {
  /** `"cpu"`. */
  readonly name = "cpu";
  /** The processor, in words. */
  readonly device: string;
  /** Bytes held now. */
  bytes = 0;
  readonly #floats: Float32ArrayConstructor | Float64ArrayConstructor;
  readonly #poison: boolean;
  readonly #pools: Record<DataType, BufferPool<HostArray>>;

  /**
   * Makes a backend.
   *
   * @param options See {@linkcode CpuBackendOptions}.
   */
  constructor(options: CpuBackendOptions = {}) {
    this.#floats = options.floats ?? Float32Array;
    this.#poison = options.poison ?? false;
    const floats = new BufferPool((size) => this.#create(size, "f32"));
    this.#pools = { f32: floats, f16: floats, u32: new BufferPool((size) => this.#create(size, "u32")) };
    this.device = `CPU reference, ${this.#floats === Float32Array ? 32 : 64}-bit floats`;
  }

  #create(size: number, dataType: DataType): HostArray {
    const array = dataType === "u32" ? new Uint32Array(size) : new this.#floats(size);
    this.bytes += array.byteLength;
    return array;
  }

  /** See {@linkcode Backend.allocate}. */
  allocate(shape: Shape, dataType: DataType = "f32"): Tensor {
    const size = sizeOf(shape), pool = this.#pools[dataType];
    const array = pool.scoped ? pool.take(size) : this.#create(size, dataType);
    if (this.#poison && pool.scoped) array.fill(dataType === "u32" ? 0xffffffff : NaN);
    return new Tensor(this, shape, dataType, array);
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
    const array = tensor.storage as HostArray;
    return new Tensor(this, shape, tensor.dataType, array.subarray(start, start + sizeOf(shape)));
  }

  /** See {@linkcode Backend.write}. */
  write(tensor: Tensor, data: HostArray | readonly number[]): void {
    checkLength(tensor, data.length);
    (tensor.storage as Floats).set(tensor.dataType === "f16" ? Array.from(data, roundToHalf) : data);
  }

  /** See {@linkcode Backend.read}. */
  read(tensor: Tensor): Promise<HostArray> {
    return Promise.resolve((tensor.storage as HostArray).slice());
  }

  /** See {@linkcode Backend.run}. */
  run<Reads extends Bindings, Writes extends Bindings, Name extends string>(
    kernel: Kernel<Reads, Writes, Name>,
    tensors: TensorsOf<Reads & Writes>,
    constants: Constants<Name>,
  ): void {
    checkTensors(this, kernel, tensors);
    const arrays: Record<string, HostArray> = {};
    for (const name in tensors) arrays[name] = tensors[name].storage as HostArray;
    checkMemory(kernel, arrays);
    kernel.cpu(arrays as ArraysOf<Reads & Writes>, constants);
  }

  /** See {@linkcode Backend.scope}. */
  scope<Result>(body: () => Result): Result {
    return this.#pools.f32.scope(() => this.#pools.u32.scope(body));
  }

  /** See {@linkcode Backend.free}. */
  free(...tensors: readonly Tensor[]): void {
    for (const { storage } of tensors) this.bytes -= (storage as HostArray).byteLength;
  }

  /** See {@linkcode Backend.close}. */
  close(): void {}
}

/**
 * Checks that all tensors of a run belong to the backend that is to run the kernel, and hold what the kernel expects.
 *
 * @param backend The backend.
 * @param kernel The kernel.
 * @param tensors Its tensors, by name.
 * @throws {TypeError} If one belongs to another backend, or holds another type of number.
 */
export function checkTensors(
  backend: Backend,
  { name, reads, writes }: Pick<Kernel, "name" | "reads" | "writes">,
  tensors: Readonly<Record<string, Tensor>>,
): void {
  for (const tensor in tensors) {
    const { backend: owner, dataType } = tensors[tensor], expected = reads[tensor] ?? writes[tensor];
    if (dataType !== expected) {
      throw new TypeError(`Cannot run ${name}: ${tensor} holds ${dataType}, expected ${expected}`);
    }
    if (owner === backend) continue;
    void owner.name; // that of a parameter without memory throws, and says what is missing
    throw new TypeError(
      `Cannot run ${name}: ${tensor} belongs to another backend; all tensors must be on one`,
    );
  }
}

/** Part of a piece of memory that was allocated together; a typed array is one. */
interface MemoryRange {
  readonly buffer: object;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/**
 * Checks that memory which a kernel writes is bound under one name only. Invocations run in any order: read by another
 * name, it would hold the old value or the new one. WebGPU tracks whole buffers, so other parts of a buffer that is written
 * may not be read either.
 *
 * @param kernel The kernel.
 * @param arrays Its tensors, by name.
 * @throws {TypeError} If one memory has two names.
 */
export function checkMemory(
  { name, writes }: Pick<Kernel, "name" | "writes">,
  arrays: Readonly<Record<string, MemoryRange>>,
): void {
  for (const written in writes) {
    const { buffer, byteOffset, byteLength } = arrays[written];
    for (const other in arrays) {
      if (other === written || arrays[other].buffer !== buffer) continue;
      const apart = byteOffset + byteLength <= arrays[other].byteOffset ||
        arrays[other].byteOffset + arrays[other].byteLength <= byteOffset;
      if (other in writes && apart) continue;
      throw new TypeError(`Cannot run ${name}: it writes ${written}, and ${other} is in the same memory`);
    }
  }
}
