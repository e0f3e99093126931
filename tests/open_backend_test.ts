import { assertEquals, assertRejects } from "@std/assert";
import { chooseBackend, HOW_TO_GET_WEBGPU, openBackend } from "../core/open_backend.ts";
import type { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";
import { hasAdapter } from "./_testing.ts";

/** Runs `body` on a machine without WebGPU. */
async function withoutAdapter(body: () => Promise<void>): Promise<void> {
  Object.defineProperty(navigator, "gpu", { value: { requestAdapter: () => null }, configurable: true });
  try {
    await body();
  } finally {
    delete (navigator as unknown as Record<string, unknown>).gpu;
  }
}

Deno.test("openBackend gives the CPU reference when asked", async () => {
  assertEquals((await openBackend("cpu")).name, "cpu");
  assertEquals((await chooseBackend("cpu")).reason, "the CPU reference was requested");
});

Deno.test("chooseBackend takes WebAssembly where there is no adapter, and says so", () =>
  withoutAdapter(async () => {
    const { backend, reason } = await chooseBackend("auto", { threads: 1 });
    assertEquals([backend.name, backend.device, reason], [
      "wasm",
      "WebAssembly, 1 thread",
      "no GPU was found",
    ]);
    backend.close();
  }));

Deno.test("chooseBackend takes WebAssembly where WebGPU fails, and says how it failed", async () => {
  const requestAdapter = () => Promise.reject(new Error("the driver is broken"));
  Object.defineProperty(navigator, "gpu", { value: { requestAdapter }, configurable: true });
  try {
    const { backend, reason } = await chooseBackend("auto", { threads: 1 });
    assertEquals([backend.name, reason], ["wasm", "WebGPU cannot be used (the driver is broken)"]);
    await assertRejects(() => chooseBackend("webgpu"), Error, "the driver is broken");
    backend.close();
  } finally {
    delete (navigator as unknown as Record<string, unknown>).gpu;
  }
});

Deno.test("chooseBackend opens WebAssembly when asked, with the threads asked for", async () => {
  const { backend, reason } = await chooseBackend("wasm", { threads: 3 });
  assertEquals([backend.device, reason], ["WebAssembly, 3 threads", "WebAssembly was requested"]);
  backend.close();
  await assertRejects(() => openBackend("wasm", { threads: 0 }), RangeError, "Cannot start 0 threads");
});

Deno.test("chooseBackend says how to get an adapter when one is asked for and missing", () =>
  withoutAdapter(async () => {
    await assertRejects(() => openBackend("webgpu"), Error, HOW_TO_GET_WEBGPU);
  }));

Deno.test("chooseBackend takes an adapter in software only when asked", { ignore: !hasAdapter }, async () => {
  const webgpu = await chooseBackend("webgpu") as { backend: WebGpuBackend; reason: string };
  assertEquals([webgpu.backend.name, webgpu.reason], ["webgpu", "WebGPU was requested"]);
  const { backend, reason } = await chooseBackend("auto");
  if (webgpu.backend.adapterClass === "hardware") {
    assertEquals([backend.name, reason], ["webgpu", "it is a hardware GPU"]);
  } else {
    assertEquals([backend.name, reason], ["wasm", "WebGPU is emulated in software here, which is slower"]);
  }
  webgpu.backend.close();
  backend.close();
});
