import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { fill } from "../core/tensor.ts";
import { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";
import { Gpt } from "../models/gpt.ts";
import { hasAdapter, webGpu } from "./_testing.ts";
import { newRun, small } from "./_training.ts";

const ignore = !hasAdapter;

Deno.test("WebGpuBackend refuses more memory than the device has in one piece", { ignore }, async () => {
  const backend = await webGpu("software");
  const error = assertThrows(() => backend.allocate([2 ** 40]), RangeError);
  assert(error.message.startsWith(`Cannot allocate ${2 ** 42} bytes in one piece: ${backend.device} allows`));
});

Deno.test("WebGpuBackend reports a broken shader at the next read", { ignore }, async () => {
  const backend = (await WebGpuBackend.open())!;
  const broken = kernel({
    name: "broken",
    reads: {},
    writes: { y: "f32" },
    constants: [],
    elements: () => 1,
    cpu: () => {},
    wgsl: "fn each(index: u32) { y[index] = nothing; }",
  });
  const y = backend.allocate([1]);
  const use = async () => {
    backend.run(broken, { y }, {});
    await backend.read(y);
  };
  await assertRejects(use, Error, "WebGPU rejected a command");
  assertThrows(() => backend.run(fill, { y }, { size: 1, value: 0 }), Error, "WebGPU rejected a command");
  backend.close();
});

Deno.test("WebGpuBackend takes the class it is told", { ignore }, async () => {
  for (const adapterClass of ["software", "hardware"] as const) {
    const backend = await webGpu(adapterClass);
    assertEquals([backend.name, backend.adapterClass], ["webgpu", adapterClass]);
    assert(backend.device.length > 0);
  }
});

Deno.test("f16 is refused in one line where the adapter lacks it", { ignore: !hasAdapter }, async () => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const features = new Set([...adapter.features].filter((feature) => feature !== "shader-f16"));
  const lacking = {
    ...{ features, limits: adapter.limits, info: adapter.info },
    requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
  };
  const value = { requestAdapter: () => Promise.resolve(lacking) };
  Object.defineProperty(navigator, "gpu", { value, configurable: true });
  try {
    const backend = (await WebGpuBackend.open())!;
    assertThrows(
      () => newRun(backend, new Gpt(small), { precision: "f16" }),
      RangeError,
      `Cannot use f16 on ${backend.device}: it lacks the WebGPU feature shader-f16; use precision f32`,
    );
    newRun(backend, new Gpt(small));
    backend.close();
  } finally {
    delete (navigator as unknown as Record<string, unknown>).gpu;
  }
});
