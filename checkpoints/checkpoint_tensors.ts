/**
 * Checks the tensors of a checkpoint against the model: that none is missing, has another shape, or holds a number that is
 * not finite. A single NaN in the weights spreads to every result, which then no longer shows its origin.
 *
 * @module
 */

import type { Backend, Shape } from "../core/backend.ts";
import type { ParameterStore } from "../core/module.ts";
import { shortened } from "../core/quoted.ts";
import { OPTIMIZERS } from "../training/optimizers.ts";
import { formatShape, type Tensor } from "../core/tensor.ts";
import type { HostTensor } from "./hugging_face/tensors.ts";
import {
  isFloat,
  type NamedArray,
  readSafetensors,
  readTensorEntries,
  type TensorEntry,
} from "./safetensors.ts";

/**
 * Refuses a tensor that is missing or of another shape.
 *
 * @example
 * ```ts
 * import { expectShape } from "./checkpoint_tensors.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => expectShape("x", [2], [3]), TypeError, "tensor x is (2), the model expects (3)");
 * ```
 *
 * @param name Its name.
 * @param actual Its shape in the file; nothing if it is not there.
 * @param expected Its shape in the model.
 * @throws {TypeError} If they differ.
 */
export function expectShape(name: string, actual: Shape | undefined, expected: Shape): void {
  if (actual === undefined) throw new TypeError(`tensor ${shortened(name)} is missing`);
  if (String(actual) === String(expected)) return;
  throw new TypeError(
    `tensor ${shortened(name)} is ${shortened(formatShape(actual))}, the model expects ${
      formatShape(expected)
    }`,
  );
}

/**
 * Refuses an array that holds NaN or an infinity.
 *
 * @example
 * ```ts
 * import { expectFinite } from "./checkpoint_tensors.ts";
 * import { assertThrows } from "@std/assert";
 *
 * const array = { name: "x", shape: [2], data: Float32Array.of(1, NaN) };
 * assertThrows(() => expectFinite(array), TypeError, "tensor x holds NaN at index 1");
 * ```
 *
 * @param array The array.
 * @throws {TypeError} If an element is not finite; the message has its index.
 */
export function expectFinite({ name, data }: NamedArray): void {
  // NaN and the infinities have an exponent of all ones. Testing the bits is faster than testing the numbers.
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let index = 0; index < bits.length; index++) {
    if ((bits[index] & 0x7f800000) === 0x7f800000) {
      throw new TypeError(
        `tensor ${shortened(name)} holds ${data[index]} at index ${index}, expected finite numbers`,
      );
    }
  }
}

/**
 * Reads arrays and refuses those with numbers that are not finite.
 *
 * @param bytes A safetensors file.
 * @param entries What to read of it.
 * @returns The arrays, by name.
 * @throws {TypeError} If a number is not finite; the message names tensor and index.
 */
export function readFinite(
  bytes: Uint8Array,
  entries: ReadonlyMap<string, TensorEntry>,
): Map<string, NamedArray> {
  const arrays = readSafetensors(bytes, entries);
  for (const array of arrays.values()) expectFinite(array);
  return arrays;
}

/**
 * Reads what an optimizer keeps about every parameter.
 *
 * @param bytes The file `optimizer.safetensors`.
 * @param store The parameters.
 * @param names What the optimizer keeps, such as `mean` and `square`.
 * @returns The arrays, by the names of the parameters with `mean.` and so on before them.
 * @throws {TypeError} If another optimizer wrote the file, or an array is missing, of another shape, or not finite.
 */
export function readOptimizerState(
  bytes: Uint8Array,
  { parameters }: ParameterStore,
  names: readonly string[],
): Map<string, NamedArray> {
  const entries = readTensorEntries(bytes), used = new Map<string, TensorEntry>();
  expectState([...new Set(Array.from(entries.keys(), (name) => name.split(".", 1)[0]))], names);
  for (const prefix of names) {
    for (const parameter of parameters) {
      const name = `${prefix}.${parameter.name}`, entry = entries.get(name);
      expectShape(name, entry && isFloat(entry) ? entry.shape : undefined, parameter.shape);
      used.set(name, entry!);
    }
  }
  return readFinite(bytes, used);
}

/** Refuses the state of another optimizer; the message names that one, if it is one of ours. */
function expectState(actual: readonly string[], expected: readonly string[]): void {
  const areSame = (one: readonly string[], other: readonly string[]) =>
    String(one.toSorted()) === String(other.toSorted());
  if (areSame(actual, expected)) return;
  const nameOf = (state: readonly string[]) =>
    Object.entries(OPTIMIZERS).find(([, rule]) => areSame(rule.state, state))?.[0] ??
      "an optimizer of another kind";
  const listOf = (state: readonly string[]) => state.slice(0, 4).map(shortened).join(", ") || "nothing";
  throw new TypeError(
    `${nameOf(actual)} wrote it (it holds ${listOf(actual)}), but this run uses ${nameOf(expected)} ` +
      `(${listOf(expected)}): resume with the optimizer that the run was started with`,
  );
}

/**
 * Copies arrays into one flat buffer, in the layout of the parameters.
 *
 * @param store The parameters.
 * @param arrays The arrays, by name.
 * @param prefix The prefix of the names.
 * @returns The flat buffer.
 * @throws {TypeError} If an array is missing, or of another shape.
 */
export function flatten(
  { parameters, starts, size }: ParameterStore,
  arrays: ReadonlyMap<string, HostTensor>,
  prefix = "",
): Float32Array {
  const values = new Float32Array(size);
  for (const parameter of parameters) {
    const name = prefix + parameter.name, array = arrays.get(name);
    expectShape(name, array?.shape, parameter.shape);
    values.set(array!.data, starts.get(parameter));
  }
  return values;
}

/**
 * Cuts a flat buffer into the parameters that it holds: the inverse of {@linkcode flatten}.
 *
 * @param backend Where it is.
 * @param flat The flat buffer: values, or something else with one number for each of them.
 * @param store The parameters.
 * @param prefix The prefix of the names.
 * @returns One array for each parameter.
 */
export async function readParameters(
  backend: Backend,
  flat: Tensor,
  { parameters, starts }: ParameterStore,
  prefix = "",
): Promise<NamedArray[]> {
  const values = Float32Array.from(await backend.read(flat));
  return parameters.map((parameter) => {
    const start = starts.get(parameter)!;
    return {
      name: prefix + parameter.name,
      shape: parameter.shape,
      data: values.subarray(start, start + parameter.size),
    };
  });
}
