import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { fill, formatShape, gradientOf, outputOf, sizeOf, zeros } from "../core/tensor.ts";
import { everyBackend } from "./_testing.ts";

Deno.test("sizeOf multiplies and formatShape writes", () => {
  assertEquals([sizeOf([]), sizeOf([3]), sizeOf([2, 3, 4]), sizeOf([2, 0])], [1, 3, 24, 0]);
  assertEquals([formatShape([]), formatShape([3]), formatShape([2, 3])], ["()", "(3)", "(2, 3)"]);
});

everyBackend("fill sets every element, zeros are zeros even in used memory", async (backend) => {
  for (const size of [1, 65]) {
    const filled = backend.scope(() => {
      const y = backend.allocate([size]);
      backend.run(fill, { y }, { size, value: -0.25 });
      return y;
    });
    assertEquals(await backend.read(filled), new Float32Array(size).fill(-0.25));
    assertEquals(await backend.read(backend.scope(() => zeros(backend, [size]))), new Float32Array(size));
  }
});

Deno.test("reshape shares memory, tape and gradient", async () => {
  const backend = new CpuBackend(), tape = new Tape();
  const x = tape.watch(backend.from([1, 2, 3, 4, 5, 6], [2, 3])), y = x.reshape([3, 2]);
  assertEquals(y.shape, [3, 2]);
  assertStrictEquals(y.tape, tape);
  backend.write(y, [6, 5, 4, 3, 2, 1]);
  backend.write(y.gradient!, [1, 1, 1, 1, 1, 1]);
  assertEquals([...await backend.read(x)], [6, 5, 4, 3, 2, 1]);
  assertEquals([...await backend.read(x.gradient!)], [1, 1, 1, 1, 1, 1]);
});

Deno.test("reshape outside a tape makes no gradient", () => {
  const y = new CpuBackend().from([1, 2]).reshape([2, 1]);
  assertEquals([y.tape, y.gradient], [undefined, undefined]);
});

Deno.test("reshape refuses another number of elements", () => {
  const x = new CpuBackend().allocate([2, 3]);
  assertThrows(() => x.reshape([4, 2]), TypeError, "Cannot reshape (2, 3) to (4, 2): 6 elements, expected 8");
});

Deno.test("gradientOf makes a gradient of zeros, once", async () => {
  const backend = new CpuBackend({ poison: true });
  const gradient = backend.scope(() => {
    const x = backend.allocate([3]), gradient = gradientOf(x);
    assertStrictEquals(gradientOf(x), gradient);
    return gradient;
  });
  assertEquals(await backend.read(gradient), new Float32Array(3));
});

Deno.test("outputOf is on the tape of the first input that has one", () => {
  const backend = new CpuBackend(), tape = new Tape();
  const plain = backend.allocate([1]), watched = tape.watch(backend.allocate([1]));
  assertStrictEquals(outputOf([2], [plain, watched]).tape, tape);
  assertEquals(outputOf([2], [plain]).tape, undefined);
});
