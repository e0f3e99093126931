/** Signals at every operation and in between, and kills at random moments. */

import { type Cut, type Reference, tryToLose } from "./aftermath.ts";
import { kill } from "./children.ts";
import type { Orders } from "./orders.ts";
import { loggedSteps } from "./results.ts";
import type { Stage } from "./scenarios.ts";
import { random, type Trial } from "./trials.ts";

/** How the shell reports a process that a signal has ended: 128 and the signal's number. */
const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type Ending = keyof typeof statuses;

/**
 * Milliseconds from an operation to the signal: at once, or when the program next waits for something, which is while it
 * validates, samples or measures, or between two steps.
 */
const delays = [0, 1, 6];

/** Trials that end a run by each signal at each operation, and one before it has done anything. */
export function signalTrials(stage: Stage, reference: Reference): Trial[] {
  return (Object.keys(statuses) as Ending[]).flatMap((signal, turn) => {
    const group = `${stage.scenario.name}, ${signal}`;
    const atOperations = reference.operations.map(({ kind, path }, at): Trial => {
      const delay = delays[(at + turn) % delays.length],
        orders: Orders = { mode: "signal", at, signal, delay };
      return {
        group,
        name: `${delay} ms after ${at}: ${kind} ${path}`,
        attempt: () => tryToLose(stage, reference, { orders }, judgeOf(signal)),
      };
    });
    const early = [10, 20, 40, 80, 120, 160, 200, 240].map((delay): Trial => ({
      group,
      name: `${delay} ms after its start`,
      attempt: () => endAfter(stage, reference, signal, delay),
    }));
    return [...atOperations, ...early];
  });
}

/** Trials that kill a run at random moments. */
export function killTrials(stage: Stage, reference: Reference, { seed, count }: {
  readonly seed: number;
  readonly count: number;
}): Trial[] {
  const draw = random(seed);
  return Array.from({ length: count }, (): Trial => {
    const delay = Math.round(draw() * reference.seconds * 1000);
    return {
      group: `${stage.scenario.name}, random kill`,
      name: `${delay} ms after its start`,
      attempt: () => endAfter(stage, reference, "SIGKILL", delay),
    };
  });
}

function endAfter(stage: Stage, reference: Reference, signal: Ending | "SIGKILL", delay: number) {
  const meanwhile = (child: Deno.ChildProcess) => void setTimeout(() => kill(child, signal), delay);
  return tryToLose(stage, reference, { meanwhile }, signal === "SIGKILL" ? judgeKill : judgeOf(signal));
}

function judgeKill({ ending: { code, stderr } }: Cut): string | undefined {
  return [0, 137].includes(code) ? undefined : `ends with ${code}, expected 137: ${stderr.slice(0, 300)}`;
}

/** After a signal nothing is lost, not even the step before. */
function judgeOf(signal: Ending): (cut: Cut) => Promise<string | undefined> {
  return async ({ cwd, ending: { code, stderr }, reading }) => {
    if (code === 0) return; // it came too late: whether everything is there is looked at anyway
    if (code !== statuses[signal]) {
      return `ends with ${code}, expected ${statuses[signal]}: ${stderr.slice(0, 300)}`;
    }
    const lastLogged = (await loggedSteps(cwd)).at(-1) ?? 0;
    if (lastLogged > reading.level) {
      return `step ${lastLogged} was done, step ${reading.level} is saved; ${reading.problem ?? ""}`;
    }
  };
}
