import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { fill } from "../core/tensor.ts";
import { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";
import { hasAdapter, webGpu } from "./_testing.ts";

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
