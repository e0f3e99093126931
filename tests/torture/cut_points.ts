/** Every operation of a scenario as a cut point: the process is killed there, the disk is full there, it fails there. */

import { type Cut, type Reference, referenceOf, tryToLose } from "./aftermath.ts";
import { faultOfRefusal } from "./children.ts";
import type { Mode, Operation } from "./orders.ts";
import { read } from "./results.ts";
import type { Stage } from "./scenarios.ts";
import type { Tally, Trial } from "./trials.ts";

/** What happens at a cut point, and at which operations it makes a difference. */
const modes: Readonly<Record<"kill" | "torn" | "full" | "fail", (operation: Operation) => boolean>> = {
  kill: () => true,
  torn: ({ divisible }) => divisible,
  full: ({ growing }) => growing,
  fail: () => true,
};

/** What a reader found after a process was killed at an operation. */
interface Observation {
  /** The operation; half of it counts as half of one. */
  readonly at: number;
  /** The level of the reading. */
  readonly level: number;
  /** What was wrong with what was found, if anything. */
  readonly problem?: string;
}

/** The cut points of a scenario. */
export interface CutPoints {
  /** One trial a cut point. */
  readonly trials: readonly Trial[];
  /** How the scenario goes when nothing happens. */
  readonly reference: Reference;
  /** Afterwards: how often a reader looked, and what had been readable at one cut point and was not at a later one. */
  readings(): Tally;
}

/** Enumerates the cut points of a scenario. */
export async function cutPointsOf(stage: Stage): Promise<CutPoints> {
  const reference = await referenceOf(stage), { operations } = reference;
  const observations: Observation[] = [{ at: -1, level: await levelBefore(stage) }];
  const trials = Object.entries(modes).flatMap(([mode, matters]) =>
    operations.flatMap((operation, at): Trial[] =>
      matters(operation)
        ? [{
          group: `${stage.scenario.name}, ${mode}`,
          name: `at ${at}: ${operation.kind} ${operation.path}`,
          attempt: () => tryCut(stage, reference, { mode: mode as Mode, at, observations }),
        }]
        : []
    )
  );
  return {
    trials,
    reference,
    readings: () => {
      const failures = fallsIn(observations), { length } = observations;
      return { planned: length, tried: length, failures };
    },
  };
}

async function levelBefore(stage: Stage): Promise<number> {
  return await stage.inCopy(async (cwd) => (await read(cwd, stage.scenario)).level);
}

function tryCut(
  stage: Stage,
  reference: Reference,
  { mode, at, observations }: { mode: Mode; at: number; observations: Observation[] },
): Promise<string | undefined> {
  const isKilled = mode === "kill" || mode === "torn";
  const judge = ({ ending, reading }: Cut) => {
    if (isKilled && sameUntil(at, ending.operations, reference.operations)) {
      observations.push({ at: mode === "torn" ? at + 0.5 : at, ...reading });
    }
    if (isKilled) {
      // the clock decides how often the losses are looked at: the run may have ended before this operation
      const isReached = ending.operations.length > at;
      return ending.code === (isReached ? 137 : 0) ? undefined : `ends with ${ending.code}, expected 137`;
    }
    // what the run can do without, such as a picture, may fail
    return ending.code === 0 ? undefined : faultOfRefusal(ending, /full|No space|Input\/output|os error/i);
  };
  return tryToLose(stage, reference, { orders: { mode, at } }, judge);
}

/**
 * Whether a process was where another was at an operation. Files of one folder are written side by side, in an order
 * that chance decides; but folders that were made, names that changed and what was removed must be the same.
 */
function sameUntil(at: number, actual: readonly Operation[], expected: readonly Operation[]): boolean {
  const [here, there] = [actual, expected].map((operations) =>
    operations.slice(0, at + 1).map(({ kind }) => kind).filter((kind) =>
      /mkdir|rename|remove|link/.test(kind)
    )
  );
  return here.join() === there.join();
}

/** Where a later moment has less to read than an earlier one. */
function fallsIn(observations: readonly Observation[]): string[] {
  let most = { at: -1, level: 0 };
  const falls: string[] = [];
  for (const observation of observations.toSorted((a, b) => a.at - b.at)) {
    const { at, level, problem } = observation;
    if (level >= most.level) most = observation;
    else {falls.push(
        `at ${at} a reader finds ${level}, at ${most.at} it found ${most.level}; ${problem ?? ""}`,
      );}
  }
  return falls;
}
