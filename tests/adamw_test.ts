import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { adamw } from "../kernels/optimizers/adamw.ts";
import { gradientNorm } from "../kernels/optimizers/gradient_norm.ts";
import { golden } from "./_golden.ts";
import {
  assertClose,
  everyBackend,
  normals,
  rowOf,
  type Tolerance,
  TOLERANCES,
  type Values,
} from "./_testing.ts";

type Pair = Record<"weight" | "bias", Values>;

interface Steps {
  options: Record<"beta1" | "beta2" | "epsilon" | "weightDecay" | "clipNorm", number>;
  rates: number[];
  norms: Values;
  initial: Pair;
  gradients: Pair;
  values: Pair;
}

/** Takes PyTorch's ten steps and compares norm and parameters after each. */
async function checkSteps(backend: Backend, tolerance: Tolerance): Promise<void> {
  const [{ options, rates, norms, initial, gradients, values }] = golden<Steps>("adamw");
  const names = ["weight", "bias"] as const, schedule = backend.allocate([3]), norm = backend.allocate([1]);
  const states = names.map((name) => {
    const { shape, data } = initial[name], zeros = () => backend.allocate(shape);
    return { name, parameter: backend.from(data), gradient: zeros(), mean: zeros(), square: zeros() };
  });
  for (const [step, rate] of rates.entries()) {
    const { beta1, beta2, weightDecay } = options;
    backend.write(schedule, [rate, 1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)]);
    for (const { name, gradient } of states) backend.write(gradient, rowOf(gradients[name], step));
    backend.scope(() => gradientNorm(states.map(({ gradient }) => gradient), norm));
    const expected = { shape: [1], data: norms.data.slice(step, step + 1) };
    assertClose(await backend.read(norm), expected, tolerance, `norm of step ${step}`);
    for (const { name, ...tensors } of states) {
      const decay = name === "weight" ? weightDecay : 0, { size } = tensors.parameter;
      backend.run(adamw, { schedule, norm, ...tensors }, { ...options, size, weightDecay: decay });
      const expected = { shape: [size], data: rowOf(values[name], step) };
      assertClose(await backend.read(tensors.parameter), expected, tolerance, `${name} after step ${step}`);
      assert(
        (await backend.read(tensors.gradient)).every((value) => value === 0),
        "the gradient is left at 0",
      );
    }
  }
}

everyBackend(
  "adamw with clipping takes ten steps as PyTorch does",
  (backend) => checkSteps(backend, backend.name === "cpu" ? TOLERANCES.golden : TOLERANCES.products),
);

Deno.test("adamw takes ten steps as PyTorch does, 64 bits", () =>
  checkSteps(new CpuBackend({ floats: Float64Array }), TOLERANCES.golden64));

/** One step over `size` elements. */
async function step(backend: Backend, size: number, clipNorm: number): Promise<Float32Array> {
  const tensors = backend.scope(() => {
    const parameter = backend.from(normals("parameter", [size]).data);
    const gradient = backend.from(normals("gradient", [size]).data);
    const mean = backend.from(normals("mean", [size]).data);
    const square = backend.from(normals("square", [size]).data.map(Math.abs));
    const schedule = backend.from([0.01, 0.1, 0.02]), norm = backend.from([20]);
    const settings = { size, beta1: 0.9, beta2: 0.98, epsilon: 0.1, weightDecay: 0.01, clipNorm };
    backend.run(adamw, { schedule, norm, parameter, gradient, mean, square }, settings);
    return parameter;
  });
  return await backend.read(tensors) as Float32Array;
}

everyBackend("adamw equals the CPU reference", async (backend) => {
  for (const size of [1, 3, 65, 70_001]) {
    const expected = { shape: [size], data: await step(new CpuBackend(), size, 1) };
    assertClose(await step(backend, size, 1), expected, TOLERANCES.products, "adamw");
  }
});

everyBackend("adamw clips at the norm, and not at all below it or at 0", async (backend) => {
  const loose = await step(backend, 65, 21);
  assertEquals(await step(backend, 65, 0), loose);
  assert((await step(backend, 65, 10)).some((value, at) => value !== loose[at]));
});
