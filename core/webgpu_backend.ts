/**
 * The backend that runs kernels on a GPU, through WebGPU.
 *
 * Runs are recorded into one compute pass and submitted together: when the host writes to memory (a write must not
 * overtake the runs before it), when it reads, and every so many runs, so that no submission lasts long enough for an
 * operating system to think the device hangs. Shaders are compiled once for each kernel and set of constants; bind
 * groups once for each set of buffers, which the {@linkcode BufferPool} makes the same in every step.
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
} from "./backend.ts";
import { BufferPool } from "./buffer_pool.ts";
import { checkLength } from "./cpu_backend.ts";
import { assembleShader } from "./shader.ts";
import { formatShape, sizeOf, Tensor } from "./tensor.ts";

/** A stretch of a GPU buffer. */
interface Storage {
  readonly buffer: GPUBuffer;
  /** Tells stretches apart in the keys of the bind group cache. */
  readonly id: number;
  /** Bytes from the start of the buffer, a multiple of 256. */
  readonly offset: number;
  /** Length in bytes. */
  readonly size: number;
}

/** What a kernel binds. */
type Bound = Pick<Kernel, "reads" | "writes" | "sizes">;

/** A compiled shader and its bind groups. */
interface Program {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroups: Map<string, GPUBindGroup>;
}

/** A program with the constants of one kind of run. */
interface Launch {
  readonly program: Program;
  readonly dispatch: readonly [number, number];
  /** The constants that the program receives when it runs. */
  readonly sizes?: Storage;
}

/** Runs recorded before they are submitted unasked. */
const RUNS_PER_SUBMIT = 128;

/** Bind groups kept for one program; more than this means that the buffers change every time. */
const BIND_GROUPS_PER_PROGRAM = 1024;

/** The device was lost: unplugged, reset by the operating system, or out of memory. */
export class DeviceLostError extends Error {
  /** `"DeviceLostError"`. */
  override readonly name = "DeviceLostError";
}

/** Runs kernels by their WGSL bodies. */
export class WebGpuBackend implements Backend {
  /** `"webgpu"`. */
  readonly name = "webgpu";
  /** The adapter, in words. */
  readonly device: string;
  /** Whether a GPU or a CPU runs the shaders. */
  readonly adapterClass: AdapterClass;
  /** Bytes of device memory held now. */
  bytes = 0;
  readonly #device: GPUDevice;
  readonly #pool: BufferPool<Storage>;
  readonly #launches = new Map<object, Map<string, Launch>>();
  readonly #programs = new Map<string, Program>();
  #encoder?: GPUCommandEncoder;
  #pass?: GPUComputePassEncoder;
  #runs = 0;
  #nextId = 0;
  #failure?: Error;
  #closed = false;

  /**
   * Used by {@linkcode WebGpuBackend.open}.
   *
   * @param device A device whose limits for buffers are those of its adapter.
   * @param info What the adapter says of itself.
   * @param adapterClass Overrides what is guessed from `info`, to test the shaders meant for the other class.
   */
  constructor(device: GPUDevice, info: GPUAdapterInfo, adapterClass?: AdapterClass) {
    this.#device = device;
    this.device = info.description || [info.vendor, info.architecture].filter(Boolean).join(" ") || "WebGPU";
    const software = info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|softpipe/i.test(this.device);
    this.adapterClass = adapterClass ?? (software ? "software" : "hardware");
    this.#pool = new BufferPool((size) => this.#create(size));
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#failure ??= new Error(
        `WebGPU refused a command: ${(event as GPUUncapturedErrorEvent).error.message}`,
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
   * @returns A backend, or undefined where there is no usable adapter.
   */
  static async open(adapterClass?: AdapterClass): Promise<WebGpuBackend | undefined> {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) return undefined;
    // The two limits that decide how large a model may be, and the ten tensors that attention's backward pass binds.
    const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
    const requiredLimits = {
      maxBufferSize,
      maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: Math.min(10, maxStorageBuffersPerShaderStage),
    };
    const device = await adapter.requestDevice({ requiredLimits });
    return new WebGpuBackend(device, adapter.info, adapterClass);
  }

