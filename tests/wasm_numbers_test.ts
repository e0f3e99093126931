import { assertEquals } from "@std/assert";
import { F32, I32, select } from "../core/wasm/wasm_numbers.ts";
import { check, floats, integers, larger, type Operations, smaller } from "./_wasm_values.ts";

const truth = (holds: boolean) => Number(holds);

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
    select: [(a, b) => select(a.isLess(b), a, b), (a, b) => a < b ? a : b],
    "a constant": [(a) => a.times(0.1), (a) => a * Math.fround(0.1)],
  };
  await check("F32", operations, floats, Float32Array);
  const comparisons: Operations<F32> = {
    isLess: [(a, b) => a.isLess(b), (a, b) => truth(a < b)],
    isGreater: [(a, b) => a.isGreater(b), (a, b) => truth(a > b)],
  };
  await check("F32", comparisons, floats, Uint32Array);
  const whole = (a: number) => Math.trunc(Math.min(Math.max(a || 0, -(2 ** 31)), 2 ** 31 - 1)) >>> 0;
  await check<F32>("F32", { toI32: [(a) => a.toI32(), whole] }, floats, Uint32Array);
});

Deno.test("of: numbers become constants, values stay what they are", () => {
  const one = F32.of(1), seven = I32.of(7);
  assertEquals(F32.of(one), one);
  assertEquals(I32.of(seven), seven);
});
