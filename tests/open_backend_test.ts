import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { chooseBackend, HOW_TO_GET_WEBGPU, openBackend } from "../core/open_backend.ts";
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

Deno.test("WebAssembly has one thread where memory cannot be shared, and says so", async () => {
  Object.defineProperty(globalThis, "crossOriginIsolated", { value: false, configurable: true });
  try {
    for (const threads of [undefined, 3]) {
      const { backend, reason } = await chooseBackend("wasm", { threads });
      assertEquals(backend.device, "WebAssembly, 1 thread");
      assertMatch(
        reason,
        /^WebAssembly was requested; on one thread, because this page may not share memory/,
      );
      backend.close();
    }
    const { backend, reason } = await chooseBackend("wasm", { threads: 1 });
    assertEquals(reason, "WebAssembly was requested");
    backend.close();
  } finally {
    delete (globalThis as Record<string, unknown>).crossOriginIsolated;
  }
});

Deno.test("chooseBackend takes the CPU where there is no adapter, and says so", () =>
  withoutAdapter(async () => {
    const { backend, reason } = await chooseBackend();
    assertEquals([backend.name, reason], ["cpu", "no WebGPU adapter was found"]);
  }));

Deno.test("chooseBackend says how to get an adapter when one is asked for and missing", () =>
  withoutAdapter(async () => {
    await assertRejects(() => openBackend("webgpu"), Error, HOW_TO_GET_WEBGPU);
  }));

Deno.test("chooseBackend takes WebGPU where there is an adapter", { ignore: !hasAdapter }, async () => {
  for (const choice of ["auto", "webgpu"] as const) {
    const { backend, reason } = await chooseBackend(choice);
    assertEquals(backend.name, "webgpu");
    assert(reason.length > 0);
    backend.close();
  }
});
