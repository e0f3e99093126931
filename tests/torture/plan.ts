/** Everything there is to try. */

import { cutPointsOf } from "./cut_points.ts";
import { linkTrials } from "./links.ts";
import { longScenario, scenarios, scenariosOn, Stage } from "./scenarios.ts";
import { killTrials, signalTrials } from "./signals.ts";
import { streamTrials } from "./streams.ts";
import { strangerTrials } from "./strangers.ts";
import { meetingTrials, prepareMeeting, startTrials } from "./together.ts";
import type { Tally, Trial } from "./trials.ts";

/** What to try, and what to look at afterwards. */
export interface Plan {
  /** What to try. */
  readonly trials: readonly Trial[];
  /** Afterwards: how often a reader looked at a scenario that was cut off, and what it missed. */
  readonly readings: ReadonlyMap<string, () => Tally>;
}

/** What a plan is made of. */
export interface PlanOptions {
  /** Where prepared folders are kept. */
  readonly temporary: string;
  /** Decides random moments. */
  readonly seed: number;
  /** Which scenarios. */
  readonly devices: readonly ("cpu" | "wasm" | "webgpu")[];
  /** Says how many cut points a scenario has. */
  readonly report?: (line: string) => void;
}

/** Runs every scenario once, and lists what can be done to it. */
export async function planTrials(
  { temporary, seed, devices, report = () => {} }: PlanOptions,
): Promise<Plan> {
  const trials: Trial[] = [],
    readings = new Map<string, () => Tally>(),
    stages = new Map<string, Stage>();
  const chosen = devices.flatMap((device) => device === "cpu" ? scenarios : scenariosOn(device));
  for (const scenario of chosen) {
    const stage = new Stage(scenario, temporary), cutPoints = await cutPointsOf(stage);
    const { reference } = cutPoints, { name } = scenario;
    stages.set(name, stage);
    report(
      `${name}: ${reference.operations.length} operations, ${cutPoints.trials.length} cut points, ` +
        `${reference.seconds.toFixed(2)} s`,
    );
    trials.push(...cutPoints.trials, ...killTrials(stage, reference, { seed, count: 40 }));
    readings.set(`${name}, readers`, cutPoints.readings);
    if (scenario.resume) {
      trials.push(...signalTrials(stage, reference), ...streamTrials(stage, reference));
    }
    if (name === "train") trials.push(...startTrials(stage, reference, stage));
    if (name === "train --resume") trials.push(...linkTrials(stage, reference), ...strangerTrials(stage));
  }
  if (devices.includes("cpu")) {
    trials.push(...meetingTrials(await prepareMeeting(new Stage(longScenario, temporary)), 50));
  }
  return { trials, readings };
}
