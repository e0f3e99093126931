/**
 * Checksums of a model's tensors: equal if and only if, for all that is known, all bits are.
 *
 * @module
 */

import type { Backend } from "../../core/backend.ts";
import type { ParameterStore } from "../../core/module.ts";

/** The values of each parameter. */
export interface ParameterValues {
  /** Its path in the model. */
  readonly name: string;
  /** Its values, row by row. */
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * Reads all parameters of a model.
 *
 * @param backend Where they are.
 * @param store The parameters.
 * @returns A copy of the values of each, in the order of the model.
 */
export async function parameterValues(
  backend: Backend,
  { parameters, starts, values }: ParameterStore,
): Promise<ParameterValues[]> {
  const all = await backend.read(values);
  return parameters.map((parameter) => {
    const start = starts.get(parameter)!;
    return { name: parameter.name, data: Float32Array.from(all.subarray(start, start + parameter.size)) };
  });
}

/**
 * The SHA-256 of values one after the other, as little-endian 32-bit numbers.
 *
 * @example
 * ```ts
 * import { sha256Of } from "./tensor_sums.ts";
 * import { assert, assertNotEquals } from "@std/assert";
 *
 * const sum = await sha256Of([Float32Array.of(0, 1)]);
 * assert(sum.startsWith("22b6f43b"));
 * assertNotEquals(await sha256Of([Float32Array.of(-0, 1)]), sum);
 * ```
 *
 * @param parts The values, in parts.
 * @returns 64 hexadecimal digits.
 */
export async function sha256Of(parts: readonly Float32Array[]): Promise<string> {
  const bytes = new DataView(new ArrayBuffer(4 * parts.reduce((sum, { length }) => sum + length, 0)));
  let at = 0;
  for (const part of parts) {
    for (const value of part) {
      bytes.setFloat32(at, value, true);
      at += 4;
    }
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
