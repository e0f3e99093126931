/** A scenario that is cut off, what must hold then, and its end. */

import { type ChildOptions, type Ending, runChild } from "./children.ts";
import {
  difference,
  missingPicture,
  oursIn,
  read,
  type Reading,
  resultOf,
  withoutEnding,
} from "./results.ts";
import type { Stage } from "./scenarios.ts";
import { harmTo, plant, treeOf } from "./trees.ts";
import type { Operation } from "./orders.ts";

/** A scenario as it goes when nothing happens. */
export interface Reference {
  /** What it leaves. */
  readonly result: ReadonlyMap<string, string>;
  /** The operations it calls. */
  readonly operations: readonly Operation[];
  /** What a reader finds at its end. */
  readonly level: number;
  /** Seconds it takes. */
  readonly seconds: number;
}

/** Runs a scenario to its end, twice: the second time must give the same. */
export async function referenceOf(stage: Stage): Promise<Reference> {
  const { scenario } = stage;
  const [first, second] = [await once(), await once()];
  const unlike = difference(second.result, first.result);
  if (unlike) {
    throw new Error(`${scenario.name}: two runs that nothing happened to are not the same: ${unlike}`);
  }
  return { ...first, seconds: Math.min(first.seconds, second.seconds) };

  function once(): Promise<Reference> {
    return stage.inCopy(async (cwd) => {
      await plant(cwd, scenario.strangers); // what is there decides which folders are made
      const ending = await runChild(scenario.line, { cwd, orders: { mode: "count", at: 0 } });
      if (ending.code !== 0) throw new Error(`${scenario.name} ends with ${ending.code}: ${ending.stderr}`);
      const { operations, seconds } = ending, { level } = await read(cwd, scenario);
      const result = await resultOf(cwd, scenario);
      for (const path of scenario.strangers) result.delete(path.slice(scenario.target.length + 1));
      return { result, operations, level, seconds };
    });
  }
}

/** What a trial may look at when the scenario has been cut off. */
export interface Cut {
  /** The working folder. */
  readonly cwd: string;
  /** How the process ended. */
  readonly ending: Ending;
  /** What a reader finds. */
  readonly reading: Reading;
}

/**
 * Cuts a scenario off, examines what is left, resumes, and compares the end with that of an uninterrupted run.
 *
 * @param stage The scenario.
 * @param reference How it goes when nothing happens.
 * @param options How to run it, and so how it is cut off.
 * @param judge What else must hold at the cut; gives what does not.
 * @returns What was lost, if anything.
 */
export function tryToLose(
  stage: Stage,
  reference: Reference,
  options: Omit<ChildOptions, "cwd">,
  judge: (cut: Cut) => string | undefined | Promise<string | undefined> = () => undefined,
): Promise<string | undefined> {
  const { scenario } = stage, ours = oursIn(scenario);
  return stage.inCopy(async (cwd) => {
    await plant(cwd, scenario.strangers);
    const before = await treeOf(cwd);
    const ending = await runChild(scenario.line, { cwd, ...options });
    if (ending.overdue) return "hangs";
    // what lies in a checkpoint moves with it, so a cut may leave it where it was taken for the time being
    const harm = await harmTo(before, cwd, ours, /\/(last|best|epoch-\d+)\//);
    if (harm) return harm;
    const missing = await missingPicture(cwd, scenario);
    if (missing) return missing;
    const reading = await read(cwd, scenario);
    const fault = await judge({ cwd, ending, reading });
    if (fault) return fault;

    const isComplete = scenario.target === "runs/r" && reading.level === reference.level;
    if (ending.code !== 0) {
      const line = reading.level > 0 && scenario.resume || scenario.line;
      const { code, stderr, overdue } = await runChild(line, { cwd });
      const command = line.slice(0, 2).join(" ");
      if (overdue) return `${command} hangs afterwards`;
      const isDone = isComplete && stderr.includes("it has done");
      if (code !== 0 && !isDone) return `${command} fails afterwards: ${stderr.slice(0, 400)}`;
    }
    if (isComplete) {
      // nothing is left to train or to save: what the cut has left behind is put in order by the user
      const { code, stderr } = await runChild(["doctor", "runs/r", "--clean"], { cwd });
      if (code !== 0) return `doctor fails afterwards: ${stderr.slice(0, 400)}`;
    }
    const compared = isComplete ? withoutEnding : (result: ReadonlyMap<string, string>) => result;
    const unlike = difference(compared(await resultOf(cwd, scenario)), compared(reference.result));
    if (unlike) return `${ending.code === 0 ? "ended" : "went on"}, and ${unlike}`;
    const left = await missingPicture(cwd, scenario);
    if (left) return left;
    return await harmTo(before, cwd, ours);
  });
}