  /** What the device allows: `maxBufferSize` for all parameters together, `maxStorageBufferBindingSize` for one tensor. */
  get limits(): GPUSupportedLimits {
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
    const size = Math.max(4, sizeOf(shape) * 4);
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
    const { buffer, offset } = tensor.storage as Storage;
    if (start % 64 !== 0) throw new RangeError(`Cannot view from element ${start}: it is no multiple of 64`);
    const storage = { buffer, id: this.#nextId++, offset: offset + start * 4, size: sizeOf(shape) * 4 };
    return new Tensor(this, shape, tensor.dataType, storage);
  }

  /** See {@linkcode Backend.write}. */
  write(tensor: Tensor, data: HostArray | readonly number[]): void {
    checkLength(tensor, data.length);
    this.#submit(); // what was recorded so far must run before the new data is there
    const { buffer, offset } = tensor.storage as Storage;
    const exact = tensor.dataType === "u32"
      ? (data instanceof Uint32Array ? data : Uint32Array.from(data))
      : (data instanceof Float32Array ? data : Float32Array.from(data));
    this.#device.queue.writeBuffer(buffer, offset, exact as BufferSource);
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
      await Promise.resolve(); // lets a lost device say so first
      throw this.#failure ?? error;
    }
    if (this.#failure) throw this.#failure;
    const bytes = staging.getMappedRange().slice(0);
    staging.destroy();
    return tensor.dataType === "u32" ? new Uint32Array(bytes) : new Float32Array(bytes);
  }

  /** See {@linkcode Backend.run}. */
  run<Reads extends Bindings, Writes extends Bindings, Name extends string>(
    kernel: Kernel<Reads, Writes, Name>,
    tensors: TensorsOf<Reads & Writes>,
    constants: Constants<Name>,
  ): void {
    if (this.#failure) throw this.#failure;
    const { program, dispatch, sizes } = this.#launch(kernel, constants);
    const bound = tensors as Readonly<Record<string, Tensor>>;
    const storages: Storage[] = [];
    let key = "";
    for (const bindings of [kernel.reads, kernel.writes]) {
      for (const name in bindings) {
        const storage = bound[name].storage as Storage;
        storages.push(storage);
        key += storage.id + " ";
      }
    }
    if (sizes) {
      storages.push(sizes);
      key += sizes.id;
    }
    let bindGroup = program.bindGroups.get(key);
    if (bindGroup === undefined) {
      this.#checkBindings(kernel.name, bound, storages);
      const entries = storages.map(({ buffer, offset, size }, binding) => ({
        binding,
        resource: { buffer, offset, size },
      }));
      bindGroup = this.#device.createBindGroup({
        label: kernel.name,
        layout: program.pipeline.getBindGroupLayout(0),
        entries,
      });
      if (program.bindGroups.size === BIND_GROUPS_PER_PROGRAM) program.bindGroups.clear();
      program.bindGroups.set(key, bindGroup);
    }
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(program.pipeline);
    this.#pass.setBindGroup(0, bindGroup);
    this.#pass.dispatchWorkgroups(...dispatch);
    if (++this.#runs === RUNS_PER_SUBMIT) this.#submit();
  }

  #launch<Reads extends Bindings, Writes extends Bindings, Name extends string>(
    kernel: Kernel<Reads, Writes, Name>,
    constants: Constants<Name>,
  ): Launch {
    let launches = this.#launches.get(kernel);
    if (launches === undefined) this.#launches.set(kernel, launches = new Map());
    let key = "";
    for (const name of kernel.constants) key += constants[name] + " ";
    let launch = launches.get(key);
    if (launch === undefined) {
      const { code, dispatch } = assembleShader(kernel, constants, this.adapterClass);
      let program = this.#programs.get(code);
      if (program === undefined) this.#programs.set(code, program = this.#compile(kernel, code));
      const sizes = kernel.sizes && this.#upload(Uint32Array.from(kernel.sizes, (name) => constants[name]));
      launches.set(key, launch = { program, dispatch, sizes });
    }
    return launch;
  }

  #compile(kernel: Bound & { name: string }, code: string): Program {
    const pipeline = this.#device.createComputePipeline({
      label: kernel.name,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [this.#bindingLayout(kernel)] }),
      compute: { module: this.#device.createShaderModule({ label: kernel.name, code }) },
    });
    return { pipeline, bindGroups: new Map() };
  }

  /** A buffer that holds the same numbers for ever. */
  #upload(data: Uint32Array): Storage {
    const storage = this.#create(data.byteLength);
    this.#device.queue.writeBuffer(storage.buffer, 0, data as BufferSource);
    return storage;
  }

  /** Spelled out, because a layout made from the shader leaves out tensors that a variant of it does not use. */
  #bindingLayout({ reads, writes, sizes }: Bound): GPUBindGroupLayout {
    const types = [
      ...Object.keys(reads).map(() => "read-only-storage"),
      ...Object.keys(writes).map(() => "storage"),
    ];
    if (sizes) types.push("read-only-storage");
    const entries = types.map((type, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: type as GPUBufferBindingType },
    }));
    return this.#device.createBindGroupLayout({ entries });
  }

  #checkBindings(
    name: string,
    tensors: Readonly<Record<string, Tensor>>,
    storages: readonly Storage[],
  ): void {
    const limit = this.#device.limits.maxStorageBufferBindingSize;
    if (storages.every(({ size }) => size <= limit)) return;
    const shapes = Object.entries(tensors).map(([key, tensor]) => `${key} ${formatShape(tensor.shape)}`).join(
      ", ",
    );
    throw new RangeError(
      `Cannot run ${name} on ${this.device}: it binds at most ${limit} bytes at once (${shapes}); ` +
        `use a smaller batch, context or vocabulary`,
    );
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
