/** Golden files: values from PyTorch and Hugging Face, and the tests that hold the CPU reference and WebAssembly against them. */

import { CpuBackend } from "../core/cpu_backend.ts";
import type { Tensor } from "../core/tensor.ts";
import {
  assertSame,
  evaluate,
  type Inputs,
  type Tolerance,
  TOLERANCES,
  type Values,
  wasm,
} from "./_testing.ts";

/** A case of an operation: inputs in single precision, results in double. */
export interface GoldenCase {
  readonly name: string;
  // deno-lint-ignore no-explicit-any -- numbers and words, which each test knows
  readonly options: any;
  readonly inputs: Inputs;
  readonly dy: Values;
  readonly y: Values;
  readonly gradients: Inputs;
}

const ARRAYS = { f32: Float32Array, f64: Float64Array, u32: Uint32Array };

/** Base64 of little-endian numbers, as `fixtures/golden.py` writes them. */
function decode({ shape, type, data }: { shape: number[]; type: keyof typeof ARRAYS; data: string }): Values {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return { shape, data: new ARRAYS[type](bytes.buffer) };
}

/**
 * Reads the cases of a golden file.
 *
 * @param name Its name in `fixtures`, without `.json`.
 * @returns The cases, their tensors decoded.
 */
export function golden<Case = GoldenCase>(name: string): Case[] {
  const text = Deno.readTextFileSync(new URL(`../fixtures/${name}.json`, import.meta.url));
  return JSON.parse(text, (_, value) => value?.data === undefined ? value : decode(value)).cases;
}

/**
 * Registers the tests that an operation equals PyTorch, on the CPU in single and in double precision, and in WebAssembly.
 *
 * @param file The golden file.
 * @param operation The operation, as a function of a case's inputs and options.
 * @param wasmTolerance How close WebAssembly is, where sums of 32 bits differ from those of the CPU.
 */
export function testGolden(
  file: string,
  operation: (tensors: Readonly<Record<string, Tensor>>, options: GoldenCase["options"]) => Tensor,
  wasmTolerance: Tolerance = TOLERANCES.golden,
): void {
  for (const [bits, floats] of [[32, Float32Array], [64, Float64Array]] as const) {
    const tolerance = bits === 32 ? TOLERANCES.golden : TOLERANCES.golden64;
    Deno.test(`${file}: values and gradients equal PyTorch's, ${bits} bits`, async () => {
      for (const { name, options, inputs, dy, y, gradients } of golden(file)) {
        const backend = new CpuBackend({ floats, poison: true });
        const actual = await evaluate(backend, inputs, (tensors) => operation(tensors, options), dy);
        assertSame(actual, { y, gradients }, tolerance, `${file} ${name}`);
      }
    });
  }
  Deno.test(`${file}: values and gradients equal PyTorch's [wasm]`, async () => {
    for (const { name, options, inputs, dy, y, gradients } of golden(file)) {
      const actual = await evaluate(await wasm(2), inputs, (tensors) => operation(tensors, options), dy);
      assertSame(actual, { y, gradients }, wasmTolerance, `${file} ${name}`);
    }
  });
}
