/** What the tests of the engine share: backends, comparison, golden values, central differences. */

import { assertEquals } from "@std/assert";
import type { AdapterClass, Backend, HostArray, Shape } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { Random } from "../core/random.ts";
import { Tape, type TapeOptions } from "../core/tape.ts";
import type { Tensor } from "../core/tensor.ts";
import { formatShape, sizeOf } from "../core/tensor.ts";
import { WasmBackend } from "../core/wasm/wasm_backend.ts";
import { WebGpuBackend } from "../core/webgpu/webgpu_backend.ts";
import { addScaled } from "../kernels/elementwise.ts";

/** How far two tensors may lie apart: `atol` plus `rtol` times the largest expected magnitude. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** The tolerances of comparisons, where a test gives no reason for another: about three times the worst difference seen, on software Vulkan for the GPU. */
export const TOLERANCES = {
  /** Central differences in double precision; what they lose is the step of 1e-5 and the rounding of the total. */
  differences: { rtol: 1e-9, atol: 1e-9 },
  /** CPU in double precision against PyTorch in double precision. */
  golden64: { rtol: 4e-14, atol: 1e-13 },
  /** CPU in single precision against PyTorch in double precision: results and what is kept for them are rounded. */
  golden: { rtol: 2e-6, atol: 1e-7 },
  /** GPU against CPU: sums, products, copies. */
  products: { rtol: 2e-6, atol: 1e-6 },
  /** GPU against CPU: tens of thousands of terms added one after the other, each sum rounded. */
  longSums: { rtol: 3e-5, atol: 1e-6 },
  /** GPU against CPU, and WebAssembly against PyTorch: softmax, layer normalization, cross-entropy, attention. */
  rows: { rtol: 1.3e-5, atol: 1e-6 },
  /** GPU against CPU: tanh and erf are approximations there. */
  activations: { rtol: 4e-6, atol: 4e-6 },
  /** GPU against PyTorch: gradients of a whole model. */
  modelGradients: { rtol: 1e-5, atol: 1e-7 },
} as const;

/** Numbers on the host, with their shape. */
export interface Values<Data extends HostArray = HostArray> {
  readonly shape: Shape;
  readonly data: Data;
}

/** Normal numbers that depend on the name only. */
export function normals(name: string, shape: Shape, scale = 1): Values<Float32Array> {
  const random = new Random(1, name);
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal()) };
}

/** Integers below a bound that depend on the name only. */
export function integers(name: string, shape: Shape, below: number): Values<Uint32Array> {
  const random = new Random(1, name);
  return { shape, data: Uint32Array.from({ length: sizeOf(shape) }, () => random.below(below)) };
}

/** A vector of integers, for ids and lengths. */
export function ids(...data: number[]): Values {
  return { shape: [data.length], data: Uint32Array.from(data) };
}

/** A row of a matrix. */
export function rowOf({ shape: [, columns], data }: Values, row: number): HostArray {
  return data.slice(row * columns, (row + 1) * columns);
}

/**
 * Fails unless the largest difference is within the tolerance; NaN on either side fails.
 *
 * @param actual What was computed.
 * @param expected What it should be, with the shape that coordinates refer to.
 * @param tolerance See {@linkcode Tolerance}.
 * @param what The operation, for the message.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: Values,
  { rtol, atol }: Tolerance,
  what: string,
): void {
  const { shape, data } = expected, where = `${what} ${formatShape(shape)}`;
  if (actual.length !== data.length) {
    throw new Error(`${where}: ${actual.length} elements, expected ${data.length}`);
  }
  let largest = 0, worst = 0, difference = 0;
  for (let at = 0; at < data.length; at++) {
    const apart = actual[at] === data[at] ? 0 : Math.abs(actual[at] - data[at]);
    // a comparison with NaN is false: it counts as the worst of all
    if (!(apart <= difference)) [worst, difference] = [at, Number.isNaN(apart) ? Infinity : apart];
    largest = Math.max(largest, Math.abs(data[at]));
  }
  const allowed = atol + rtol * largest;
  if (difference <= allowed && Number.isFinite(largest)) return;
  const coordinates: number[] = [];
  for (let axis = shape.length - 1, rest = worst; axis >= 0; axis--) {
    coordinates.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  throw new Error(
    `${where} at (${coordinates.join(", ")}): ${actual[worst]}, expected ${data[worst]}, ` +
      `${difference.toExponential(2)} apart, allowed ${allowed.toExponential(2)}`,
  );
}

const adapter = await globalThis.navigator?.gpu?.requestAdapter() ?? null;

/** Whether there is a WebGPU adapter; always true under `REQUIRE_GPU=1`, so that its absence fails. */
export const hasAdapter: boolean = adapter !== null || Deno.env.get("REQUIRE_GPU") === "1";

