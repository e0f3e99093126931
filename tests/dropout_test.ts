import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Tape } from "../core/tape.ts";
import { dropout, dropThreshold } from "../kernels/dropout.ts";
import { add } from "../kernels/elementwise.ts";
import { checkGradients, evaluate, everyBackend, normals } from "./_testing.ts";

const random = (seed: number, step: number) => Uint32Array.of(seed, 0, step, 0);

/** The masks of several dropouts of ones, in one pass. */
function masks(backend: Backend, size: number, rate: number, seed: number, step: number, count = 1) {
  const tensors = backend.scope(() => {
    const tape = new Tape(backend.from(random(seed, step)));
    const x = tape.watch(backend.from(new Float32Array(size).fill(1)));
    return Array.from({ length: count }, () => dropout(x, rate));
  });
  return Promise.all(tensors.map((tensor) => backend.read(tensor)));
}

Deno.test("dropout: gradient equals central differences", async () => {
  await checkGradients({ x: normals("x", [3, 7]) }, ({ x }) => dropout(x, 0.4), random(1, 2));
  // where x has a gradient already, dropout adds to it
  await checkGradients({ x: normals("x", [3, 7]) }, ({ x }) => add(dropout(x, 0.4), x), random(1, 2));
});

everyBackend("dropout: masks equal the CPU's, bit for bit", async (backend) => {
  for (const size of [1, 3, 63, 65, 70_001]) {
    for (const rate of [0.1, 0.5, 0.999]) {
      const [mask] = await masks(backend, size, rate, 3, 5),
        [expected] = await masks(new CpuBackend(), size, rate, 3, 5);
      assertEquals([...mask].map((value) => value === 0), [...expected].map((value) => value === 0));
    }
  }
});

everyBackend("dropout: kept elements are scaled, and the gradient has the same mask", async (backend) => {
  const inputs = { x: normals("x", [65]) }, dy = { shape: [65], data: new Float32Array(65).fill(1) };
  const { y, gradients } = await evaluate(backend, inputs, ({ x }) => dropout(x, 0.5), dy, random(4, 0));
  // at rate 1/2 the scale is 2, which is exact
  const mask = [...gradients.x.data];
  assert(mask.every((value) => value === 0 || value === 2));
  assertEquals([...y.data], mask.map((value, at) => value * inputs.x.data[at]));
});

everyBackend("dropout: where there is a gradient already, its own is added", async (backend) => {
  const inputs = { x: normals("x", [65]) }, dy = { shape: [65], data: new Float32Array(65).fill(1) };
  const alone = await evaluate(backend, inputs, ({ x }) => dropout(x, 0.5), dy, random(4, 0));
  const twice = await evaluate(backend, inputs, ({ x }) => add(dropout(x, 0.5), x), dy, random(4, 0));
  assertEquals([...twice.gradients.x.data], [...alone.gradients.x.data].map((value) => value + 1));
});

Deno.test("dropout drops at its rate, neighbours independently", async () => {
  const size = 200_000;
  for (const rate of [0.1, 0.5]) {
    const [mask] = await masks(new CpuBackend(), size, rate, 1, 0);
    const dropped = [...mask].map((value) => Number(value === 0));
    const deviation = Math.sqrt(rate * (1 - rate) / size);
    assertAlmostEquals(dropped.reduce((sum, value) => sum + value) / size, rate, 5 * deviation);
    for (const lag of [1, 2, 3, 4]) {
      const both = dropped.reduce((sum, value, at) => sum + value * (dropped[at + lag] ?? 0), 0) /
        (size - lag);
      assertAlmostEquals(both, rate * rate, 5 * deviation);
    }
  }
});

Deno.test("dropout: seeds, steps and places have masks of their own, and each comes again", async () => {
  const backend = new CpuBackend();
  const [first, second] = await masks(backend, 64, 0.5, 1, 0, 2);
  assertNotEquals(first, second);
  assertNotEquals(first, (await masks(backend, 64, 0.5, 2, 0))[0]);
  assertNotEquals(first, (await masks(backend, 64, 0.5, 1, 1))[0]);
  assertEquals([first, second], await masks(backend, 64, 0.5, 1, 0, 2));
});

Deno.test("dropout returns its input outside training and at rate 0", () => {
  const backend = new CpuBackend(), x = backend.from([1, 2]);
  assertStrictEquals(dropout(x, 0.5), x);
  const watched = new Tape().watch(backend.from([1, 2]));
  assertStrictEquals(dropout(watched, 0.5), watched);
  const random = new Tape(backend.from(new Uint32Array(4))).watch(backend.from([1, 2]));
  assertStrictEquals(dropout(random, 0), random);
});

Deno.test("dropThreshold turns a rate into an integer and refuses others", () => {
  assertEquals(dropThreshold(0), 0);
  assertEquals(dropThreshold(0.5), 2 ** 31);
  for (const rate of [-0.1, 1, NaN]) {
    assertThrows(
      () => dropThreshold(rate),
      RangeError,
      `Cannot drop at rate ${rate}: expected 0 <= rate < 1`,
    );
  }
});
