/** Standard output whose reader leaves or whose disk is full, and files of the run that cannot be written any more. */

import { type Cut, type Reference, tryToLose } from "./aftermath.ts";
import { type ChildOptions, faultOfRefusal } from "./children.ts";
import type { Operation, Orders } from "./orders.ts";
import { loggedSteps } from "./results.ts";
import type { Stage } from "./scenarios.ts";
import type { Trial } from "./trials.ts";

/** How standard output fails. */
const outputs: readonly (readonly [name: string, options: Omit<ChildOptions, "cwd">, os?: string])[] = [
  ["the reader leaves after the first lines", { deaf: true }],
  ["the disk of the log is full", { wrapper: ["sh", "-c", 'exec "$@" > /dev/full', "sh"] }, "linux"],
];

/** Files without which a run is not whole. */
const files = ["metrics.jsonl", "samples.txt", "attention.html"];

/** Trials of a run of `train` or `finetune`. */
export function streamTrials(stage: Stage, reference: Reference): Trial[] {
  const { name } = stage.scenario, group = `${name}, output`;
  const ofOutput = outputs.filter(([, , os]) => os === undefined || os === Deno.build.os)
    .map(([name, options]): Trial => ({
      ...{ group, name },
      attempt: () => tryToLose(stage, reference, options, (cut) => judge(cut, /standard output|stdout/i)),
    }));
  const ofFiles = files.flatMap((path) => {
    const on = (operations: readonly Operation[]) => operations.filter((each) => each.path.endsWith(path));
    return on(reference.operations).map((_, at): Trial => {
      const orders: Orders = { mode: "fail", at, path };
      const about = new RegExp(path.replace(".", "\\."));
      return {
        group: `${name}, ${path}`,
        name: `fails from its operation ${at} on`,
        attempt: () =>
          tryToLose(stage, reference, { orders }, (cut) => {
            const failed = on(cut.ending.operations).slice(at);
            // The clock decides how many pieces the lines are written in, so there may be fewer this time; and what some
            // disk cannot sync is there nevertheless.
            const isHarmless = cut.ending.code === 0 && failed.every(({ kind }) => kind === "sync");
            return isHarmless ? undefined : judge(cut, about);
          }),
      };
    });
  });
  return [...ofOutput, ...ofFiles];
}

/** Whatever cannot be written: the last finished step is saved first, and the one line of the end names what failed. */
async function judge({ cwd, ending, reading }: Cut, about: RegExp): Promise<string | undefined> {
  const fault = faultOfRefusal(ending, about);
  if (fault) return fault;
  const logged = (await loggedSteps(cwd)).at(-1) ?? 0;
  if (logged > reading.level) return `step ${logged} was done, step ${reading.level} is saved`;
}