/** Whether it has numbers in half precision, which browsers without a GPU lack; true without an adapter. */
const hasHalves = adapter?.features.has("shader-f16") ?? true;

/** The WebAssembly backend with a number of threads and poisoned memory; the tests of one file share it. */
const wasmBackends = new Map<number, Promise<WasmBackend>>();

/** See {@linkcode wasmBackends}. */
export function wasm(threads: number): Promise<WasmBackend> {
  if (!wasmBackends.has(threads)) wasmBackends.set(threads, WasmBackend.open({ threads, poison: true }));
  return wasmBackends.get(threads)!;
}

/** Opening a device and compiling shaders takes time: the tests of one file share their backends. */
const opened = new Map<string, Promise<WebGpuBackend | undefined>>();

/** The WebGPU backend with the shaders for one class of adapter, whatever the real one is. */
export async function webGpu(adapterClass: "software" | "hardware"): Promise<WebGpuBackend> {
  if (!opened.has(adapterClass)) opened.set(adapterClass, WebGpuBackend.open(adapterClass));
  const backend = await opened.get(adapterClass);
  if (backend === undefined) throw new Error("REQUIRE_GPU=1, but there is no WebGPU adapter");
  return backend;
}

/**
 * Registers a test for every backend: the CPU and WebAssembly with poisoned memory, and WebGPU with the shaders for software
 * and for hardware. Without an adapter, or one that has what the test needs, the latter two are ignored.
 *
 * @param name Name of the test.
 * @param body The test.
 * @param needs What the test needs of an adapter.
 */
export function everyBackend(
  name: string,
  body: (backend: Backend) => void | Promise<void>,
  needs: { readonly halves?: boolean } = {},
): void {
  const ignore = !hasAdapter || needs.halves === true && !hasHalves;
  Deno.test(`${name} [cpu]`, () => body(new CpuBackend({ poison: true })));
  Deno.test(`${name} [wasm]`, async () => body(await wasm(2)));
  for (const adapterClass of ["software", "hardware"] as const) {
    Deno.test(`${name} [webgpu, ${adapterClass} shaders]`, { ignore }, async () => {
      await body(await webGpu(adapterClass));
    });
  }
}

/** Inputs of an operation, by name. */
export type Inputs = Readonly<Record<string, Values>>;

/** An operation under test, as a function of named tensors. */
export type Operation = (tensors: Readonly<Record<string, Tensor>>) => Tensor;

/** The value of an operation and the gradients of its inputs. */
export interface Evaluation {
  readonly y: Values;
  readonly gradients: Inputs;
}

/**
 * Computes an operation and the gradients of its f32 inputs on a backend.
 *
 * @param backend Where.
 * @param inputs The inputs; all f32 ones are put on a tape.
 * @param operation The operation.
 * @param dy The gradient of the result; normal numbers unless given.
 * @param random Random state of the tape, for dropout.
 * @param options What the tape does besides.
 * @returns Result and gradients.
 */
export async function evaluate(
  backend: Backend,
  inputs: Inputs,
  operation: Operation,
  dy?: Values,
  random?: Uint32Array,
  options?: TapeOptions,
): Promise<Evaluation> {
  const [y, watched] = backend.scope(() => {
    const tape = new Tape(random && backend.from(random), options), tensors: Record<string, Tensor> = {};
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      tensors[name] = backend.from(data, shape);
      if (tensors[name].dataType === "f32") tape.watch(tensors[name]);
    }
    const y = operation(tensors), size = y.size;
    const start = backend.from((dy ?? normals("dy", y.shape)).data, y.shape);
    // begins the backward pass at dy instead of at 1
    tape.record(() => backend.run(addScaled, { x: start, y: y.gradient! }, { size, factor: 1 }));
    tape.backward(y, 0);
    return [y, Object.entries(tensors).filter(([, { gradient }]) => gradient !== undefined)] as const;
  });
  const gradients: Record<string, Values> = {};
  for (const [name, { gradient, shape }] of watched) {
    gradients[name] = { shape, data: await backend.read(gradient!) };
  }
  return { y: { shape: y.shape, data: await backend.read(y) }, gradients };
}

