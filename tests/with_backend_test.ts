import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import { isHardwareGpu, missingGpu, withBackend } from "../commands/cli/with_backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";

Deno.test("a device is closed after use, also after an error", async () => {
  const closed: string[] = [];
  const use = (name: string, fail: boolean) =>
    withBackend({ device: "cpu" }, ({ backend }) => {
      assertEquals(backend.name, "cpu");
      backend.close = () => void closed.push(name);
      if (fail) throw new Error("no memory");
    });
  await use("a", false);
  await assertRejects(() => use("b", true), Error, "no memory");
  assertEquals(closed, ["a", "b"]);
});

Deno.test("other programs' words for a GPU take the best device, and say so where that is none", async () => {
  const { error } = console, devices: string[] = [];
  for (const word of ["gpu", "cuda", "mps"] as const) {
    const said: string[] = [];
    try {
      console.error = (line: string) => said.push(line);
      await withBackend({ device: word }, ({ backend }) => {
        const { device } = backend;
        devices.push(device);
        const note = `--device ${word}: WebGPU finds no GPU on this machine; computing on ${device} instead`;
        assertEquals(said, isHardwareGpu(backend) ? [] : [note]);
      });
    } finally {
      console.error = error;
    }
  }
  await withBackend({}, ({ backend }) => void devices.push(backend.device));
  assertEquals(new Set(devices).size, 1);
});

Deno.test("WebAssembly has the threads asked for, and other devices none to choose", async () => {
  for (const threads of [1, 3]) {
    await withBackend({ device: "wasm", threads }, ({ backend, reason }) => {
      assertEquals([backend.name, reason], ["wasm", "WebAssembly was requested"]);
      assertEquals(backend.device, threads === 1 ? "WebAssembly, 1 thread" : "WebAssembly, 3 threads");
    });
  }
  for (const device of ["cpu", "webgpu"] as const) {
    const message = `--threads is for --device wasm; --device ${device} has no threads to choose`;
    await assertRejects(() => withBackend({ device, threads: 2 }, () => {}), UsageError, message);
  }
});

Deno.test("only WebGPU on hardware is a GPU", async () => {
  assertEquals(isHardwareGpu(new CpuBackend()), false);
  for (const adapterClass of ["hardware", "software"] as const) {
    const backend = await WebGpuBackend.open(adapterClass);
    if (backend === undefined) return;
    const note = missingGpu("cuda", { backend, reason: "" });
    backend.close();
    assertEquals(
      [isHardwareGpu(backend), note === undefined],
      new Array(2).fill(adapterClass === "hardware"),
    );
  }
});
