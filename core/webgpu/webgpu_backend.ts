/**
 * The backend that runs kernels on a GPU, through WebGPU.
 *
 * Runs are recorded into one compute pass and submitted together: when the host writes to memory (a write must not
 * overtake the runs before it), when it reads, and every so many runs, so that no submission lasts long enough for an
 * operating system to think the device hangs. What a run needs, a compiled shader and a bind group, is made once and
 * kept (`webgpu_programs.ts`); the {@linkcode BufferPool} makes every step the same.
 *
 * @module
 */

import type {
  AdapterClass,
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
import { checkTensors } from "../cpu_backend.ts";
import { halfBits, halfValue } from "../half.ts";
import { checkLength, checkView, sizeOf, Tensor } from "../tensor.ts";
import { HALF_FEATURES, openDevice, type OpenedDevice } from "./webgpu_device.ts";
import { type Storage, WebGpuPrograms } from "./webgpu_programs.ts";

/** Kernels recorded before they are submitted without waiting for a read or write. */
const RUNS_PER_SUBMIT = 128;

/**
 * The device was lost: unplugged, reset by the operating system, or out of memory.
 *
 * @category Devices and tensors
 */
export class DeviceLostError extends Error {
  /** `"DeviceLostError"`. */
  override readonly name = "DeviceLostError";
}

/**
 * What a device allows, in bytes.
 *
 * @category Devices and tensors
 */
export interface WebGpuLimits {
  /** The largest buffer, which holds all parameters together. */
  readonly maxBufferSize: number;
  /** The largest part of a buffer that a kernel reads or writes: a tensor. */
  readonly maxStorageBufferBindingSize: number;
}

/**
 * Runs kernels by their WGSL bodies.
 *
 * @category Devices and tensors
 */
export class WebGpuBackend implements Backend {
  /** `"webgpu"`. */
  readonly name = "webgpu";
  /** The adapter, in words. */
  readonly device: string;
  /** Whether a GPU or a CPU runs the shaders. */
  readonly adapterClass: AdapterClass;
  /** Lanes of the subgroups that reductions use, if they do. */
  readonly subgroupSize?: number;
  /** Bytes of device memory held now. */
  bytes = 0;
  readonly #device: GPUDevice;
  readonly #pool: BufferPool<Storage>;
  readonly #programs: WebGpuPrograms;
  #encoder?: GPUCommandEncoder;
  #pass?: GPUComputePassEncoder;
  #runs = 0;
  #nextId = 0;
  #failure?: Error;
  #closed = false;

  /**
   * Used by {@linkcode WebGpuBackend.open}.
   *
   * @param opened A device.
   * @param adapterClass Which shaders it runs.
   */
  private constructor({ device, name, subgroups }: OpenedDevice, adapterClass: AdapterClass) {
    this.#device = device;
    this.device = name;
    this.adapterClass = adapterClass;
    this.subgroupSize = subgroups?.size;
    this.#pool = new BufferPool((size) => this.#create(size));
    this.#programs = new WebGpuPrograms(device, adapterClass, (size) => this.#create(size), subgroups);
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#failure ??= new Error(
        `WebGPU rejected a command: ${(event as GPUUncapturedErrorEvent).error.message}`,
      );
    });
    device.lost.then(({ message }) => {
      if (!this.#closed) {
        this.#failure = new DeviceLostError(`The GPU device was lost: ${message || "no reason given"}`);
      }
    });
  }

  /**
   * Opens the default adapter, hardware or software.
   *
   * @param adapterClass Overrides the class of the adapter; for tests.
   * @param options Whether reductions may use subgroups, where the device has them; they have the same bits without.
   * @returns A backend, or undefined where there is no usable adapter.
   */
  static async open(
    adapterClass?: AdapterClass,
    options: { readonly subgroups?: boolean } = {},
  ): Promise<WebGpuBackend | undefined> {
    const opened = await openDevice(options.subgroups ?? true);
    return opened && new WebGpuBackend(opened, adapterClass ?? opened.adapterClass);
  }

  /** Whether it has tensors of half precision. */
  get halves(): boolean {
    return HALF_FEATURES.every((feature) => this.#device.features.has(feature));
  }

  /** What the device allows. */
  get limits(): WebGpuLimits {
    return this.#device.limits;
  }

  #create(size: number): Storage {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    if (size > maxBufferSize) {
      throw new RangeError(
        `Cannot allocate ${size} bytes in one piece: ${this.device} allows ${maxBufferSize} ` +
          `(${maxStorageBufferBindingSize} in one binding)`,
      );
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer({ size, usage });
    this.bytes += size;
    return { buffer, id: this.#nextId++, offset: 0, size };
  }

  /** See {@linkcode Backend.allocate}. */
  allocate(shape: Shape, dataType: DataType = "f32"): Tensor {
    if (dataType === "f16" && !this.halves) {
      throw new RangeError(
        `Cannot use f16 on ${this.device}: it lacks the WebGPU feature ${HALF_FEATURES}; use precision f32`,
      );
    }
    const size = Math.max(4, Math.ceil(sizeOf(shape) * bytesOf(dataType) / 4) * 4); // of whole words
    return new Tensor(this, shape, dataType, this.#pool.scoped ? this.#pool.take(size) : this.#create(size));
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
    const { buffer, offset } = tensor.storage as Storage;
    const bytes = bytesOf(tensor.dataType), size = Math.ceil(sizeOf(shape) * bytes / 4) * 4;
    const storage = { buffer, id: this.#nextId++, offset: offset + start * bytes, size };
    return new Tensor(this, shape, tensor.dataType, storage);
  }

  /** See {@linkcode Backend.write}. */
  write(tensor: Tensor, data: HostArray | readonly number[]): void {
    checkLength(tensor, data.length);
    this.#submit(); // what was recorded so far must run before the new data is there
    const { buffer, offset } = tensor.storage as Storage;
    this.#device.queue.writeBuffer(buffer, offset, exactly(data, tensor.dataType) as BufferSource);
  }

  /** See {@linkcode Backend.read}. */
  async read(tensor: Tensor): Promise<HostArray> {
    const { buffer, offset, size } = tensor.storage as Storage;
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const staging = this.#device.createBuffer({ size, usage });
    this.#pass?.end();
    this.#pass = undefined;
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
    this.#submit();
    try {
      await staging.mapAsync(GPUMapMode.READ);
    } catch (error) {
      await Promise.resolve(); // the handler of a lost device runs first
      throw this.#failure ?? error;
    }
    if (this.#failure) throw this.#failure;
    const bytes = staging.getMappedRange().slice(0);
    staging.destroy();
    if (tensor.dataType === "f16") {
      return Float32Array.from(new Uint16Array(bytes, 0, tensor.size), halfValue);
    }
    return tensor.dataType === "u32" ? new Uint32Array(bytes) : new Float32Array(bytes);
  }

  /** See {@linkcode Backend.run}. */
  run<Reads extends Bindings, Writes extends Bindings, Name extends string>(
    kernel: Kernel<Reads, Writes, Name>,
    tensors: TensorsOf<Reads & Writes>,
    constants: Constants<Name>,
  ): void {
    if (this.#failure) throw this.#failure;
    checkTensors(this, kernel, tensors);
    const { program, dispatch, sizes } = this.#programs.launch(kernel, constants);
    const bindGroup = this.#programs.bind(kernel, program, tensors, sizes);
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(program.pipeline);
    this.#pass.setBindGroup(0, bindGroup);
    this.#pass.dispatchWorkgroups(...dispatch);
    if (++this.#runs === RUNS_PER_SUBMIT) this.#submit();
  }

  #submit(): void {
    if (this.#encoder === undefined) return;
    this.#pass?.end();
    this.#device.queue.submit([this.#encoder.finish()]);
    this.#encoder = this.#pass = undefined;
    this.#runs = 0;
  }

  /** See {@linkcode Backend.scope}. */
  scope<Result>(body: () => Result): Result {
    return this.#pool.scope(body);
  }

  /** See {@linkcode Backend.free}. */
  free(...tensors: readonly Tensor[]): void {
    this.#submit(); // what was recorded may use them
    for (const { storage } of tensors) {
      const { buffer, size } = storage as Storage;
      buffer.destroy();
      this.bytes -= size;
    }
  }

  /** See {@linkcode Backend.close}. */
  close(): void {
    this.#closed = true;
    this.#submit();
    this.#device.destroy();
  }
}

/** Bytes of an element. */
const bytesOf = (dataType: DataType): number => dataType === "f16" ? 2 : 4;

/** Numbers as the device stores them: whole words, so that an odd number of halves is followed by a zero. */
function exactly(data: HostArray | readonly number[], dataType: DataType): Uint16Array | HostArray {
  if (dataType === "u32") return data instanceof Uint32Array ? data : Uint32Array.from(data);
  if (dataType === "f32") return data instanceof Float32Array ? data : Float32Array.from(data);
  const halves = new Uint16Array(data.length + data.length % 2);
  halves.set(Array.from(data, halfBits));
  return halves;
}
