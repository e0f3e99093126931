import { assertEquals } from "@std/assert";
import { F32, I32 } from "../core/wasm/wasm_numbers.ts";
import { F32x4, I32x4 } from "../core/wasm/wasm_vectors.ts";
import { runWasm } from "./_wasm.ts";
import { check, floats, integers, larger, type Operations, smaller } from "./_wasm_values.ts";

const mask = (holds: boolean) => holds ? -1 : 0;

/** The nearest integer, half to even; 0 has the sign of the number. */
function nearest(a: number): number {
  const size = Math.abs(a), whole = Math.floor(size), rest = size - whole;
  const rounded = rest < 0.5 || rest === 0.5 && whole % 2 === 0 ? whole : whole + 1;
  return a < 0 || Object.is(a, -0) ? -rounded : rounded;
}

Deno.test("F32x4: every operation equals TypeScript's, rounded to 32 bits, in every lane", async () => {
  const operations: Operations<F32x4> = {
    plus: [(a, b) => a.plus(b), (a, b) => a + b],
    minus: [(a, b) => a.minus(b), (a, b) => a - b],
    times: [(a, b) => a.times(b), (a, b) => a * b],
    over: [(a, b) => a.over(b), (a, b) => a / b],
    min: [(a, b) => a.min(b), smaller],
    max: [(a, b) => a.max(b), larger],
    atMost: [(a, b) => a.atMost(b), (a, b) => b < a ? b : a],
    atLeast: [(a, b) => a.atLeast(b), (a, b) => a < b ? b : a],
    abs: [(a) => a.abs(), Math.abs],
    negate: [(a) => a.negate(), (a) => -a],
    sqrt: [(a) => a.sqrt(), Math.sqrt],
    nearest: [(a) => a.nearest(), nearest],
    "a constant": [(a) => a.times(0.1), (a) => a * Math.fround(0.1)],
    "bits and floats": [(a) => a.bits.floats, (a) => a],
  };
  await check("F32x4", operations, floats, Float32Array);
  const limit = (a: number) => Math.max(-0x80000000, Math.min(0x7fffffff, Math.trunc(a) || 0));
  const toIntegers: Operations<F32x4> = {
    isLess: [(a, b) => a.isLess(b), (a, b) => mask(a < b)],
    isGreater: [(a, b) => a.isGreater(b), (a, b) => mask(a > b)],
    toI32x4: [(a) => a.toI32x4(), limit],
    bits: [(a) => a.abs().bits, (a) => new Int32Array(Float32Array.of(Math.abs(a)).buffer)[0]],
  };
  await check("F32x4", toIntegers, floats, Uint32Array);
});

Deno.test("I32x4: every operation equals TypeScript's, in every lane", async () => {
  const operations: Operations<I32x4> = {
    plus: [(a, b) => a.plus(b), (a, b) => a + b],
    minus: [(a, b) => a.minus(b), (a, b) => a - b],
    times: [(a, b) => a.times(b), Math.imul],
    and: [(a, b) => a.and(b), (a, b) => a & b],
    or: [(a, b) => a.or(b), (a, b) => a | b],
    xor: [(a, b) => a.xor(b), (a, b) => a ^ b],
    "shiftLeft(5)": [(a) => a.shiftLeft(5), (a) => a << 5],
    "shiftRight(23)": [(a) => a.shiftRight(23), (a) => a >>> 23],
    equals: [(a, b) => a.equals(b), (a, b) => mask(a === b)],
    isLess: [(a, b) => a.isLess(b), (a, b) => mask(a < b)],
    isBelow: [(a, b) => a.isBelow(b), (a, b) => mask(a >>> 0 < b >>> 0)],
    select: [(a, b) => a.isLess(b).select(a, b), smaller],
    "a constant": [(a) => a.plus(-12345), (a) => a - 12345],
  };
  await check("I32x4", operations, integers, Uint32Array);
  await check<I32x4>("I32x4", { toF32x4: [(a) => a.toF32x4(), (a) => a] }, integers, Float32Array);
});

Deno.test("lanes: each by its number, in a new order, indices that follow each other, products of 64 bits", async () => {
  const x = Float32Array.of(1, 2, 3, 4, 50, 60, 70, 80), n = Uint32Array.of(0xffffffff, 3, 0x80000000, 5);
  const { lanes, shuffled, indices, wide } = await runWasm({ x, n }, {
    lanes: new Float32Array(4),
    shuffled: new Float32Array(4),
    indices: new Uint32Array(12),
    wide: new Uint32Array(8),
  }, ({ x, n, lanes, shuffled, indices, wide }, code) => {
    const a = code.let(x.load4(0)), b = code.let(x.load4(4)), factors = code.let(n.load4(0));
    for (const lane of [0, 1, 2, 3]) lanes.store(lane, a.lane(3 - lane));
    shuffled.store4(0, a.shuffle(b, [7, 0, 4, 2]));
    indices.store4(0, I32x4.from(0));
    indices.store4(4, I32x4.from(-2));
    indices.store4(8, I32x4.from(code.let(x.integers.load(0))));
    for (const half of [0, 1] as const) wide.store4(4 * half, factors.timesWide(factors, half));
  });
  assertEquals([...lanes], [4, 3, 2, 1]);
  assertEquals([...shuffled], [80, 1, 50, 3]);
  const bits = new Uint32Array(x.buffer)[0];
  assertEquals([...indices], [0, 1, 2, 3, 0xfffffffe, 0xffffffff, 0, 1, bits, bits + 1, bits + 2, bits + 3]);
  assertEquals([...wide], [1, 0xfffffffe, 9, 0, 0, 0x40000000, 25, 0]);
});

Deno.test("of: one number becomes four equal ones, vectors stay what they are", async () => {
  await check<F32>(
    "F32",
    {
      "of and lane": [(a, b) => F32x4.of(a).plus(b).lane(2), (a, b) => a + b],
    },
    floats,
    Float32Array,
  );
  await check<I32>(
    "I32",
    {
      "of and lane": [(a, b) => I32x4.of(a).plus(b).lane(3), (a, b) => a + b],
    },
    integers,
    Uint32Array,
  );
  const vector = F32x4.of(F32.of(1)), ids = I32x4.of(I32.of(7));
  assertEquals(F32x4.of(vector), vector);
  assertEquals(I32x4.of(ids), ids);
  // the same bits are the same constant
  assertEquals(F32x4.of(1).code, I32x4.of(0x3f800000).code);
  assertEquals(I32x4.of(-1).code, I32x4.of(0xffffffff).code);
});
