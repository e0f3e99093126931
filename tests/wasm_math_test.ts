import { assert, assertEquals } from "@std/assert";
import { exp4, log4, polynomial, tanh4 } from "../core/wasm/wasm_math.ts";
import type { WasmCode } from "../core/wasm/wasm_code.ts";
import type { F32x4 } from "../core/wasm/wasm_vectors.ts";
import { runWasm } from "./_wasm.ts";

/** A function in the making. */
type Function = (code: WasmCode, x: F32x4) => F32x4;

/** The values of a function of four floats at all points. */
async function valuesOf(f: Function, x: Float32Array): Promise<Float32Array> {
  const { y } = await runWasm({ x }, { y: new Float32Array(x.length) }, ({ x, y }, code) => {
    code.forFours(0, code.i32("size"), (index) => y.store4(index, f(code, x.load4(index))));
  }, { size: x.length });
  return y;
}

/** One float in 997, in the order of their bits, of those that are in the domain. */
function dense(inDomain: (x: number) => boolean): Float32Array {
  const bits = new Uint32Array(Math.ceil(2 ** 32 / 997));
  for (let at = 0; at < bits.length; at++) bits[at] = at * 997;
  return new Float32Array(bits.buffer).filter(inDomain);
}

/** The distance between neighbouring floats at a number. */
function ulp(x: number): number {
  return 2 ** Math.max(-149, Math.floor(Math.log2(Math.abs(x))) - 23);
}

/** The largest error in ulp, and where it is. */
async function worst(f: Function, reference: (x: number) => number, points: Float32Array) {
  const values = await valuesOf(f, points);
  let error = 0, at = 0;
  for (let index = 0; index < points.length; index++) {
    const expected = reference(points[index]);
    const apart = Math.abs(values[index] - expected) / ulp(expected);
    // a comparison with NaN is false: it counts as the worst of all
    if (!(apart <= error) && values[index] !== expected) [error, at] = [apart, points[index]];
  }
  return { error, at };
}

/** Neighbouring floats, a thousand on each side of a number. */
function around(x: number): number[] {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0];
  const near = Uint32Array.from({ length: 2001 }, (_, at) => bits - 1000 + at);
  return [...new Float32Array(near.buffer)];
}

async function assertWithin(limit: number, ...args: Parameters<typeof worst>): Promise<void> {
  const { error, at } = await worst(...args);
  assert(error <= limit, `${error} ulp at ${at}`);
  // the bound says something
  assert(error > limit - 0.2, `${error} ulp at most: the bound ${limit} is too weak`);
}

Deno.test("exp is within its bound of double precision, at one float in 997", async () => {
  const points = dense((x) => x > -86.98 && x < 88.72);
  assert(points.length > 2_000_000);
  await assertWithin(1.1, exp4, Math.exp, points);
});

Deno.test("exp: infinite above all floats, 0 where digits would be lost, NaN stays", async () => {
  const tall = dense((x) => x > 88.723), small = dense((x) => x < -86.991);
  assert((await valuesOf(exp4, tall)).every((value) => value === Infinity));
  assert((await valuesOf(exp4, small)).every((value) => value === 0));
  // the ends are exact
  const ends = Float32Array.from([...around(88.7228), ...around(-86.98997)]);
  const values = await valuesOf(exp4, ends);
  ends.forEach((x, at) => {
    const expected = Math.fround(Math.exp(x)), value = values[at];
    if (x < 0 && value === 0) assert(expected < 2 ** -125.499);
    else assert(value === expected || Math.abs(value - expected) <= 2 * ulp(expected), `exp ${x} = ${value}`);
  });
  const special = Float32Array.of(NaN, Infinity, -Infinity, 0, -0, -1e30, 1e-45);
  assertEquals([...await valuesOf(exp4, special)], [NaN, Infinity, 0, 1, 1, 0, 1]);
});

Deno.test("log is within its bound of double precision, at one float in 997", async () => {
  const points = dense((x) => x >= 2 ** -126 && x < Infinity);
  assert(points.length > 2_000_000);
  await assertWithin(1, log4, Math.log, points);
  const ends = [2 ** -126, 0.5, Math.SQRT1_2, 1, Math.SQRT2, 2, 3.4e38].flatMap(around);
  const inDomain = Float32Array.from(ends).filter((x) => x >= 2 ** -126 && x < Infinity);
  const { error, at } = await worst(log4, Math.log, inDomain);
  assert(error <= 1, `${error} ulp at ${at}`);
  assertEquals([...await valuesOf(log4, Float32Array.of(1, Infinity, NaN))], [0, Infinity, NaN]);
});

Deno.test("tanh is within its bound of double precision, at one float in 997", async () => {
  const points = dense((x) => !Number.isNaN(x));
  assert(points.length > 4_000_000);
  await assertWithin(2.6, tanh4, Math.tanh, points);
  const special = Float32Array.of(NaN, Infinity, -Infinity, 0, 1e30, -1e30);
  assertEquals([...await valuesOf(tanh4, special)], [NaN, 1, -1, 0, 1, -1]);
});

Deno.test("polynomial: coefficients belong to rising powers", async () => {
  const values = await valuesOf((_, x) => polynomial(x, [1, 20, 300]), Float32Array.of(0, 1, 2, 10));
  assertEquals([...values], [1, 321, 1241, 30201]);
});
