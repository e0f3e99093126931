/** Whatever becomes of subgroups, the device that is opened works. */

import { assert, assertEquals } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { openDevice } from "../core/webgpu/webgpu_device.ts";
import { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";
import { hasAdapter } from "./_testing.ts";

/** Runs a body with the adapters that `requestAdapter` gives. */
async function withAdapters<Result>(
  requestAdapter: () => Promise<unknown>,
  body: () => Promise<Result>,
): Promise<Result> {
  Object.defineProperty(navigator, "gpu", { value: { requestAdapter }, configurable: true });
  try {
    return await body();
  } finally {
    delete (navigator as unknown as Record<string, unknown>).gpu;
  }
}

/** Adds up the numbers of 64 lanes. */
const addLanes = kernel({
  name: "addLanes",
  reads: {},
  writes: { y: "f32" },
  constants: [],
  groups: () => 1,
  cpu: ({ y }) => y.fill(2016),
  wgsl: "fn run(group: u32, lane: u32) { y[lane] = sumOverGroup(lane, f32(lane)); }",
});

/** The subgroups of a backend, once its reductions are right. */
async function check(backend: WebGpuBackend): Promise<number | undefined> {
  const y = backend.allocate([64]);
  backend.run(addLanes, { y }, {});
  assertEquals(await backend.read(y), new Float32Array(64).fill(2016));
  backend.close();
  return backend.subgroupSize;
}

Deno.test("a backend has subgroups where the device has them, unless it is to do without", {
  ignore: !hasAdapter,
}, async () => {
  assertEquals(await check((await WebGpuBackend.open(undefined, { subgroups: false }))!), undefined);
  const size = await check((await WebGpuBackend.open())!);
  const opened = (await openDevice(true))!;
  assertEquals([opened.subgroups?.size, opened.device.features.has("subgroups")], [size, size !== undefined]);
  opened.device.destroy();
});

Deno.test("where subgroups are refused, a new adapter gives a device without them", {
  ignore: !hasAdapter,
}, async () => {
  const { gpu } = navigator, requests: GPUFeatureName[][] = [];
  const refusing = async () => {
    const adapter = (await gpu.requestAdapter())!;
    const requestDevice = (descriptor: GPUDeviceDescriptor) => {
      const features = [...descriptor.requiredFeatures ?? []];
      requests.push(features);
      return features.includes("subgroups")
        ? Promise.reject(new TypeError())
        : adapter.requestDevice(descriptor);
    };
    return { features: adapter.features, limits: adapter.limits, info: adapter.info, requestDevice };
  };
  const backend = await withAdapters(refusing, () => WebGpuBackend.open());
  assertEquals(await check(backend!), undefined);
  assertEquals(requests.map((features) => features.includes("subgroups")), [true, false]);
});

Deno.test("without an adapter, or with one that binds too few buffers, there is no device", async () => {
  assertEquals(await withAdapters(() => Promise.resolve(null), () => openDevice(true)), undefined);
  const adapter = { features: new Set(), info: {}, limits: { maxStorageBuffersPerShaderStage: 4 } };
  assertEquals(await withAdapters(() => Promise.resolve(adapter), () => openDevice(true)), undefined);
});

Deno.test("an adapter of OpenGL, and a machine without any, need no subgroups", {
  ignore: Deno.build.os !== "linux" || !hasAdapter,
}, async () => {
  const program = `
    const { WebGpuBackend } = await import("${new URL("../core/webgpu/webgpu_backend.ts", import.meta.url)}");
    const { add } = await import("${new URL("../kernels/elementwise.ts", import.meta.url)}");
    const backend = await WebGpuBackend.open();
    if (backend) {
      const x = backend.from([1, 2]), y = await backend.read(backend.scope(() => add(x, x)));
      console.log(backend.subgroupSize, ...y);
    } else console.log("none");`;
  for (const DENO_WEBGPU_BACKEND of ["gl", "vulkan"]) {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", program],
      env: { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent", DENO_WEBGPU_BACKEND },
    }).output();
    const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    assert(["none", "undefined 2 4"].includes(text), `${DENO_WEBGPU_BACKEND}: ${text} ${errors}`);
  }
});
