/**
 * Where the time of a training step goes: each kernel is timed where the backend runs it. On the CPU and on WebAssembly a
 * kernel is done when `run` returns; WebGPU only records it then, so there is nothing to time.
 *
 * @module
 */

import type { Backend, Kernel } from "../mod.ts";
import type { BenchConfig } from "./configs.ts";
import { startTraining } from "./measurements.ts";
import { alignTable } from "./table.ts";

/** Which of the bodies of a kernel ran: WebAssembly, or plain JavaScript. */
export type Body = "wasm" | "cpu";

/** The runs of one kernel in all steps. */
export interface KernelTime {
  /** The name of the kernel. */
  readonly name: string;
  /** What ran. */
  readonly body: Body;
  /** How often. */
  runs: number;
  /** Milliseconds, all runs together. */
  ms: number;
}

/** The times of some steps. */
export interface Profile {
  /** Steps that were timed. */
  readonly steps: number;
  /** Milliseconds of all of them, with what is outside of kernels. */
  readonly ms: number;
  /** Every kernel that ran. */
  readonly kernels: readonly KernelTime[];
}

/** The body that a backend runs. */
export function bodyOf(kernel: Kernel, backend: Pick<Backend, "name">): Body {
  return backend.name === "wasm" && kernel.wasm !== undefined ? "wasm" : "cpu";
}

/**
 * Times every kernel that a backend runs, until the returned function is called.
 *
 * @param backend The backend; its `run` is replaced, since tensors know it and call it directly.
 * @param now A clock in milliseconds.
 * @returns A function that ends this and returns the times.
 * @throws {TypeError} If the backend does not wait for its kernels.
 */
export function timeKernels(
  backend: Backend,
  now: () => number = () => performance.now(),
): () => KernelTime[] {
  if (backend.name === "webgpu") {
    throw new TypeError(
      "Cannot time kernels on webgpu: it records them and runs them later; give --device cpu or --device wasm",
    );
  }
  const run = backend.run, times = new Map<string, KernelTime>();
  backend.run = (kernel, tensors, constants) => {
    const start = now();
    Reflect.apply(run, backend, [kernel, tensors, constants]);
    const ms = now() - start, { name } = kernel;
    const time = times.get(name) ?? { name, body: bodyOf(kernel as Kernel, backend), runs: 0, ms: 0 };
    times.set(name, time);
    time.runs++;
    time.ms += ms;
  };
  return () => {
    backend.run = run;
    return [...times.values()];
  };
}

/**
 * Times the kernels of training steps, after two that are not counted.
 *
 * @param backend Where.
 * @param config The model and its batch.
 * @param steps How many.
 * @returns The times.
 */
export async function profileTraining(
  backend: Backend,
  config: BenchConfig,
  steps: number,
): Promise<Profile> {
  const run = startTraining(backend, config);
  for (let step = 0; step < 2; step++) {
    run.advance();
    await run.report(1);
  }
  const stop = timeKernels(backend), start = performance.now();
  for (let step = 0; step < steps; step++) {
    run.advance();
    await run.report(1);
  }
  const ms = performance.now() - start;
  return { steps, ms, kernels: stop() };
}

/**
 * Writes a profile as a table, the longest first, and below it what ran in plain JavaScript and what was no kernel.
 *
 * @param profile The times.
 * @returns The lines of a Markdown table.
 */
export function formatProfile({ steps, ms, kernels }: Profile): string {
  const row = (name: string, body: string, runs: number | undefined, time: number): string[] => [
    name,
    body,
    runs === undefined ? "" : (runs / steps).toFixed(runs % steps === 0 ? 0 : 1),
    (time / steps).toFixed(2),
    `${(100 * time / ms).toFixed(1)} %`,
  ];
  const sum = (times: readonly KernelTime[]): number => times.reduce((total, time) => total + time.ms, 0);
  const count = (times: readonly KernelTime[]): number => times.reduce((total, time) => total + time.runs, 0);
  const plain = kernels.filter(({ body }) => body === "cpu");
  const rows = [
    ["kernel", "body", "runs a step", "ms a step", "share"],
    ...kernels.toSorted((a, b) => b.ms - a.ms).map(({ name, body, runs, ms }) => row(name, body, runs, ms)),
    row("**kernels in plain JavaScript**", "cpu", count(plain), sum(plain)),
    row("**outside of kernels**", "", undefined, ms - sum(kernels)),
    row("**a step**", "", count(kernels), ms),
  ];
  return alignTable(rows, 2);
}
