import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Backend, type HostArray, kernel } from "../core/backend.ts";
import type { Tensor } from "../core/tensor.ts";
import { WasmBackend, type WasmBackendOptions } from "../core/wasm/wasm_backend.ts";
import { generate } from "../inference/generate.ts";
import { Gpt } from "../models/gpt.ts";
import { addForward, scaleForward } from "../kernels/elementwise.ts";
import { normals } from "./_testing.ts";
import { allReports, newRun, small } from "./_training.ts";

/** Registers a test for one thread, whose memory is not shared, and for two, whose memory is. */
function bothMemories(
  name: string,
  body: (backend: WasmBackend, threads: number) => void | Promise<void>,
  options: WasmBackendOptions = {},
): void {
  for (const threads of [1, 2]) {
    Deno.test(`WasmBackend ${name} [${threads} thread${threads === 1 ? "" : "s"}]`, async () => {
      const backend = await WasmBackend.open({ threads, ...options });
      try {
        await body(backend, threads);
      } finally {
        backend.close();
      }
    });
  }
}

/** Where a tensor is, in bytes. */
const addressOf = ({ storage }: Tensor): number => (storage as { byteOffset: number }).byteOffset;

/** The memory that all tensors are in. */
const memoryOf = (backend: WasmBackend): ArrayBufferLike =>
  (backend.allocate([1]).storage as { array: HostArray }).array.buffer;

/** y = x + step · index, as `cpu` alone. */
const ramp = kernel({
  name: "ramp",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["size", "step"],
  elements: ({ size }) => size,
  cpu({ x, y }, { size, step }) {
    for (let index = 0; index < size; index++) y[index] = x[index] + step * index;
  },
  wgsl: "fn each(index: u32) { y[index] = x[index] + step * f32(index); }",
});

/** More than the memory has when a test begins: it grows, and all views of it are made again. */
const grow = (backend: Backend) => backend.allocate([2 ** 20]);

bothMemories("says what it is", (backend, threads) => {
  assertEquals(backend.name, "wasm");
  assert(/^WebAssembly, \d+ threads?$/.test(backend.device));
  assertEquals(memoryOf(backend) instanceof SharedArrayBuffer, threads > 1);
});

bothMemories("runs the cpu body of a kernel that has no other, on the same memory", async (backend) => {
  const x = backend.from([1, 2, 3]), y = backend.allocate([3]), z = backend.allocate([3]);
  backend.run(scaleForward, { x, y }, { size: 3, factor: 10 });
  backend.run(ramp, { x: y, y: z }, { size: 3, step: 0.5 });
  backend.run(addForward, { a: y, b: z, y: x }, { size: 3 });
  assertEquals(await backend.read(x), Float32Array.of(20, 40.5, 61));
});

bothMemories("finds its tensors again when the memory has grown", async (backend) => {
  const x = backend.from([1, 2, 3]), ids = backend.from(Uint32Array.of(7)), y = backend.allocate([128]);
  const view = backend.view(y, 64, [3]), before = memoryOf(backend);
  backend.run(scaleForward, { x, y: view }, { size: 3, factor: 2 });
  grow(backend);
  assert(memoryOf(backend) !== before);
  assertEquals(await backend.read(view), Float32Array.of(2, 4, 6));
  assertEquals(await backend.read(ids), Uint32Array.of(7));
  backend.write(x, [5, 6, 7]);
  backend.run(addForward, { a: x, b: x, y: view }, { size: 3 }); // as WebAssembly
  assertEquals(await backend.read(view), Float32Array.of(10, 12, 14));
  backend.run(ramp, { x, y: view }, { size: 3, step: 1 }); // as JavaScript
  assertEquals((await backend.read(y)).slice(63, 68), Float32Array.of(0, 5, 7, 9, 0));
});

bothMemories("copies what is read: it does not change afterwards, nor with the memory", async (backend) => {
  const x = backend.from([1, 2]), read = await backend.read(x);
  backend.write(x, [3, 4]);
  grow(backend);
  assertEquals(read, Float32Array.of(1, 2));
  assert(read.buffer instanceof ArrayBuffer, "as browsers want it for pictures, files and messages");
});

