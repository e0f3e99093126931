import { assert, assertEquals, assertThrows } from "@std/assert";
import * as math from "../core/math.ts";
import { Random } from "../core/random.ts";
import { golden } from "./_golden.ts";
import type { Values } from "./_testing.ts";

type Name = "exp" | "log" | "sin" | "cos" | "tanh";

/** What the module doc promises, in units in the last place. */
const BOUND = 1;

/** A unit in the last place of a double. */
function unitOf(value: number): number {
  const bits = new BigUint64Array(Float64Array.of(Math.abs(value)).buffer);
  bits[0]++;
  const next = new Float64Array(bits.buffer)[0];
  return next === Infinity ? 2 ** 971 : next - Math.abs(value);
}

interface TrueValues {
  readonly name: Name;
  readonly x: Values;
  readonly nearest: Values;
  readonly rest: Values;
}

for (const { name, x, nearest, rest } of golden<TrueValues>("math")) {
  Deno.test(`${name} is off by at most a unit in the last place`, () => {
    const off = Array.from(x.data, (x, index) => {
      const near = nearest.data[index];
      return Math.abs((math[name](x) - near) / unitOf(near) - rest.data[index]);
    });
    const worst = off.indexOf(Math.max(...off));
    assert(off[worst] <= BOUND, `${name}(${x.data[worst]}) is off by ${off[worst]}`);
    assert(off.length > 150);
  });
}

/** Hashes of 10,000 results of each function. The engine's own functions give others in each of these engines. */
// seen with V8 15.0 (Deno 2.9) and 11.3 (Node 20), with and without its compiler, JavaScriptCore (Bun) and QuickJS
const HASHES = [4047470325, 43771891, 3353807265, 2659025948, 2903045961];

/** Arguments of each function, drawn from all ranges that it treats in different ways. Products have all digits. */
const ARGUMENTS: Record<Name, (random: Random) => number> = {
  exp: (random) => (2 * random.uniform() - 1) * [0.4, 19, 740][random.below(3)],
  log: (random) =>
    [0.5 + random.uniform(), 1e6 * random.uniform(), 1e-308 * random.uniform()][random.below(3)],
  sin: (random) => (2 * random.uniform() - 1) * [0.8, 7, 1e6][random.below(3)],
  cos: (random) => (2 * random.uniform() - 1) * [0.8, 7, 1e6][random.below(3)],
  tanh: (random) => (2 * random.uniform() - 1) * [0.01, 0.9, 25][random.below(3)],
};
const names = Object.keys(ARGUMENTS) as Name[];

Deno.test("the functions are within two units of the engine's own, at 20,000 arguments each", () => {
  for (const name of names) {
    const random = new Random(1, name);
    for (let count = 0; count < 20_000; count++) {
      const x = ARGUMENTS[name](random), actual = math[name](x), engines = Math[name](x);
      if (actual === engines) continue;
      assert(Math.abs(actual - engines) <= 2 * unitOf(engines), `${name}(${x}) is ${actual}, not ${engines}`);
    }
  }
});

Deno.test("the bits of 10,000 results are those of every other engine", () => {
  const hashes = names.map((name) => {
    const random = new Random(2, name), words = new Uint32Array(2), double = new DataView(words.buffer);
    let hash = 0;
    for (let count = 0; count < 10_000; count++) {
      double.setFloat64(0, math[name](ARGUMENTS[name](random)));
      hash = Math.imul(hash ^ double.getUint32(0), 0x01000193);
      hash = Math.imul(hash ^ double.getUint32(4), 0x01000193);
    }
    return hash >>> 0;
  });
  assertEquals(hashes, HASHES);
});

Deno.test("special values are those of Math", () => {
  const values = [
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    NaN,
    5e-324,
    -5e-324,
    2 ** -1022,
    1e-310,
    700,
    -744,
    1e5,
  ];
  for (const name of names) {
    for (const x of values) {
      const actual = math[name](x), expected = Math[name](x);
      const isClose = Math.abs(actual - expected) <= unitOf(expected);
      assert(Object.is(actual, expected) || isClose, `${name}(${x}) is ${actual}, not ${expected}`);
    }
  }
  for (const name of ["exp", "log", "tanh"] as const) {
    assert(Object.is(math[name](Number.MAX_VALUE), Math[name](Number.MAX_VALUE)), name);
  }
  for (const x of [0, -0, NaN, Infinity, -Infinity]) {
    for (const name of names) assertEquals(Object.is(math[name](x), Math[name](x)), true, `${name}(${x})`);
  }
  assert(math.exp(709.782712893384) < Infinity && math.exp(709.7827128933841) === Infinity);
  assertEquals([math.exp(-745.1332191019411), math.exp(-745.1332191019412)], [5e-324, 0]);
});

Deno.test("known constants and symmetries hold to the last bit", () => {
  assertEquals([math.exp(1), math.log(2), math.log(10)], [Math.E, Math.LN2, Math.LN10]);
  for (const x of [0.1, 0.79, 3, 1e5]) {
    assertEquals([math.sin(-x), math.cos(-x), math.tanh(-x)], [-math.sin(x), math.cos(x), -math.tanh(x)]);
  }
});

Deno.test("sin and cos refuse angles that they cannot reduce", () => {
  for (const f of [math.sin, math.cos]) {
    assertThrows(() => f(-1000001), RangeError, "Cannot take sine or cosine of an angle of size 1000001");
  }
});

Deno.test("power multiplies, and refuses exponents that are no integers", () => {
  for (let exponent = -1022; exponent < 1024; exponent++) {
    assertEquals(math.power(2, exponent), 2 ** exponent);
  }
  assertEquals([math.power(-3, 3), math.power(10, 22), math.power(0.5, 0), math.power(0, -1)], [
    -27,
    1e22,
    1,
    Infinity,
  ]);
  for (const [base, exponent] of [[0.9, 1], [0.9, 13], [0.999, 3300], [0.999, 100_000]]) {
    const expected = base ** exponent, off = Math.abs(math.power(base, exponent) / expected - 1);
    assert(off <= exponent * 2 ** -53, `${base}^${exponent} is off by ${off}`);
  }
  for (const exponent of [0.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => math.power(2, exponent), RangeError, `Cannot raise 2 to the power of ${exponent}`);
  }
});
