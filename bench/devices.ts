/**
 * Opens the devices that are measured.
 *
 * @module
 */

import { type Backend, CpuBackend, WasmBackend, WebGpuBackend } from "../mod.ts";

/** The devices, in the order in which they are measured. */
export const DEVICES = ["cpu", "wasm", "webgpu"] as const;

/** A device by name. */
export type Device = typeof DEVICES[number];

/**
 * Finds a device by what the user calls it.
 *
 * @param name A name.
 * @returns The device.
 * @throws {TypeError} If there is no such device.
 */
export function deviceNamed(name: string): Device {
  const device = DEVICES.find((device) => device === name);
  if (!device) throw new TypeError(`Cannot measure --device ${name}: expected ${DEVICES.join(", ")}`);
  return device;
}

/**
 * Opens a device.
 *
 * @param device Its name.
 * @param options How many threads compute, on WebAssembly: as many as there are processors unless given; whether reductions may
 * use subgroups, on WebGPU.
 * @returns The backend, or undefined where there is none.
 */
export async function openDevice(
  device: Device,
  options: { readonly threads?: number; readonly subgroups?: boolean } = {},
): Promise<Backend | undefined> {
  if (device === "cpu") return new CpuBackend();
  if (device === "webgpu") return await WebGpuBackend.open(undefined, options);
  return await WasmBackend.open({ threads: options.threads });
}
