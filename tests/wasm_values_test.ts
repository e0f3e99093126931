import { assertEquals } from "@std/assert";
import type { WasmFloats, WasmIntegers } from "../core/wasm/wasm_code.ts";
import { F32, F32x4, I32, I32x4, integers4, select, type Value } from "../core/wasm/wasm_values.ts";
import { runWasm } from "./_wasm.ts";

/** Where integers wrap around, where shifts end, and numbers in between. */
const INTEGERS = [0, 1, 2, 3, 7, 31, 32, 33, 12345, 0x12345678, 0x7fffffff, -0x80000000, -2, -1, -12345];

/** Where floats round, overflow or lose digits, and numbers in between. */
const FLOATS = [0, -0, 1, -1, 0.1, -1.5, 2.5, 3.5, -2.5, 1e-45, -1e-39, 16777217, 3e9, -3e9, 1e38, -3.4e38]
  .concat([Infinity, -Infinity, NaN]);

type Numbers = Uint32Array | Float32Array;

/** All pairs of some numbers, as two arrays. */
function pairs<Array extends Numbers>(type: { from(values: number[]): Array }, values: number[]) {
  return {
    a: type.from(values.flatMap((a) => values.map(() => a))),
    b: type.from(values.flatMap(() => values)),
  };
}

const integers = pairs(Uint32Array, INTEGERS), floats = pairs(Float32Array, FLOATS);

/** An operation in WebAssembly, and what it is in TypeScript. */
type Operations<Kind> = Record<string, [(a: Kind, b: Kind) => Value, (a: number, b: number) => number]>;

/**
 * Compares operations with TypeScript for all pairs of numbers.
 *
 * @param what The class of the operations, for messages.
 * @param operations The operations, those of vectors in all lanes.
 * @param inputs The pairs; for TypeScript integers are signed.
 * @param type Of results.
 */
async function check<Kind extends Value>(
  what: string,
  operations: Operations<Kind>,
  { a, b }: { a: Numbers; b: Numbers },
  type: typeof Uint32Array | typeof Float32Array,
): Promise<void> {
  const lanes = what.endsWith("x4"), size = a.length;
  const [first, second] = [a, b].map((x) => x instanceof Uint32Array ? new Int32Array(x.buffer) : x);
  for (const [name, [write, plain]] of Object.entries(operations)) {
    const { y } = await runWasm({ a, b }, { y: new type(size) as Numbers }, ({ a, b, y }, code) => {
      const load = (x: WasmFloats | WasmIntegers, index: I32) =>
        code.let<Value>(lanes ? x.load4(index) : x.load(index)) as Kind;
      const visit = (index: I32) => {
        const value = write(load(a, index), load(b, index)) as never;
        if (lanes) y.store4(index, value);
        else y.store(index, value);
      };
      if (lanes) code.forFours(0, size, visit);
      else code.for(0, size, 1, visit);
    });
    const expected = new type(size);
    for (let at = 0; at < size; at++) {
      expected[at] = plain(first[at], second[at]);
      assertEquals(y[at], expected[at], `${what}.${name}: ${first[at]}, ${second[at]}`);
    }
  }
}

const smaller = (a: number, b: number) => Math.min(a, b), larger = (a: number, b: number) => Math.max(a, b);
const truth = (holds: boolean) => Number(holds), mask = (holds: boolean) => holds ? -1 : 0;

/** The nearest integer, half to even; 0 has the sign of the number. */
function nearest(a: number): number {
  const size = Math.abs(a), whole = Math.floor(size), rest = size - whole;
  const rounded = rest < 0.5 || rest === 0.5 && whole % 2 === 0 ? whole : whole + 1;
  return a < 0 || Object.is(a, -0) ? -rounded : rounded;
}

Deno.test("I32: every operation equals TypeScript's", async () => {
  const operations: Operations<I32> = {
    plus: [(a, b) => a.plus(b), (a, b) => a + b],
    minus: [(a, b) => a.minus(b), (a, b) => a - b],
    times: [(a, b) => a.times(b), Math.imul],
    // by an odd number, for division by 0 ends the run
    over: [(a, b) => a.over(b.or(1)), (a, b) => (a >>> 0) / ((b | 1) >>> 0)],
    modulo: [(a, b) => a.modulo(b.or(1)), (a, b) => (a >>> 0) % ((b | 1) >>> 0)],
    and: [(a, b) => a.and(b), (a, b) => a & b],
    or: [(a, b) => a.or(b), (a, b) => a | b],
    shiftLeft: [(a, b) => a.shiftLeft(b), (a, b) => a << b],
    shiftRight: [(a, b) => a.shiftRight(b), (a, b) => a >>> b],
    equals: [(a, b) => a.equals(b), (a, b) => truth(a === b)],
    differsFrom: [(a, b) => a.differsFrom(b), (a, b) => truth(a !== b)],
    isLess: [(a, b) => a.isLess(b), (a, b) => truth(a < b)],
    isBelow: [(a, b) => a.isBelow(b), (a, b) => truth(a >>> 0 < b >>> 0)],
    isGreater: [(a, b) => a.isGreater(b), (a, b) => truth(a > b)],
    min: [(a, b) => a.min(b), smaller],
    select: [(a, b) => select(a.isLess(b), a.plus(1), b.minus(1)), (a, b) => a < b ? a + 1 : b - 1],
    "splat and lane": [(a, b) => a.splat().plus(b).lane(3), (a, b) => a + b],
  };
  await check("I32", operations, integers, Uint32Array);
  await check<I32>("I32", { toF32: [(a) => a.toF32(), (a) => a] }, integers, Float32Array);
});

