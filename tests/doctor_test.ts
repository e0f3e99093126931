import { assert, assertStringIncludes } from "@std/assert";
import { inFolder, succeed } from "./_command.ts";

Deno.test("doctor ends well with a GPU and without one", () =>
  inFolder(async (cwd) => {
    const here = await succeed(["doctor"], { cwd });
    assertStringIncludes(here, "GFLOP/s");
    assertStringIncludes(here, "--device auto takes ");
    assert(!here.includes("WRONG"), here);
    const without = await succeed(["doctor"], { cwd, env: { DENO_WEBGPU_BACKEND: "dx12" } });
    assertStringIncludes(without, "adapter       none: there is no WebGPU here");
    assertStringIncludes(without, "--device auto takes CPU reference");
    assertStringIncludes(without, "apt-get install mesa-vulkan-drivers");
  }));
