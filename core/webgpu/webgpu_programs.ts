/**
 * What WebGPU needs before a kernel can run, made once and kept.
 *
 * A *program* is a compiled shader. Compiling takes from milliseconds on a GPU's driver to a second where shaders run on a
 * CPU, so kernels that write the same text share one. A *launch* is a program with the constants of one kind of run: how
 * many workgroups, and the sizes that the shader reads when it runs. A *bind group* ties a program to buffers.
 *
 * @module
 */

import type { AdapterClass, Bindings, Constants, Kernel, TensorsOf } from "../backend.ts";
import type { Subgroups } from "./reductions_wgsl.ts";
import { assembleShader } from "./shader.ts";
import { formatShape, type Tensor } from "../tensor.ts";

/** A range of a GPU buffer. */
export interface Storage {
  /** The buffer. */
  readonly buffer: GPUBuffer;
  /** Unique for each range. */
  readonly id: number;
  /** Bytes from the start of the buffer, a multiple of 256. */
  readonly offset: number;
  /** Length in bytes. */
  readonly size: number;
}

/** A compiled shader and its bind groups. */
export interface Program {
  /** The compiled shader. */
  readonly pipeline: GPUComputePipeline;
  /** By the ids of the ranges they bind. */
  readonly bindGroups: Map<string, GPUBindGroup>;
}

/** A program with the constants of one kind of run. */
export interface Launch {
  /** The program. */
  readonly program: Program;
  /** Workgroups in x and y. */
  readonly dispatch: readonly [number, number];
  /** The constants that the program receives when it runs. */
  readonly sizes?: Storage;
}

/** What a kernel binds. */
type Bound = Pick<Kernel, "name" | "reads" | "writes" | "sizes">;

/** Bind groups kept for one program; more than this means that the buffers change every time. */
const BIND_GROUPS_PER_PROGRAM = 1024;

/** Compiled shaders and bind groups of one device. */
export class WebGpuPrograms {
  readonly #device: GPUDevice;
  readonly #adapterClass: AdapterClass;
  readonly #allocate: (size: number) => Storage;
  readonly #subgroups?: Subgroups;
  readonly #launches = new Map<object, Map<string, Launch>>();
  readonly #programs = new Map<string, Program>();

  /**
   * Begins with nothing compiled.
   *
   * @param device The device.
   * @param adapterClass What runs its shaders.
   * @param allocate Makes a buffer of a number of bytes.
   * @param subgroups What its reductions may use.
   */
  constructor(
    device: GPUDevice,
    adapterClass: AdapterClass,
    allocate: (size: number) => Storage,
    subgroups?: Subgroups,
  ) {
    this.#device = device;
    this.#adapterClass = adapterClass;
    this.#allocate = allocate;
    this.#subgroups = subgroups;
  }

  /**
   * The program and dispatch size for a kernel with these constants.
   *
   * @param kernel The kernel.
   * @param constants Its constants.
   * @returns The launch, the same object every time.
   */
  launch<Reads extends Bindings, Writes extends Bindings, Name extends string>(
    kernel: Kernel<Reads, Writes, Name>,
    constants: Constants<Name>,
  ): Launch {
    let launches = this.#launches.get(kernel);
    if (launches === undefined) this.#launches.set(kernel, launches = new Map());
    let key = "";
    for (const name of kernel.constants) key += constants[name] + " ";
    let launch = launches.get(key);
    if (launch === undefined) {
      const { code, dispatch } = assembleShader(kernel, constants, this.#adapterClass, this.#subgroups);
      let program = this.#programs.get(code);
      if (program === undefined) this.#programs.set(code, program = this.#compile(kernel, code));
      const sizes = kernel.sizes && this.#upload(Uint32Array.from(kernel.sizes, (name) => constants[name]));
      launches.set(key, launch = { program, dispatch, sizes });
    }
    return launch;
  }

  /**
   * The bind group for a program and tensors.
   *
   * @param kernel The kernel, for the order of its tensors.
   * @param program Its program.
   * @param tensors Its tensors.
   * @param sizes The sizes that the program reads, bound last.
   * @returns The bind group, the same object for the same memory.
   * @throws {RangeError} If a tensor is larger than the device can bind.
   */
  bind<Reads extends Bindings, Writes extends Bindings>(
    kernel: Bound,
    program: Program,
    tensors: TensorsOf<Reads & Writes>,
    sizes: Storage | undefined,
  ): GPUBindGroup {
    const named = tensors as Readonly<Record<string, Tensor>>, storages: Storage[] = [];
    let key = "";
    for (const bindings of [kernel.reads, kernel.writes]) {
      for (const name in bindings) {
        const storage = named[name].storage as Storage;
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
      this.#checkSizes(kernel.name, named, storages);
      const layout = program.pipeline.getBindGroupLayout(0);
      const entries = storages.map(({ buffer, offset, size }, binding) => ({
        binding,
        resource: { buffer, offset, size },
      }));
      bindGroup = this.#device.createBindGroup({ label: kernel.name, layout, entries });
      if (program.bindGroups.size === BIND_GROUPS_PER_PROGRAM) program.bindGroups.clear();
      program.bindGroups.set(key, bindGroup);
    }
    return bindGroup;
  }

  #compile(kernel: Bound, code: string): Program {
    const pipeline = this.#device.createComputePipeline({
      label: kernel.name,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [this.#layoutOf(kernel)] }),
      compute: { module: this.#device.createShaderModule({ label: kernel.name, code }) },
    });
    return { pipeline, bindGroups: new Map() };
  }

  /** Spelled out, because a layout made from the shader leaves out tensors that a variant of it does not use. */
  #layoutOf({ reads, writes, sizes }: Bound): GPUBindGroupLayout {
    const types: GPUBufferBindingType[] = Object.keys(reads).map(() => "read-only-storage");
    for (const _ in writes) types.push("storage");
    if (sizes) types.push("read-only-storage");
    return this.#device.createBindGroupLayout({
      entries: types.map((type, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type },
      })),
    });
  }

  /** A buffer whose content never changes. */
  #upload(data: Uint32Array): Storage {
    const storage = this.#allocate(data.byteLength);
    this.#device.queue.writeBuffer(storage.buffer, 0, data as BufferSource);
    return storage;
  }

  #checkSizes(name: string, tensors: Readonly<Record<string, Tensor>>, storages: readonly Storage[]): void {
    const limit = this.#device.limits.maxStorageBufferBindingSize;
    if (storages.every(({ size }) => size <= limit)) return;
    const shapes = Object.entries(tensors).map(([key, tensor]) => `${key} ${formatShape(tensor.shape)}`);
    throw new RangeError(
      `Cannot run ${name}: the device binds at most ${limit} bytes at once (${shapes.join(", ")}); ` +
        `use a smaller batch, context or vocabulary, or the CPU backend`,
    );
  }
}
