/**
 * Chooses a backend.
 *
 * @module
 */

import type { Backend } from "./backend.ts";
import { CpuBackend } from "./cpu_backend.ts";
import { WasmBackend } from "./wasm/wasm_backend.ts";
import { WebGpuBackend } from "./webgpu/webgpu_backend.ts";

/**
 * `"auto"` takes a hardware GPU, else WebAssembly; `"webgpu"` takes software WebGPU, too; `"cpu"` is the CPU reference,
 * whose single thread of plain JavaScript is slow.
 *
 * @category Devices and tensors
 */
export type DeviceChoice = "auto" | "webgpu" | "wasm" | "cpu";

/** How to get a WebGPU adapter, for messages. */
export const HOW_TO_GET_WEBGPU: string = "install a GPU driver with Vulkan (or Metal, DirectX 12), " +
  "or software Vulkan (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)";

/**
 * A backend and why it was chosen.
 *
 * @category Devices and tensors
 */
export interface OpenedBackend {
  /** The backend. */
  readonly backend: Backend;
  /** One sentence for the user. */
  readonly reason: string;
}

/**
 * What a device is opened with.
 *
 * @category Devices and tensors
 */
export interface OpenOptions {
  /** Threads of the WebAssembly backend; as many as the machine has processors unless given. */
  readonly threads?: number;
}

/**
 * Opens a backend and gives the reason for the choice.
 *
 * @param choice The device requested.
 * @param options Threads.
 * @returns The backend and the reason.
 * @throws {Error} If `"webgpu"` is requested and there is no adapter, or `"wasm"` and the engine has no vectors.
 * @category Devices and tensors
 */
export async function chooseBackend(
  choice: DeviceChoice = "auto",
  options: OpenOptions = {},
): Promise<OpenedBackend> {
  if (choice === "cpu") return { backend: new CpuBackend(), reason: "the CPU reference was requested" };
  if (choice === "wasm") {
    return { backend: await WasmBackend.open(options), reason: "WebAssembly was requested" };
  }
  if (choice === "webgpu") {
    const webgpu = await WebGpuBackend.open();
    if (webgpu) return { backend: webgpu, reason: "WebGPU was requested" };
    throw new Error(`There is no WebGPU adapter on this machine: ${HOW_TO_GET_WEBGPU}`);
  }
  let found = "no GPU was found";
  try {
    const webgpu = await WebGpuBackend.open();
    if (webgpu?.adapterClass === "hardware") return { backend: webgpu, reason: "it is a hardware GPU" };
    if (webgpu) found = "WebGPU is emulated in software here, which is slower";
    webgpu?.close();
  } catch (error) {
    found = `WebGPU cannot be used (${(error as Error).message})`;
  }
  if (WasmBackend.available) return { backend: await WasmBackend.open(options), reason: found };
  return { backend: new CpuBackend(), reason: `${found}, and this engine has no WebAssembly with vectors` };
}

/**
 * Opens a backend.
 *
 * @example
 * ```ts
 * import { openBackend } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = await openBackend("wasm", { threads: 1 });
 * assertEquals(backend.name, "wasm");
 * backend.close();
 * ```
 *
 * @param choice `"auto"` (default), `"webgpu"`, `"wasm"` or `"cpu"`.
 * @param options Threads.
 * @returns The backend.
 * @throws {Error} If `"webgpu"` is requested and there is no adapter, or `"wasm"` and the engine has no vectors.
 * @category Devices and tensors
 */
export async function openBackend(
  choice: DeviceChoice = "auto",
  options: OpenOptions = {},
): Promise<Backend> {
  return (await chooseBackend(choice, options)).backend;
}
