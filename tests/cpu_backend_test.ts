import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernel } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { addForward } from "../kernels/elementwise.ts";

Deno.test("CpuBackend: what is allocated outside a scope is zero and stays", async () => {
  const backend = new CpuBackend({ poison: true }),
    x = backend.allocate([2, 2]),
    ids = backend.allocate([3], "u32");
  backend.scope(() => backend.from([1, 2, 3, 4]));
  assertEquals(await backend.read(x), new Float32Array(4));
  assertEquals(await backend.read(ids), new Uint32Array(3));
});

Deno.test("CpuBackend: poisoned memory is NaN in every scope", async () => {
  const backend = new CpuBackend({ poison: true });
  for (let turn = 0; turn < 2; turn++) {
    const [x, ids] = backend.scope(() => [backend.allocate([2]), backend.allocate([2], "u32")]);
    assertEquals([...await backend.read(x)], [NaN, NaN]);
    assertEquals([...await backend.read(ids)], [0xffffffff, 0xffffffff]);
    backend.write(x, [1, 2]);
  }
});

Deno.test("CpuBackend: from takes its type from the data", () => {
  const backend = new CpuBackend();
  assertEquals(backend.from(Uint32Array.of(1)).dataType, "u32");
  assertEquals(backend.from([1]).dataType, "f32");
  assertEquals(backend.from(new Float64Array(6), [2, 3]).shape, [2, 3]);
});

Deno.test("CpuBackend computes in the precision it was made for", async () => {
  const single = new CpuBackend(), double = new CpuBackend({ floats: Float64Array });
  assertEquals([...await single.read(single.from([0.1]))], [Math.fround(0.1)]);
  assertEquals([...await double.read(double.from([0.1]))], [0.1]);
  assert(single.device.includes("32-bit") && double.device.includes("64-bit"));
});

Deno.test("CpuBackend refuses kernels that see what they write under another name", () => {
  const backend = new CpuBackend(), x = backend.allocate([128]), size = 64;
  const [low, high] = [backend.view(x, 0, [64]), backend.view(x, 64, [64])], other = backend.allocate([64]);
  const message = "Cannot run addForward: it writes y, and a is in the same memory";
  assertThrows(() => backend.run(addForward, { a: low, b: other, y: low }, { size }), TypeError, message);
  assertThrows(() => backend.run(addForward, { a: high, b: other, y: low }, { size }), TypeError, message);
  backend.run(addForward, { a: low, b: high, y: other }, { size }); // reading is free
});

Deno.test("CpuBackend lets a kernel write two parts of one memory, unless they overlap", () => {
  const backend = new CpuBackend(), x = backend.allocate([192]), ids = backend.allocate([64], "u32");
  const split = kernel({
    name: "split",
    reads: { ids: "u32" },
    writes: { a: "f32", b: "f32" },
    constants: [],
    elements: () => 1,
    cpu: () => {},
    wgsl: "fn each(index: u32) {}",
  });
  const view = (start: number, length: number) => backend.view(x, start, [length]);
  backend.run(split, { ids, a: view(64, 64), b: view(0, 64) }, {});
  backend.run(split, { ids, a: view(0, 64), b: view(64, 64) }, {});
  for (const [a, b] of [[view(0, 65), view(64, 64)], [view(64, 64), view(0, 65)], [x, x]]) {
    assertThrows(
      () => backend.run(split, { ids, a, b }, {}),
      TypeError,
      "Cannot run split: it writes a, and b is in the same memory",
    );
  }
});

Deno.test("CpuBackend refuses data of another length", () => {
  const backend = new CpuBackend();
  assertThrows(
    () => backend.write(backend.allocate([2, 3]), [1, 2]),
    TypeError,
    "Cannot write 2 elements: the tensor has 6",
  );
  assertThrows(() => backend.from([1, 2, 3], [2, 2]), TypeError, "Cannot write 3 elements");
});

Deno.test("CpuBackend counts its bytes, and scopes use theirs again", () => {
  const backend = new CpuBackend(), kept = backend.allocate([10]);
  assertEquals(backend.bytes, 40);
  for (let turn = 0; turn < 3; turn++) {
    backend.scope(() => [backend.allocate([5]), backend.allocate([5]), backend.allocate([5], "u32")]);
  }
  assertEquals(backend.bytes, 100);
  backend.free(kept);
  assertEquals(backend.bytes, 60);
});
