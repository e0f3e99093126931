/** The contract that every backend keeps. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { fill, zeros } from "../core/tensor.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import { add, addScaled, scale } from "../kernels/elementwise.ts";
import { everyBackend } from "./_testing.ts";
everyBackend("a backend reads back what was written", async (backend) => {
  const x = backend.from([1.5, -2, 3e-38, 3e38, 0]), ids = backend.from(Uint32Array.of(0, 1, 0xffffffff));
  assertEquals(await backend.read(x), Float32Array.of(1.5, -2, 3e-38, 3e38, 0));
  assertEquals(await backend.read(ids), Uint32Array.of(0, 1, 0xffffffff));
});

everyBackend("what is allocated outside a scope is zero", async (backend) => {
  assertEquals(await backend.read(backend.allocate([65])), new Float32Array(65));
});

everyBackend("a write neither overtakes the runs before it nor is overtaken", async (backend) => {
  const x = backend.from([1]),
    sum = zeros(backend, [1]),
    run = (factor: number) => {
      backend.run(addScaled, { x, y: sum }, { size: 1, factor });
    };
  run(1);
  backend.write(x, [10]);
  run(1);
  backend.write(x, [100]);
  run(1);
  assertEquals([...await backend.read(sum)], [111]);
});

everyBackend("runs see the results of the runs before them, however many there are", async (backend) => {
  const y = zeros(backend, [3]), x = backend.from([1, 2, 3]);
  for (let turn = 0; turn < 1000; turn++) backend.run(addScaled, { x, y }, { size: 3, factor: 1 });
  assertEquals([...await backend.read(y)], [1000, 2000, 3000]);
});

everyBackend("tensors of another backend are refused, whichever it is", async (backend) => {
  const x = backend.from([1]), y = backend.allocate([1]);
  const others = [new CpuBackend(), await WasmBackend.open({ threads: 1 })];
  for (const other of others) {
    for (const tensors of [{ x: other.from([2]), y }, { x, y: other.allocate([1]) }]) {
      const name = tensors.x === x ? "y" : "x", message = `Cannot run addScaled: ${name} belongs to another`;
      assertThrows(() => backend.run(addScaled, tensors, { size: 1, factor: 1 }), TypeError, message);
    }
    other.close();
  }
  assertEquals([...await backend.read(x), ...await backend.read(y)], [1, 0]);
});

everyBackend("a view is a window on a tensor", async (backend) => {
  const x = backend.from(Float32Array.from({ length: 256 }, (_, index) => index)),
    view = backend.view(x, 64, [3]);
  assertEquals([...await backend.read(view)], [64, 65, 66]);
  backend.run(fill, { y: view }, { size: 3, value: -1 });
  assertEquals([...(await backend.read(x)).subarray(63, 68)], [63, -1, -1, -1, 67]);
  const inner = backend.view(backend.view(x, 64, [128]), 64, [2]);
  assertEquals([...await backend.read(inner)], [128, 129]);
});

everyBackend("a view is refused where a device could not bind it, or beyond the end", (backend) => {
  const x = backend.allocate([2, 64]);
  assertThrows(
    () => backend.view(x, 3, [2]),
    RangeError,
    "Cannot view from element 3: it is no multiple of 64",
  );
  for (const [start, shape] of [[64, [65]], [128, [1]], [-64, [2]]] as const) {
    assertThrows(
      () => backend.view(x, start, shape),
      RangeError,
      `Cannot view (${shape}) from element ${start} of (2, 64): there are 128 elements`,
    );
  }
  assertEquals(backend.view(x, 64, [4, 16]).shape, [4, 16]);
});

everyBackend("a tensor takes its type from the data, and refuses data of another length", (backend) => {
  const ids = backend.from(Uint32Array.of(1)), x = backend.from([1, 2, 3, 4, 5, 6], [2, 3]);
  assertEquals([ids.dataType, x.dataType, x.shape], ["u32", "f32", [2, 3]]);
  assertThrows(() => backend.write(x, [1, 2]), TypeError, "Cannot write 2 elements: the tensor has 6");
});

everyBackend("a scope refuses to be asynchronous, and ends when its body throws", async (backend) => {
  const asynchronous = () => backend.scope(() => Promise.resolve());
  assertThrows(asynchronous, TypeError, "Cannot run an asynchronous scope");
  const failing = () =>
    backend.scope(() => {
      throw new Error("enough");
    });
  assertThrows(failing, Error, "enough");
  // outside every scope memory is full of zeros
  assertEquals(await backend.read(backend.allocate([3])), new Float32Array(3));
});

everyBackend("more elements than one dimension of groups holds", async (backend) => {
  const size = 65_536 * 64 + 1; // at 64 invocations a group
  const y = backend.scope(() => {
    const x = backend.allocate([size]);
    backend.run(fill, { y: x }, { size, value: 2 });
    return scale(x, 3);
  });
  assert((await backend.read(y)).every((value) => value === 6));
});

everyBackend("memory does not grow with the number of scopes", async (backend) => {
  /** 3 · (x + x), with a scope inside the scope. */
  const step = () =>
    backend.scope(() => {
      const x = backend.from([1, 2, 3]), twice = add(x, x);
      backend.scope(() => scale(add(twice, x), 2));
      return scale(twice, 3);
    });
  assertEquals([...await backend.read(step())], [6, 12, 18]);
  const { bytes } = backend;
  for (let turn = 0; turn < 20; turn++) step();
  assertEquals([...await backend.read(step())], [6, 12, 18]);
  assertEquals(backend.bytes, bytes);
});

everyBackend("memory that is freed is no longer counted", (backend) => {
  const before = backend.bytes, x = backend.allocate([1000]);
  assertEquals(backend.bytes, before + 4000);
  backend.free(x);
  assertEquals(backend.bytes, before);
});
