/**
 * The table of `deno task bench:peers`: figures of two engines on one task, and how many times as fast ours is. There is
 * no ratio where the results show that the two did not do the same work.
 *
 * @module
 */

import { median } from "../configs.ts";
import type { Task } from "./engines.ts";

/** What a process prints about a task. */
export interface Answer {
  /** Milliseconds of one step, product or text. */
  readonly ms: number;
  /** Losses of the first steps, elements of the product, or tokens. */
  readonly values: readonly number[];
  /** Name and version of the engine; of ours, none. */
  readonly engine?: string;
  /** What it is built with. */
  readonly note?: string;
}

/** The columns of the table. */
export const HEADINGS: readonly string[] = ["", "Miniformer", "beside", "", "our speed"];

/** Names a task. */
export function describe({ work, size, threads, device }: Task): string {
  const what = {
    train: `training step of ${size}`,
    generate: `generation with ${size}`,
    matmul: `product ${size}`,
  };
  return `${what[work]}, ${device ?? (threads === 1 ? "1 thread" : `${threads} threads`)}`;
}

/** The figure that is usual for a task: milliseconds of a step, tokens or operations a second. */
export function figure({ work, size, threads }: Task, { ms, values }: Pick<Answer, "ms" | "values">): string {
  if (work === "generate") return `${(values.length / ms * 1e3).toFixed(0)} tokens/s`;
  if (work === "matmul") {
    const each = threads > 1 ? " a thread" : "";
    return `${(2 * Number(size) ** 3 / ms / 1e6 / threads).toFixed(1)} GFLOP/s${each}`;
  }
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

/**
 * One answer for several rounds.
 *
 * @param answers At least one, from the same engine.
 * @param best Whether the fastest round counts, instead of the middle one.
 * @returns The first one, with the time that counts.
 */
export function summarize(answers: readonly Answer[], best = false): Answer {
  const times = answers.map(({ ms }) => ms);
  return { ...answers[0], ms: best ? Math.min(...times) : median(times) };
}

/**
 * Finds where results differ.
 *
 * @param work Tokens must be the same; losses and products may differ by rounding, 0.00003.
 * @param ours Ours.
 * @param theirs Theirs.
 * @returns The two values as text, or undefined if all agree.
 */
export function difference(
  work: Task["work"],
  ours: readonly number[],
  theirs: readonly number[],
): string | undefined {
  const tolerance = work === "generate" ? 0 : 3e-5;
  const at = Array.from({ length: Math.max(ours.length, theirs.length, 1) }, (_, index) => index)
    .find((index) => !(Math.abs(ours[index] - theirs[index]) <= tolerance));
  if (at === undefined) return undefined;
  return `value ${at + 1} is ${ours[at]} here and ${theirs[at]} there`;
}

/**
 * A row of the table.
 *
 * @param task The task.
 * @param ours Ours, or undefined if it was not measured.
 * @param theirs The peer's.
 * @returns Its cells.
 */
export function compare(task: Task, ours: Answer | undefined, theirs: Answer): string[] {
  const cells = [describe(task), ours ? figure(task, ours) : "–", theirs.engine ?? "", figure(task, theirs)];
  if (!ours) return [...cells, "–"];
  const differs = difference(task.work, ours.values, theirs.values);
  return [...cells, differs ? `not comparable: ${differs}` : `${(theirs.ms / ours.ms).toFixed(2)} ×`];
}