bothMemories("gives freed memory out again, full of zeros", async (backend) => {
  const x = backend.from(normals("x", [100]).data), address = addressOf(x);
  backend.free(x);
  const again = backend.allocate([100]);
  assertEquals([addressOf(again), ...await backend.read(again)], [address, ...new Array(100).fill(0)]);
});

bothMemories("counts what tensors hold, and what scopes hold once", (backend) => {
  const kept = backend.allocate([10]);
  assertEquals(backend.bytes, 40);
  const step = () => backend.scope(() => [5, 5].map((size) => addressOf(backend.allocate([size]))));
  const first = step();
  assertEquals(step(), first, "every scope gets the same memory");
  backend.scope(() => backend.allocate([5], "u32"));
  assertEquals(backend.bytes, 100);
  backend.free(kept);
  assertEquals(backend.bytes, 60);
});

bothMemories("poisons the memory of every scope, and no other", async (backend) => {
  for (let turn = 0; turn < 2; turn++) {
    const [x, ids] = backend.scope(() => [backend.allocate([2]), backend.allocate([2], "u32")]);
    assertEquals([...await backend.read(x)], [NaN, NaN]);
    assertEquals([...await backend.read(ids)], [0xffffffff, 0xffffffff]);
    backend.write(x, [1, 2]);
  }
  assertEquals([...await backend.read(backend.allocate([2]))], [0, 0]);
}, { poison: true });

bothMemories("refuses kernels that see what they write under another name", (backend) => {
  const x = backend.allocate([128]), y = backend.allocate([64]), size = 64;
  const [low, high] = [0, 64].map((start) => backend.view(x, start, [64]));
  const message = "Cannot run addForward: it writes y, and a is in the same memory";
  for (const a of [low, high]) {
    assertThrows(() => backend.run(addForward, { a, b: y, y: low }, { size }), TypeError, message);
  }
  backend.run(addForward, { a: low, b: high, y }, { size }); // reading is free
});

bothMemories("refuses what 4 GiB cannot hold, and goes on with what it has", async (backend) => {
  const x = backend.from([1, 2, 3]), { bytes } = backend;
  assertThrows(() => backend.allocate([2 ** 30]), RangeError, "WebAssembly addresses 4,096 MiB");
  assertEquals([backend.bytes, await backend.read(x)], [bytes, Float32Array.of(1, 2, 3)]);
});

/**
 * y = the sums of x over blocks of 64 elements, added up: the first pass sums each block, the second the sums. What a switch
 * adds, a sum keeps in memory of the thread on the way.
 */
const passes = kernel({
  name: "passes",
  reads: { x: "f32" },
  writes: { y: "f32" },
  constants: ["blocks", "bonus", "factor"],
  elements: () => 1,
  cpu({ x, y }, { blocks, bonus, factor }) {
    let sum = blocks * bonus;
    for (let at = 0; at < blocks * 64; at++) sum += x[at];
    y[0] = factor * sum;
  },
  wgsl: "fn each(index: u32) {}",
  wasm: [{
    switches: ["bonus"],
    pieces: ({ blocks }) => blocks,
    shared: ({ blocks }) => blocks * 4,
    scratch: () => 4,
    body({ x }, code, { bonus }) {
      code.scratch.store(0, bonus);
      code.for(0, 64, 1, (at) => {
        const value = x.load(code.piece.times(64).plus(at));
        code.scratch.store(0, code.scratch.load(0).plus(value));
      });
      code.shared().store(code.piece, code.scratch.load(0));
    },
  }, {
    pieces: () => 1,
    body({ y }, code) {
      const shared = code.shared(), factor = code.f32("factor");
      y.store(0, 0);
      code.for(0, code.i32("blocks"), 1, (block) => y.store(0, y.load(0).plus(shared.load(block))));
      y.store(0, y.load(0).times(factor));
    },
  }],
});