Deno.test("I32: constants, 0 and 1 among them, which shorten an expression", async () => {
  const operations: Operations<I32> = {};
  for (const constant of [0, 1, 2, 63, 64, -1, -64, -65, 8191, 8192, 0x7fffffff, -0x80000000]) {
    operations[`of(${constant})`] = [() => I32.of(constant), () => constant];
    operations[`plus(${constant})`] = [(a) => a.plus(constant), (a) => a + constant];
    operations[`times(${constant})`] = [(a) => a.times(constant), (a) => Math.imul(a, constant)];
    operations[`shiftLeft(${constant})`] = [(a) => a.shiftLeft(constant), (a) => a << constant];
  }
  await check("I32", operations, integers, Uint32Array);
});

Deno.test("F32: every operation equals TypeScript's, rounded to 32 bits", async () => {
  const operations: Operations<F32> = {
    plus: [(a, b) => a.plus(b), (a, b) => a + b],
    minus: [(a, b) => a.minus(b), (a, b) => a - b],
    times: [(a, b) => a.times(b), (a, b) => a * b],
    over: [(a, b) => a.over(b), (a, b) => a / b],
    min: [(a, b) => a.min(b), smaller],
    max: [(a, b) => a.max(b), larger],
    sqrt: [(a) => a.sqrt(), Math.sqrt],
    "splat and lane": [(a, b) => a.splat().plus(b).lane(2), (a, b) => a + b],
    select: [(a, b) => select(a.isLess(b), a, b), (a, b) => a < b ? a : b],
    "a constant": [(a) => a.times(0.1), (a) => a * Math.fround(0.1)],
  };
  await check("F32", operations, floats, Float32Array);
  const comparisons: Operations<F32> = {
    isLess: [(a, b) => a.isLess(b), (a, b) => truth(a < b)],
    isGreater: [(a, b) => a.isGreater(b), (a, b) => truth(a > b)],
  };
  await check("F32", comparisons, floats, Uint32Array);
});

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

Deno.test("lanes: each by its number, in a new order, four different constants, products of 64 bits", async () => {
  const x = Float32Array.of(1, 2, 3, 4, 50, 60, 70, 80), n = Uint32Array.of(0xffffffff, 3, 0x80000000, 5);
  const { lanes, shuffled, constants, wide } = await runWasm({ x, n }, {
    lanes: new Float32Array(4),
    shuffled: new Float32Array(4),
    constants: new Uint32Array(4),
    wide: new Uint32Array(8),
  }, ({ x, n, lanes, shuffled, constants, wide }, code) => {
    const a = code.let(x.load4(0)), b = code.let(x.load4(4)), factors = code.let(n.load4(0));
    for (const lane of [0, 1, 2, 3]) lanes.store(lane, a.lane(3 - lane));
    shuffled.store4(0, a.shuffle(b, [7, 0, 4, 2]));
    constants.store4(0, integers4(1, -2, 0x7fffffff, 0xfedcba98));
    for (const half of [0, 1] as const) wide.store4(4 * half, factors.timesWide(factors, half));
  });
  assertEquals([...lanes], [4, 3, 2, 1]);
  assertEquals([...shuffled], [80, 1, 50, 3]);
  assertEquals([...constants], [1, 0xfffffffe, 0x7fffffff, 0xfedcba98]);
  assertEquals([...wide], [1, 0xfffffffe, 9, 0, 0, 0x40000000, 25, 0]);
});

Deno.test("of: numbers become constants, values stay what they are", () => {
  const one = F32.of(1);
  assertEquals(F32.of(one), one);
  assertEquals(F32x4.of(one).code, one.splat().code);
  assertEquals(I32x4.of(I32.of(7)).code, I32.of(7).splat().code);
  // the same bits are the same constant
  assertEquals(F32x4.of(1).code, I32x4.of(0x3f800000).code);
  assertEquals(I32x4.of(-1).code, I32x4.of(0xffffffff).code);
});
