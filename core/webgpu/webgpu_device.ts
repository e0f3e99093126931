/**
 * Opens the device of an adapter, with the limits and features that kernels use.
 *
 * @module
 */

import type { AdapterClass } from "../backend.ts";
import type { Subgroups } from "./reductions_wgsl.ts";
import { findSubgroups } from "./subgroups.ts";

/** The most buffers that a kernel binds: attention's backward pass needs all of them. WebGPU guarantees as many. */
const MAX_BUFFERS = 8;

/** What a device needs for tensors of half precision; it is requested where the adapter has it. */
export const HALF_FEATURES: readonly GPUFeatureName[] = ["shader-f16"];

/** A device, and what is known of it. */
export interface OpenedDevice {
  /** The device; its limits for buffers are those of the adapter. */
  readonly device: GPUDevice;
  /** The adapter, in words. */
  readonly name: string;
  /** Whether a GPU or a CPU runs the shaders. */
  readonly adapterClass: AdapterClass;
  /** What reductions may use. */
  readonly subgroups?: Subgroups;
}

/**
 * Opens the default adapter, hardware or software.
 *
 * Deno grants subgroups without listing them, so they are requested without looking. Where the request fails, or the device is
 * lost when they are tried, another one is opened without them, from a new adapter, since each gives one device.
 *
 * @param useSubgroups Whether reductions may use subgroups.
 * @returns The device, or undefined where there is no usable adapter.
 */
export async function openDevice(useSubgroups: boolean): Promise<OpenedDevice | undefined> {
  if (!useSubgroups) return open([]);
  try {
    return await open(["subgroups"]);
  } catch {
    return open([]);
  }
}

async function open(features: readonly GPUFeatureName[]): Promise<OpenedDevice | undefined> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  // two limits decide how large a model may be, the third which kernels can run
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  if (maxStorageBuffersPerShaderStage < MAX_BUFFERS) return undefined;
  const requiredLimits = {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage: MAX_BUFFERS,
  };
  const requiredFeatures = HALF_FEATURES.filter((feature) => adapter.features.has(feature)).concat(features);
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures }), { info } = adapter;
  const name = info.description || [info.vendor, info.architecture].filter(Boolean).join(" ") || "WebGPU";
  const isEmulated = /llvmpipe|lavapipe|swiftshader|softpipe/i.test(name);
  const adapterClass = info.isFallbackAdapter || isEmulated ? "software" : "hardware";
  if (features.length === 0) return { device, name, adapterClass };
  try {
    return {
      device,
      name,
      adapterClass,
      subgroups: await findSubgroups(device, info.subgroupMinSize, isEmulated),
    };
  } catch (error) {
    device.destroy(); // another one takes its place
    throw error;
  }
}
