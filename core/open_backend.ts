/**
 * Chooses a backend.
 *
 * @module
 */

import type { Backend } from "./backend.ts";
import { CpuBackend } from "./cpu_backend.ts";
import { WasmBackend } from "./wasm/wasm_backend.ts";
import { whyNoThreads } from "./wasm/workers.ts";
import { WebGpuBackend } from "./webgpu_backend.ts";

/** `"auto"` takes a hardware GPU, else software WebGPU if it is there, else the CPU reference. */
export type DeviceChoice = "auto" | "webgpu" | "wasm" | "cpu";

/** How a backend is opened. */
export interface OpenOptions {
  /** Threads of WebAssembly: as many as there are processors unless given. Results do not depend on it. */
  readonly threads?: number;
}

/** How to get a WebGPU adapter, for messages. */
export const HOW_TO_GET_WEBGPU: string = "install a GPU driver with Vulkan (or Metal, DirectX 12), " +
  "or software Vulkan (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)";

/** A backend and why it was chosen. */
export interface OpenedBackend {
  /** The backend. */
  readonly backend: Backend;
  /** One sentence for the user. */
  readonly reason: string;
}

/**
 * Opens a backend and gives the reason for the choice.
 *
 * @param choice The device requested.
 * @param options The threads of WebAssembly. Where threads cannot share memory it is one, and the reason says so.
 * @returns The backend and the reason.
 * @throws {Error} If `"webgpu"` is requested and there is no adapter.
 */
export async function chooseBackend(
  choice: DeviceChoice = "auto",
  options: OpenOptions = {},
): Promise<OpenedBackend> {
  if (choice === "cpu") return { backend: new CpuBackend(), reason: "the CPU reference was requested" };
  if (choice === "wasm") return await openWasm("WebAssembly was requested", options);
  const webgpu = await WebGpuBackend.open();
  if (webgpu === undefined) {
    if (choice === "webgpu") {
      throw new Error(`There is no WebGPU adapter on this machine: ${HOW_TO_GET_WEBGPU}`);
    }
    return { backend: new CpuBackend(), reason: "no WebGPU adapter was found" };
  }
  if (choice === "webgpu") return { backend: webgpu, reason: "WebGPU was requested" };
  const reason = webgpu.adapterClass === "hardware"
    ? "it is a hardware GPU"
    : "software WebGPU is faster than the CPU reference";
  return { backend: webgpu, reason };
}

async function openWasm(reason: string, { threads }: OpenOptions): Promise<OpenedBackend> {
  const obstacle = threads === 1 ? undefined : whyNoThreads();
  const backend = await WasmBackend.open({ threads: obstacle ? 1 : threads });
  return { backend, reason: obstacle ? `${reason}; on one thread, because ${obstacle}` : reason };
}

/**
 * Opens a backend.
 *
 * @example
 * ```ts
 * import { openBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = await openBackend("cpu");
 * assertEquals(backend.name, "cpu");
 * ```
 *
 * @param choice `"auto"` (default), `"webgpu"`, `"wasm"` or `"cpu"`.
 * @param options The threads of WebAssembly.
 * @returns The backend.
 * @throws {Error} If `"webgpu"` is requested and there is no adapter.
 */
export async function openBackend(
  choice: DeviceChoice = "auto",
  options: OpenOptions = {},
): Promise<Backend> {
  return (await chooseBackend(choice, options)).backend;
}
