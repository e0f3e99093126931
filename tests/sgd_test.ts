import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../core/backend.ts";
import { CpuBackend } from "../core/cpu_backend.ts";
import { gradientNorm } from "../kernels/optimizers/gradient_norm.ts";
import { sgd } from "../kernels/optimizers/sgd.ts";
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
  name: string;
  options: Record<"momentum" | "weightDecay" | "clipNorm", number>;
  rates: number[];
  norms: Values;
  initial: Pair;
  gradients: Pair;
  values: Pair;
}

/** Takes PyTorch's ten steps and compares norm and parameters after each. */
async function checkSteps(backend: Backend, tolerance: Tolerance): Promise<void> {
  for (const { name: what, options, rates, norms, initial, gradients, values } of golden<Steps>("sgd")) {
    const names = ["weight", "bias"] as const, schedule = backend.allocate([1]), norm = backend.allocate([1]);
    const states = names.map((name) => {
      const { shape, data } = initial[name], zeros = () => backend.allocate(shape);
      return { name, parameter: backend.from(data), gradient: zeros(), velocity: zeros() };
    });
    for (const [step, rate] of rates.entries()) {
      backend.write(schedule, [rate]);
      for (const { name, gradient } of states) backend.write(gradient, rowOf(gradients[name], step));
      backend.scope(() => gradientNorm(states.map(({ gradient }) => gradient), norm));
      const expected = { shape: [1], data: norms.data.slice(step, step + 1) };
      assertClose(await backend.read(norm), expected, tolerance, `${what}: norm of step ${step}`);
      for (const { name, ...tensors } of states) {
        const weightDecay = name === "weight" ? options.weightDecay : 0, { size } = tensors.parameter;
        backend.run(sgd, { schedule, norm, ...tensors }, { ...options, size, weightDecay });
        const expected = { shape: [size], data: rowOf(values[name], step) };
        assertClose(
          await backend.read(tensors.parameter),
          expected,
          tolerance,
          `${what}: ${name} after step ${step}`,
        );
        assert(
          (await backend.read(tensors.gradient)).every((value) => value === 0),
          "the gradient is left at 0",
        );
      }
    }
  }
}

everyBackend(
  "sgd takes ten steps as PyTorch does, with momentum, decay and clipping, and without",
  (backend) => checkSteps(backend, backend.name === "cpu" ? TOLERANCES.golden : TOLERANCES.products),
);

Deno.test("sgd takes ten steps as PyTorch does, 64 bits", () =>
  checkSteps(new CpuBackend({ floats: Float64Array }), TOLERANCES.golden64));

/** Parameters and velocity after one step over `size` elements. */
async function step(backend: Backend, size: number, clipNorm: number): Promise<Values[]> {
  const [parameter, gradient, velocity] = ["parameter", "gradient", "velocity"]
    .map((name) => backend.from(normals(name, [size]).data));
  const schedule = backend.from([0.1]), norm = backend.from([20]);
  const settings = { size, momentum: 0.9, weightDecay: 0.01, clipNorm };
  backend.run(sgd, { schedule, norm, parameter, gradient, velocity }, settings);
  const values: Values[] = [];
  for (const tensor of [parameter, velocity]) {
    values.push({ shape: [size], data: await backend.read(tensor) });
  }
  return values;
}

everyBackend("sgd equals the CPU reference", async (backend) => {
  for (const size of [1, 3, 65, 70_001]) {
    const expected = await step(new CpuBackend(), size, 1);
    for (const [index, { data }] of (await step(backend, size, 1)).entries()) {
      assertClose(data, expected[index], TOLERANCES.products, "sgd");
    }
  }
});

everyBackend("sgd clips at the norm, and not at all below it or at 0", async (backend) => {
  const [loose] = await step(backend, 65, 21);
  assertEquals((await step(backend, 65, 0))[0], loose);
  assert((await step(backend, 65, 10))[0].data.some((value, at) => value !== loose.data[at]));
});
