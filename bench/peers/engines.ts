/**
 * The engines that are compared, and how each of them is started.
 *
 * @module
 */

import { CONFIGS } from "../configs.ts";
import type { Device } from "../devices.ts";
import { newTokens, PROMPT } from "../measurements.ts";
import type { Answer } from "./comparison.ts";

/** One thing that is measured. */
export interface Task {
  /** What is done. */
  readonly work: "train" | "generate" | "matmul";
  /** With which model, or with matrices of which size. */
  readonly size: "S" | "T" | 1024;
  /** Threads. */
  readonly threads: number;
  /** The device of ours, unless it is the one that is asked for. */
  readonly device?: Device;
}

/** How thorough a run is. */
export interface Effort {
  /** The device of ours. */
  readonly device: Device;
  /** Python, by name or path. */
  readonly python: string;
  /** The folder with the files of `start.ts`. */
  readonly folder: string;
  /** Whether to take as few steps as show that everything runs. */
  readonly quick: boolean;
}

/** A program with its arguments. */
export interface Command {
  /** The program. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Its environment, besides ours. */
  readonly env?: Readonly<Record<string, string>>;
}

/** An engine beside which we are measured. */
export interface Engine {
  /** Its name in messages. */
  readonly name: string;
  /** How to get it, for whom it is missing. */
  readonly source: string;
  /** The program that does a task, or undefined if the engine is not measured on it. */
  command(task: Task, effort: Effort): Command | undefined;
}

const pathOf = (script: string): string => new URL(script, import.meta.url).pathname;

const deno = (script: string, ...args: (string | number)[]): Command => ({
  program: Deno.execPath(),
  args: ["run", "-A", "-q", "--no-lock", pathOf(script), ...args.map(String)],
});

/** PyTorch's threads are OpenMP's: those of MKL and of other libraries follow the variable. */
const python = (effort: Effort, threads: number, script: string, ...args: (string | number)[]): Command => ({
  program: effort.python,
  args: [pathOf(script), ...args.map(String)],
  env: { OMP_NUM_THREADS: String(threads), PYTHONDONTWRITEBYTECODE: "1" },
});

/** Training steps: as many for each engine, and enough of T that compilers have finished long before the median. */
const stepsOf = (size: Task["size"], { quick }: Effort): number => quick ? 4 : size === "S" ? 12 : 62;

/** Ours. */
export function ourCommand({ work, size, threads, device }: Task, effort: Effort): Command {
  const where = device ?? effort.device, slow = where === "cpu";
  const steps = work === "generate"
    ? (effort.quick ? 1 : 5)
    : slow
    ? (size === "S" || effort.quick ? 3 : 7)
    : stepsOf(size, effort);
  const chosen = ["--device", where, "--threads", threads, "--only", `${work} ${size}`, "--steps", steps];
  return deno("../bench.ts", "--json", ...chosen);
}

/** The others. */
export const ENGINES: readonly Engine[] = [
  {
    name: "PyTorch",
    source: "pip install torch==2.13.0, and name its Python with --python",
    command({ work, size, threads, device }, effort) {
      if (work === "generate" || device) return undefined;
      if (work === "matmul") return python(effort, threads, "./pytorch.py", "matmul", size, threads);
      const file = `${effort.folder}/${size}`;
      return python(effort, threads, "./pytorch.py", "train", file, stepsOf(size, effort), threads);
    },
  },
  {
    name: "transformers",
    source: "pip install torch==2.13.0 transformers, and name its Python with --python",
    command({ work, size, threads }, effort) {
      if (work !== "generate") return undefined;
      const { model } = CONFIGS[size as "S" | "T"], rounds = effort.quick ? 1 : 5;
      const file = `${effort.folder}/${size}`, script = "./transformers_generate.py";
      return python(effort, threads, script, file, rounds, threads, PROMPT.join(), newTokens(model));
    },
  },
  {
    name: "jax-js",
    source: "it comes from npm, which must be in reach",
    command({ work, size, threads, device = "wasm" }, effort) {
      if (work !== "train") return undefined;
      return deno("./jax_js.ts", size, stepsOf(size, effort), device, threads);
    },
  },
  {
    name: "TensorFlow.js",
    source: "it comes from npm, which must be in reach",
    command({ work, size, threads, device }, { quick }) {
      if (work !== "train" || size !== "T" || threads > 1 || device) return undefined;
      return deno("./tensorflow_js.ts", size, quick ? 3 : 5, "cpu");
    },
  },
];

/**
 * Runs a program to its end.
 *
 * @param command The program.
 * @returns What its last line says.
 * @throws {Error} If it fails; the message is the last line of its errors.
 */
export async function measure({ program, args, env }: Command): Promise<Answer> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], env }).output();
  const lastLine = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim().split("\n").at(-1)!;
  if (!success) throw new Error(lastLine(stderr));
  const line = lastLine(stdout);
  if (line === "") throw new Error(lastLine(stderr) || "it printed nothing");
  return JSON.parse(line);
}
