/**
 * The device that a command runs on.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { chooseBackend, type DeviceChoice, type OpenedBackend } from "../../core/open_backend.ts";
import { WebGpuBackend } from "../../core/webgpu/webgpu_backend.ts";
import { GPU_WORDS } from "./common_flags.ts";
import { printDiagnostic, UsageError } from "./errors.ts";

/** A value of `--device`. */
export type DeviceWord = DeviceChoice | typeof GPU_WORDS[number];

/** What the flags of the device say. */
export interface DeviceFlags {
  readonly device?: DeviceWord;
  readonly threads?: number;
}

/** Opens a device, the best there is unless one is chosen, and closes it after use in any case. */
export async function withBackend(
  { device = "auto", threads }: DeviceFlags,
  body: (opened: OpenedBackend) => void | Promise<void>,
): Promise<void> {
  const word = GPU_WORDS.find((word) => word === device);
  if (threads !== undefined && (device === "cpu" || device === "webgpu")) {
    throw new UsageError(`--threads is for --device wasm; --device ${device} has no threads to choose`);
  }
  const opened = await chooseBackend(word === undefined ? device as DeviceChoice : "auto", { threads });
  try {
    const note = word && missingGpu(word, opened);
    if (note) printDiagnostic(note);
    await body(opened);
  } finally {
    opened.backend.close();
  }
}

/** What to say where a GPU was asked for and another device is used. */
export function missingGpu(word: string, { backend }: OpenedBackend): string | undefined {
  if (isHardwareGpu(backend)) return undefined;
  return `--device ${word}: WebGPU finds no GPU on this machine; computing on ${backend.device} instead`;
}

/** Whether a backend is a hardware GPU, and not a software implementation of one. */
export function isHardwareGpu(backend: Backend): boolean {
  return backend instanceof WebGpuBackend && backend.adapterClass === "hardware";
}
