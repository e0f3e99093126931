/**
 * What is said of a run that Ctrl-C has ended.
 *
 * @module
 */
import { quote } from "../cli/terminal.ts";
import type { TrainLoop } from "./train_loop.ts";

/** How to go on. */
export interface Continuations {
  /** The command that trains the steps that are left. */
  readonly train: string;
  /** The command that measures the model, when none is left, but for the texts. */
  readonly measure: string;
  /** The texts that validate, where they have files of their own. */
  readonly validation?: readonly string[];
}

/**
 * Says where a run was stopped, and what to type next.
 *
 * @param loop the loop
 * @param continuations what there is to type
 * @returns lines of text
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeStop } from "./stopped.ts";
 *
 * const folder = { path: "runs/mine" }, settings = { steps: 9 };
 * const next = { train: "train", measure: "evaluate --checkpoint runs/mine", validation: ["a text.txt"] };
 * assertEquals(
 *   describeStop({ run: { step: 5 }, settings, folder }, next),
 *   "Stopped: step 5 of 9 is saved in runs/mine/last.\nGo on: deno task train --resume runs/mine",
 * );
 * assertEquals(
 *   describeStop({ run: { step: 9 }, settings, folder }, next),
 *   "Stopped while measuring: step 9 of 9 is saved in runs/mine/last.\n" +
 *     "Measure it: deno task evaluate --checkpoint runs/mine --data 'a text.txt'",
 * );
 * ```
 */
export function describeStop(
  { run: { step }, settings: { steps }, folder: { path } }: {
    readonly run: Pick<TrainLoop["run"], "step">;
    readonly settings: Pick<TrainLoop["settings"], "steps">;
    readonly folder: Pick<TrainLoop["folder"], "path">;
  },
  { train, measure, validation = [] }: Continuations,
): string {
  const saved = `step ${step} of ${steps} is saved in ${path}/last`;
  if (step < steps) return `Stopped: ${saved}.\nGo on: deno task ${train} --resume ${quote(path)}`;
  const data = validation.length > 0 ? validation.map(quote).join(" ") : "FILE";
  return `Stopped while measuring: ${saved}.\nMeasure it: deno task ${measure} --data ${data}`;
}
