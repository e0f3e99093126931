/** Runs functions of the assembler on arrays, and looks at what they write beside them. */

import { assertEquals } from "@std/assert";
import type { Bindings, DataType, HostArray } from "../core/backend.ts";
import type { WasmArraysOf } from "../core/wasm/wasm_arrays.ts";
import type { WasmCode } from "../core/wasm/wasm_code.ts";
import type { WasmPass } from "../core/wasm/wasm_pass.ts";
import { wasm } from "./_testing.ts";

/** Elements before and behind every array that is written: views begin at multiples of 64. */
const GUARD = 64;

/** What a guarded element holds, as an integer and, nearly, as a float. */
const GUARDED = 0x4b3c614e;

/** Arrays by name. */
type Arrays = Readonly<Record<string, HostArray>>;

/** Data types of arrays. */
type Types<Names extends Arrays> = {
  readonly [Name in keyof Names]: Names[Name] extends Uint32Array ? "u32" : "f32";
};

/**
 * Runs passes once, and fails if anything is written outside the arrays.
 *
 * @param reads Arrays that are read.
 * @param writes Arrays that are written, with what is in them before.
 * @param passes The passes, or the body of one that has one piece.
 * @param constants The constants.
 * @returns The arrays that were written.
 */
export async function runWasm<Reads extends Arrays, Writes extends Arrays, Name extends string = never>(
  reads: Reads,
  writes: Writes,
  passes:
    | readonly WasmPass<Types<Reads & Writes>, Name>[]
    | ((arrays: WasmArraysOf<Types<Reads & Writes>>, code: WasmCode<Name>) => void),
  constants: Readonly<Record<Name, number>> = {} as Readonly<Record<Name, number>>,
): Promise<Writes> {
  const backend = await wasm(1);
  const typesOf = (arrays: Arrays): Bindings =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, array]): [string, DataType] => {
        return [name, array instanceof Uint32Array ? "u32" : "f32"];
      }),
    );
  const inputs = Object.entries(reads).map(([name, array]) => [name, backend.from(array)] as const);
  const outputs = Object.entries(writes).map(([name, array]) => {
    const guarded = new Uint32Array(array.length + 2 * GUARD).fill(GUARDED);
    guarded.set(new Uint32Array(array.buffer, array.byteOffset, array.length), GUARD);
    const whole = backend.from(array instanceof Uint32Array ? guarded : new Float32Array(guarded.buffer));
    return { name, whole, part: backend.view(whole, GUARD, [array.length]) };
  });
  const tensors = Object.fromEntries([...inputs, ...outputs.map(({ name, part }) => [name, part] as const)]);
  backend.run(
    {
      name: "test",
      reads: typesOf(reads),
      writes: typesOf(writes),
      constants: Object.keys(constants) as Name[],
      cpu() {},
      wgsl: "",
      wasm: (typeof passes === "function" ? [{ pieces: () => 1, body: passes }] : passes) as never,
    },
    tensors,
    constants,
  );
  const results: Record<string, HostArray> = {};
  for (const { name, whole } of outputs) {
    const data = await backend.read(whole), bits = new Uint32Array(data.buffer);
    const outside = [...bits.subarray(0, GUARD), ...bits.subarray(bits.length - GUARD)];
    assertEquals(outside, Array(2 * GUARD).fill(GUARDED), `written outside ${name}`);
    results[name] = data.slice(GUARD, data.length - GUARD);
  }
  backend.free(...inputs.map(([, tensor]) => tensor), ...outputs.map(({ whole }) => whole));
  return results as Writes;
}