/** Compares value and gradients. */
export function assertSame(
  actual: Evaluation,
  expected: Evaluation,
  tolerance: Tolerance,
  what: string,
): void {
  assertClose(actual.y.data, expected.y, tolerance, `${what}: y`);
  for (const [name, gradient] of Object.entries(expected.gradients)) {
    assertClose(actual.gradients[name].data, gradient, tolerance, `${what}: gradient of ${name}`);
  }
}

/**
 * Registers the tests that a differentiable operation equals the CPU reference on every backend.
 *
 * @param name Name of the operation.
 * @param cases Inputs, by what is special about them.
 * @param operation The operation.
 * @param tolerance How close.
 */
export function testParity(
  name: string,
  cases: Readonly<Record<string, Inputs>>,
  operation: Operation,
  tolerance: Tolerance,
): void {
  everyBackend(`${name} equals the CPU reference`, async (backend) => {
    for (const [what, inputs] of Object.entries(cases)) {
      const expected = await evaluate(new CpuBackend(), inputs, operation);
      assertSame(await evaluate(backend, inputs, operation), expected, tolerance, `${name}, ${what}`);
    }
  });
}

/** The CPU reference with what is chosen for GPUs: it computes by the definitions of their kernels, and keeps what they keep. */
export class CpuLikeGpu extends CpuBackend {
  readonly adapterClass: AdapterClass = "hardware";
}

/** A CPU backend that records the names of the kernels it runs. */
export class RecordingBackend extends CpuBackend {
  /** The names, in order. */
  readonly kernels: string[] = [];

  override run(...[kernel, tensors, constants]: Parameters<CpuBackend["run"]>): void {
    this.kernels.push(kernel.name);
    super.run(kernel, tensors, constants);
  }
}

/**
 * Registers the test that an operation computes no gradient that is not needed: of one input at a time.
 *
 * @param name Name of the operation.
 * @param inputs Inputs, all f32.
 * @param operation The operation.
 * @param expected The kernels that the gradient of each input takes, handed dy beforehand; among them `fill` for a
 * gradient that is only added to.
 */
export function testNeededGradients(
  name: string,
  inputs: Inputs,
  operation: Operation,
  expected: Readonly<Record<string, readonly string[]>>,
): void {
  Deno.test(`${name} computes no gradient that is not needed`, async () => {
    const all = await evaluate(new CpuBackend(), inputs, operation);
    for (const [needed, kernels] of Object.entries(expected)) {
      const backend = new RecordingBackend();
      const { gradients } = await evaluate(backend, inputs, (tensors) => {
        for (const other in tensors) if (other !== needed) tensors[other].tape = undefined;
        const y = operation(tensors);
        backend.kernels.length = 0;
        return y;
      });
      const alone = `kernels run for the gradient of ${needed} alone`;
      // the backward pass begins with a gradient filled with zeros, to which evaluate adds dy
      assertEquals(backend.kernels, ["fill", "addScaled", ...kernels], alone);
      assertEquals(gradients, { [needed]: all.gradients[needed] }, `gradient of ${needed} alone`);
    }
  });
}

/**
 * Compares gradients with central differences, in double precision, for every element of every f32 input.
 *
 * @param inputs Small inputs.
 * @param operation The operation; any shape of result.
 * @param random Random state of the tape, for dropout.
 * @param Backend Where.
 */
export async function checkGradients(
  inputs: Inputs,
  operation: Operation,
  random?: Uint32Array,
  Backend: typeof CpuBackend = CpuBackend,
): Promise<void> {
  const backend = new Backend({ floats: Float64Array, poison: true }), step = 1e-5;
  const { y, gradients } = await evaluate(backend, inputs, operation, undefined, random);
  const dy = normals("dy", y.shape).data;
  /** Σ y · dy, whose gradient the backward pass has computed. */
  const total = async (name: string, at: number, change: number): Promise<number> => {
    const moved = Float64Array.from(inputs[name].data);
    moved[at] += change;
    const changed = { ...inputs, [name]: { shape: inputs[name].shape, data: moved } };
    const { y } = await evaluate(backend, changed, operation, undefined, random);
    return (y.data as Float64Array).reduce((sum, value, index) => sum + value * dy[index], 0);
  };
  for (const [name, gradient] of Object.entries(gradients)) {
    const differences = new Float64Array(gradient.data.length);
    for (let at = 0; at < differences.length; at++) {
      differences[at] = (await total(name, at, step) - await total(name, at, -step)) / (2 * step);
    }
    const expected = { shape: gradient.shape, data: differences };
    assertClose(gradient.data, expected, TOLERANCES.differences, `gradient of ${name}`);
  }
}
