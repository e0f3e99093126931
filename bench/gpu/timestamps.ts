/**
 * The time of each kernel on a GPU, by timestamp queries: the device writes its clock before and after a compute pass, so each
 * kernel gets a pass of its own. The backend is not changed: it is given a device that opens the passes.
 *
 * @module
 */

import type { AdapterClass, Backend, Kernel } from "../../mod.ts";
import { WebGpuBackend } from "../../mod.ts";

/** The runs of one kernel. */
export interface KernelTime {
  /** The name of the kernel. */
  readonly name: string;
  /** How often it ran. */
  runs: number;
  /** Milliseconds on the device, all runs together. */
  ms: number;
}

/** A backend whose kernels can be timed. */
export interface TimedBackend {
  readonly backend: WebGpuBackend;
  /** Times the kernels that `body` runs; undefined where the device has no timestamps. */
  readonly timeKernels?: (body: () => Promise<void>) => Promise<KernelTime[]>;
}

/** Timestamps in one set of queries, the most that WebGPU guarantees. */
const SET_SIZE = 4096;

/** Which kernels ran, and the queries that hold their times. */
class Timer {
  readonly #device: GPUDevice;
  readonly #sets: GPUQuerySet[] = [];
  readonly #names: string[] = [];
  /** The kernel that is run next. */
  next = "";
  active = false;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Where the clock is written before and after the next kernel. */
  timestampWrites(): GPUComputePassTimestampWrites {
    const at = 2 * this.#names.length % SET_SIZE, set = Math.floor(2 * this.#names.length / SET_SIZE);
    this.#sets[set] ??= this.#device.createQuerySet({ type: "timestamp", count: SET_SIZE });
    this.#names.push(this.next);
    return { querySet: this.#sets[set], beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Reads all times, and forgets them. */
  async read(): Promise<KernelTime[]> {
    const times = new Map<string, KernelTime>(), bytes = 8 * SET_SIZE;
    for (const [set, querySet] of this.#sets.entries()) {
      const names = this.#names.slice(set * SET_SIZE / 2, (set + 1) * SET_SIZE / 2);
      if (names.length === 0) break;
      const { COPY_SRC, COPY_DST, QUERY_RESOLVE, MAP_READ } = GPUBufferUsage;
      const resolved = this.#device.createBuffer({ size: bytes, usage: QUERY_RESOLVE | COPY_SRC });
      const staging = this.#device.createBuffer({ size: bytes, usage: COPY_DST | MAP_READ });
      const encoder = this.#device.createCommandEncoder();
      encoder.resolveQuerySet(querySet, 0, 2 * names.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16 * names.length);
      this.#device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const nanoseconds = new BigUint64Array(staging.getMappedRange().slice(0));
      for (const [index, name] of names.entries()) {
        const time = times.get(name) ?? { name, runs: 0, ms: 0 };
        times.set(name, time);
        time.runs++;
        time.ms += Number(nanoseconds[2 * index + 1] - nanoseconds[2 * index]) / 1e6;
      }
      for (const buffer of [resolved, staging]) buffer.destroy();
    }
    this.#names.length = 0;
    return [...times.values()];
  }
}

/** An encoder whose compute passes give every kernel a pass of its own while the timer is active. */
function timedEncoder(encoder: GPUCommandEncoder, timer: Timer): GPUCommandEncoder {
  const beginComputePass = encoder.beginComputePass.bind(encoder);
  encoder.beginComputePass = () => {
    if (!timer.active) return beginComputePass();
    let pipeline: GPUComputePipeline, group: GPUBindGroup;
    return {
      setPipeline: (chosen: GPUComputePipeline) => pipeline = chosen,
      setBindGroup: (_: number, chosen: GPUBindGroup) => group = chosen,
      dispatchWorkgroups(...counts: [number, number?, number?]) {
        const pass = beginComputePass({ timestampWrites: timer.timestampWrites() });
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...counts);
        pass.end();
      },
      end() {},
    } as unknown as GPUComputePassEncoder;
  };
  return encoder;
}

/**
 * Opens WebGPU with a device that has timestamps, where the adapter has them.
 *
 * @param adapterClass Overrides the class of the adapter; for tests.
 * @param options Whether reductions may use subgroups.
 * @returns The backend, and what times its kernels; undefined without an adapter.
 */
export async function openTimed(
  adapterClass?: AdapterClass,
  options: { readonly subgroups?: boolean } = {},
): Promise<TimedBackend | undefined> {
  const { gpu } = navigator, requestAdapter = gpu.requestAdapter.bind(gpu);
  let timer: Timer | undefined;
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    if (!adapter?.features.has("timestamp-query")) return adapter;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor = {}) => {
      const requiredFeatures = [...descriptor.requiredFeatures ?? [], "timestamp-query" as const];
      const device = await requestDevice({ ...descriptor, requiredFeatures });
      const createCommandEncoder = device.createCommandEncoder.bind(device), ours = new Timer(device);
      device.createCommandEncoder = (descriptor) => timedEncoder(createCommandEncoder(descriptor), ours);
      timer = ours;
      return device;
    };
    return adapter;
  };
  let backend: WebGpuBackend | undefined;
  try {
    backend = await WebGpuBackend.open(adapterClass, options);
  } finally {
    gpu.requestAdapter = requestAdapter;
  }
  if (!backend || !timer) return backend && { backend };
  return { backend, timeKernels: timeKernelsBy(backend, timer) };
}

function timeKernelsBy(backend: Backend, timer: Timer): TimedBackend["timeKernels"] {
  return async (body) => {
    const { run } = backend;
    backend.run = (kernel, tensors, constants) => {
      timer.next = (kernel as Kernel).name;
      Reflect.apply(run, backend, [kernel, tensors, constants]);
    };
    timer.active = true;
    try {
      await body();
    } finally {
      timer.active = false;
      backend.run = run;
    }
    return await timer.read();
  };
}