bothMemories(
  "runs the passes of a kernel in order, with shared memory, scratch and switches",
  async (backend) => {
    const x = backend.allocate([64 * 2000]), y = backend.allocate([1]), { bytes } = backend;
    backend.write(x, Float32Array.from({ length: x.size }, (_, index) => Math.floor(index / 64)));
    const run = async (blocks: number, bonus: number, factor: number) => {
      backend.run(passes, { x, y }, { blocks, bonus, factor });
      return (await backend.read(y))[0];
    };
    assertEquals(await run(2, 0, 1), 64);
    const held = backend.bytes - bytes;
    assert(held > 0, "memory for intermediate results is counted");
    assertEquals(await run(2, 0, -0.5), -32);
    assertEquals(await run(2, 10, 1), 84);
    assertEquals(await run(2, 0, 1), 64);
    assertEquals(backend.bytes - bytes, held);
    assertEquals(await run(2000, 0, 0.125), 64 * 1999 * 2000 / 2 / 8);
    assertEquals(backend.bytes - bytes, held + 1998 * 4, "and grows with the largest run");
  },
);

bothMemories(
  "does not lose its intermediate memory to another tensor when there is no more",
  async (backend) => {
    const x = backend.from(new Float32Array(128).fill(1)), y = backend.allocate([1]);
    const run = () => backend.run(passes, { x, y }, { blocks: 2, bonus: 0, factor: 1 });
    run();
    const { bytes } = backend;
    assertThrows(
      () => backend.run(passes, { x, y }, { blocks: 2 ** 30, bonus: 0, factor: 1 }),
      RangeError,
      "Cannot allocate",
    );
    assert(backend.bytes < bytes, "what was given back is not counted");
    const zeros = [1, 2, 3, 4].map(() => backend.allocate([16]));
    run();
    for (const zero of zeros) assertEquals(await backend.read(zero), new Float32Array(16));
    assertEquals([...await backend.read(y)], [128]);
  },
);

/**
 * Makes a backend compare its memory before and after every run: of all tensors, and of what fills their last cache line,
 * nothing may change but what the kernel writes.
 *
 * @param backend The backend, with shared memory.
 * @returns The names of the kernels that were compared.
 */
function watchMemory(backend: WasmBackend): Set<string> {
  backend.free(backend.allocate([2 ** 18])); // enough, so that the memory need not grow any more
  const bytes = new Uint8Array(memoryOf(backend)),
    names = new Set<string>(),
    ends = new Map<number, number>();
  const allocate = backend.allocate.bind(backend), run = backend.run.bind(backend);
  backend.allocate = (...shapeAndType) => {
    const tensor = allocate(...shapeAndType), address = addressOf(tensor);
    ends.set(address, address + Math.ceil(tensor.size / 16) * 64);
    assert(ends.get(address)! <= bytes.length);
    return tensor;
  };
  backend.run = (...[kernel, tensors, constants]: Parameters<Backend["run"]>) => {
    const before = bytes.slice();
    run(kernel, tensors, constants);
    const after = bytes.slice();
    for (const name in kernel.writes) {
      const start = addressOf(tensors[name]), end = start + tensors[name].size * 4;
      for (const copy of [before, after]) copy.fill(0, start, end);
    }
    for (const [start, end] of ends) {
      const changed = after.subarray(start, end).findIndex((byte, at) => byte !== before[start + at]);
      assertEquals(changed, -1, `${kernel.name} changes what it does not write`);
    }
    names.add(kernel.name);
  };
  return names;
}

Deno.test("no kernel of a model writes anything but its results, whatever the sizes", async () => {
  const backend = await WasmBackend.open({ threads: 2, poison: true }), names = watchMemory(backend);
  const model = new Gpt({ ...small, heads: 3, modelDim: 21, feedForwardDim: 65 });
  await allReports(newRun(backend, model, { batchSize: 3, steps: 2, clipNorm: 0.01 }));
  await allReports(newRun(backend, new Gpt(small), { batchSize: 1, steps: 1, optimizer: "sgd" }));
  for await (const _ of generate(backend, model, { prompt: Uint32Array.of(1), maxNewTokens: 5 }));
  backend.close();
  for (
    const name of ["splitHeadsBackward", "layerNormBackwardWeight", "squareSums", "adamw", "sgd"]
  ) {
    assert(names.has(name), `${name} was run`);
  }
});

Deno.test("a model in training has the same bits with 1, 2 and 3 threads", async () => {
  const results = [];
  for (const threads of [1, 2, 3]) {
    const backend = await WasmBackend.open({ threads });
    const run = newRun(backend, new Gpt({ ...small, modelDim: 34 }), { batchSize: 40, steps: 3 });
    await allReports(run);
    results.push(await backend.read(run.store.values));
    backend.close();
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});
