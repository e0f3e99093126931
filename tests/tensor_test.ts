import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CpuBackend } from "../core/cpu_backend.ts";
import { constant, initialize, Parameter } from "../core/module.ts";
import { Tape } from "../core/tape.ts";
import {
  fill,
  formatShape,
  gradientOf,
  gradientToWrite,
  needsGradient,
  outputOf,
  sizeOf,
  zeros,
} from "../core/tensor.ts";
import { addScaled } from "../kernels/elementwise.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { everyBackend, RecordingBackend } from "./_testing.ts";

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
  backend.write(gradientOf(y), [1, 1, 1, 1, 1, 1]);
  assertEquals([...await backend.read(x)], [6, 5, 4, 3, 2, 1]);
  assertEquals([...await backend.read(x.gradient!)], [1, 1, 1, 1, 1, 1]);
  assertEquals([x.gradient!.shape, y.gradient!.shape], [[2, 3], [3, 2]]);
});

Deno.test("a reshaped tensor is written together with the original, whichever comes first", () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
    const x = new Tape().watch(new CpuBackend().from([1, 2])), row = x.reshape([1, 2]);
    const shapes = [x, row, row.reshape([2, 1])];
    const written = order.map((at) => gradientToWrite(shapes[at]));
    assertEquals(written.map(({ accumulate }) => accumulate), [0, 1, 1]);
    for (const { gradient } of written) assertStrictEquals(gradient.storage, x.gradient!.storage);
  }
});

Deno.test("a reshaped tensor that is watched has a gradient of its own", () => {
  const backend = new CpuBackend(), x = new Tape().watch(backend.from([1, 2]));
  gradientOf(x);
  const row = new Tape().watch(x.reshape([1, 2]));
  assertEquals(gradientToWrite(row).accumulate, 0);
  assert(row.gradient!.storage !== x.gradient!.storage);
});

Deno.test("reshape outside a tape makes no gradient", () => {
  const y = new CpuBackend().from([1, 2]).reshape([2, 1]);
  assertEquals([y.tape, y.gradient], [undefined, undefined]);
});

Deno.test("integers pass their tape on, but have no gradient", () => {
  const tape = new Tape(),
    ids = tape.watch(new CpuBackend().from(Uint32Array.of(1, 2))),
    y = ids.reshape([2, 1]);
  assertStrictEquals(y.tape, tape);
  assertEquals([y.gradient, needsGradient(y)], [undefined, false]);
  assertEquals(outputOf([2], [ids], "u32").dataType, "u32");
  assertStrictEquals(outputOf([2], [ids], "u32").tape, tape);
});

Deno.test("reshape refuses another number of elements", () => {
  const x = new CpuBackend().allocate([2, 3]);
  assertThrows(() => x.reshape([4, 2]), TypeError, "Cannot reshape (2, 3) to (4, 2): 6 elements, expected 8");
});

Deno.test("gradientOf makes a gradient of zeros, once", async () => {
  const backend = new CpuBackend({ poison: true });
  const gradient = backend.scope(() => {
    const x = new Tape().watch(backend.allocate([3])), gradient = gradientOf(x);
    assertStrictEquals(gradientOf(x), gradient);
    return gradient;
  });
  assertEquals(await backend.read(gradient), new Float32Array(3));
});

Deno.test("gradientToWrite stores first, and adds where a gradient exists", async () => {
  const backend = new RecordingBackend(), tape = new Tape(), x = tape.watch(backend.from([1, 2]));
  const first = gradientToWrite(x), second = gradientToWrite(x);
  assertEquals([first.accumulate, second.accumulate], [0, 1]);
  for (const gradient of [first.gradient, second.gradient, gradientOf(x)]) {
    assertStrictEquals(gradient, x.gradient);
  }
  assertEquals([first.gradient.shape, backend.kernels], [[2], []]);
  // a kernel that only adds may come first: what it adds to is zeros, and counts as written
  const y = tape.watch(backend.from([1, 2])),
    dy = gradientOf(y),
    { gradient, accumulate } = gradientToWrite(y);
  assertStrictEquals(gradient, dy);
  assertEquals(accumulate, 1);
  assertEquals([...await backend.read(dy)], [0, 0]);
});

Deno.test("gradientToWrite adds to the gradient of a parameter, and keeps none on a constant", () => {
  const backend = new CpuBackend(), weight = new Parameter([2], constant(1)), x = backend.from([1, 2]);
  initialize(backend, { weight }, 1);
  assertEquals(gradientToWrite(weight).accumulate, 1);
  assertEquals(gradientToWrite(weight.reshape([2, 1])).accumulate, 1);
  assertEquals([gradientToWrite(x).accumulate, gradientToWrite(x).accumulate], [0, 0]);
  assertEquals(x.gradient, undefined);
});

Deno.test("outputOf is on the tape of the first input that has one", () => {
  const backend = new CpuBackend(), tape = new Tape();
  const plain = backend.allocate([1]), watched = tape.watch(backend.allocate([1]));
  assertStrictEquals(outputOf([2], [plain, watched]).tape, tape);
  assertEquals(outputOf([2], [plain]).tape, undefined);
});

everyBackend("a constant that outlives a pass gets no gradient of an earlier one", async (backend) => {
  const identity = backend.from([1, 0, 0, 1], [2, 2]);
  const gradients: number[][] = [];
  for (let pass = 0; pass < 2; pass++) {
    const x = backend.from([1, 2, 3, 4], [2, 2]);
    const dx = backend.allocate([4]);
    backend.scope(() => {
      const tape = new Tape();
      const y = matmul(matmul(tape.watch(x), identity), identity);
      tape.backward(y);
      backend.run(addScaled, { x: gradientOf(x), y: dx }, { size: 4, factor: 1 });
    });
    gradients.push([...await backend.read(dx)]);
  }
  assertEquals(gradients[0], [1, 1, 1, 1]);
  assertEquals(gradients[1], [1, 1, 1, 1]);
});

everyBackend("an input that is watched again begins with no gradient", async (backend) => {
  const x = backend.from([3], [1, 1]), dx = backend.allocate([1]);
  for (let pass = 0; pass < 2; pass++) {
    backend.scope(() => {
      const tape = new Tape();
      tape.backward(matmul(tape.watch(x), backend.from([2], [1, 1])));
      backend.run(addScaled, { x: gradientOf(x), y: dx }, { size: 1, factor: 1 });
    });
  }
  assertEquals([...await backend.read(dx)], [4]);
});

Deno.test("a reshaped parameter shares its gradient; one without memory says what to do", async () => {
  const backend = new CpuBackend(), weight = new Parameter([2, 1], constant(1));
  assertThrows(
    () => matmul(weight, weight, { transposeA: true }),
    TypeError,
    "call initialize(backend, model, seed) first",
  );
  initialize(backend, { weight }, 1);
  backend.scope(() => {
    const tape = new Tape(), x = tape.watch(backend.from([1, 2], [1, 2]));
    tape.backward(matmul(x, weight.reshape([2, 1])));
  });
  assertEquals([...await backend.read(weight.gradient!)], [1, 2]);
});
