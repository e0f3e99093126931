import { assert, assertEquals, assertThrows } from "@std/assert";
import { bodyOf, formatProfile, profileTraining, timeKernels } from "../bench/profile.ts";
import { type Backend, CpuBackend, type Kernel, kernel } from "../mod.ts";
import { CONFIGS } from "../bench/configs.ts";

const double = kernel({
  name: "double",
  reads: {},
  writes: { y: "f32" },
  constants: ["size"],
  elements: ({ size }) => size,
  cpu({ y }, { size }) {
    for (let index = 0; index < size; index++) y[index] *= 2;
  },
  wgsl: `fn each(index: u32) { y[index] = 2 * y[index]; }`,
});

Deno.test("kernels are timed while they are asked for, and run as before", async () => {
  const backend = new CpuBackend(), y = backend.from([1, 2]);
  let clock = 0;
  const stop = timeKernels(backend, () => clock += 3);
  backend.run(double, { y }, { size: 2 });
  backend.run({ ...double, name: "half" }, { y }, { size: 1 });
  backend.run(double, { y }, { size: 2 });
  assertEquals(stop(), [{ name: "double", body: "cpu", runs: 2, ms: 6 }, {
    name: "half",
    body: "cpu",
    runs: 1,
    ms: 3,
  }]);
  backend.run(double, { y }, { size: 2 });
  assertEquals(clock, 18, "a kernel after the end is not timed");
  assertEquals([...await backend.read(y)], [16, 16]);
});

Deno.test("kernels of a device that only records them cannot be timed", () => {
  assertThrows(
    () => timeKernels({ name: "webgpu" } as Backend),
    TypeError,
    "Cannot time kernels on webgpu: it records them and runs them later; give --device cpu or --device wasm",
  );
});

Deno.test("the body is that of WebAssembly only on its backend, and only where a kernel has one", () => {
  const [plain, both] = [{ name: "plain" }, { name: "both", wasm: {} }] as unknown as Kernel[];
  const wasm = { name: "wasm" } as unknown as Backend;
  assertEquals([plain, both].map((kernel) => bodyOf(kernel, wasm)), ["cpu", "wasm"]);
  assertEquals(bodyOf(both, { name: "cpu" }), "cpu");
});

Deno.test("a profile lists kernels by time, the share of plain JavaScript, and what is no kernel", () => {
  const text = formatProfile({
    steps: 2,
    ms: 40,
    kernels: [
      { name: "fill", body: "cpu", runs: 3, ms: 6 },
      { name: "matmul", body: "wasm", runs: 4, ms: 30 },
    ],
  });
  assertEquals(
    text.split("\n").slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim())),
    [
      ["matmul", "wasm", "2", "15.00", "75.0 %"],
      ["fill", "cpu", "1.5", "3.00", "15.0 %"],
      ["**kernels in plain JavaScript**", "cpu", "1.5", "3.00", "15.0 %"],
      ["**outside of kernels**", "", "", "2.00", "10.0 %"],
      ["**a step**", "", "3.5", "20.00", "100.0 %"],
    ],
  );
});

Deno.test("the kernels of a training step take nearly all of its time", async () => {
  const { model } = CONFIGS.T;
  const config = { model: { ...model, layers: 1, contextLength: 16, dropoutRate: 0.1 }, batchSize: 2 };
  const { steps, ms, kernels } = await profileTraining(new CpuBackend(), config, 2);
  const inKernels = kernels.reduce((sum, { ms }) => sum + ms, 0);
  assert(inKernels > 0.5 * ms && inKernels <= ms, `${inKernels} of ${ms} ms`);
  assertEquals(steps, 2);
  assertEquals(
    kernels.find(({ name }) => name === "adamw")?.runs,
    4,
    "two ranges, decayed and not, in two steps",
  );
  assertEquals(kernels.find(({ name }) => name === "dropout")!.runs > 0, true);
});
