/** Operations of the assembler's values, compared with those of TypeScript. */

import { assertEquals } from "@std/assert";
import type { WasmFloats, WasmIntegers } from "../core/wasm/wasm_arrays.ts";
import type { I32, Value } from "../core/wasm/wasm_numbers.ts";
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

/** All pairs of integers, and of floats. */
export const integers = pairs(Uint32Array, INTEGERS), floats = pairs(Float32Array, FLOATS);

/** An operation in WebAssembly, and what it is in TypeScript. */
export type Operations<Kind> = Record<
  string,
  [(a: Kind, b: Kind) => Value, (a: number, b: number) => number]
>;

/**
 * Compares operations with TypeScript for all pairs of numbers.
 *
 * @param what The class of the operations, for messages.
 * @param operations The operations, those of vectors in all lanes.
 * @param inputs The pairs; for TypeScript integers are signed.
 * @param type Of results.
 */
export async function check<Kind extends Value>(
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

export const smaller = (a: number, b: number) => Math.min(a, b),
  larger = (a: number, b: number) => Math.max(a, b);
