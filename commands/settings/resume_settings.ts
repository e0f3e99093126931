/**
 * What may be changed when a run goes on.
 *
 * @module
 */
import { UsageError } from "../cli/errors.ts";
import { kebabCase } from "../cli/flags.ts";
import { objectiveOf } from "../../models/families.ts";
import { checkTogether, type Settings, stepsOf } from "./settings.ts";
import type { TrainFlags } from "./train_flags.ts";

/** What of a run decides how it goes on. */
export interface Started<Settings> {
  /** Steps done. */
  readonly step: number;
  /** What it was started with. */
  readonly state: { readonly settings: Settings };
}

/** What `train` takes anew when a run goes on; other flags may only say again what they said before. */
const changeable = new Set<string>([
  ...["data", "validation", "steps", "epochs", "stopAfter", "device", "resume", "verbose", "help"],
  ...["logInterval", "evaluationInterval", "sampleInterval", "saveInterval"],
]);

/** What there is no telling whether it says the same as before. */
const fixed = ["name", "out", "vocabSize"] as const;

/**
 * The settings with which a run goes on.
 *
 * @param started the run
 * @param flags the flags
 * @param batchesPerEpoch batches that make an epoch
 * @returns the settings
 * @throws {UsageError} when a flag would change what the run is
 * @throws {RangeError} when all its steps are done
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { parseFlags } from "../cli/parse_flags.ts";
 * import { resumeSettings } from "./resume_settings.ts";
 * import { chooseLength, chooseSettings } from "./settings.ts";
 * import { trainFlags } from "./train_flags.ts";
 *
 * const none = parseFlags(trainFlags, []), settings = chooseLength(chooseSettings(none, "tiny"), none, 100);
 * const run = { step: 10, state: { settings } };
 * const resume = (...args: string[]) => resumeSettings(run, parseFlags(trainFlags, args), 100);
 * assertEquals(resume("--epochs", "50").steps, 5000);
 * assertThrows(() => resume("--seed", "2"), Error, "--seed is 2, but the run was started with 1");
 * ```
 */
export function resumeSettings(
  { step, state: { settings: started } }: Started<Settings>,
  flags: TrainFlags,
  batchesPerEpoch: number,
): Settings {
  const { feedForwardMultiple: multiple, ...others } = flags;
  refuse(flags, fixed);
  const objective = objectiveOf(started);
  checkTogether(flags, objective);
  const given = {
    ...others,
    feedForwardDim: flags.feedForwardDim ?? (multiple && multiple * started.modelDim),
  };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || changeable.has(name)) continue;
    const before = { ...started, objective }[name as keyof Settings];
    if (value !== before) {
      throw new UsageError(
        `--${kebabCase(name)} is ${value}, but the run was started with ${before}: leave it out, ` +
          "or start a new run",
      );
    }
  }
  const steps = stepsOf(flags, started.accumulation, batchesPerEpoch) ?? started.steps;
  expectStepsLeft(step, steps, flags, "--steps or --epochs");
  return {
    ...started,
    steps,
    logInterval: flags.logInterval ?? started.logInterval,
    evaluationInterval: flags.evaluationInterval ?? started.evaluationInterval,
    sampleInterval: flags.sampleInterval ?? started.sampleInterval,
    saveInterval: flags.saveInterval ?? started.saveInterval,
  };
}

/**
 * Refuses flags that make no sense for a run that goes on.
 *
 * @param flags the flags
 * @param names which of them must not be given
 * @throws {UsageError} when one is
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { refuse } from "./resume_settings.ts";
 *
 * assertThrows(() => refuse({ fromScratch: true }, ["fromScratch"]), Error, "--from-scratch cannot be given");
 * ```
 */
export function refuse(flags: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const given = names.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new UsageError(
    `--${kebabCase(given)} cannot be given with --resume: the run goes on as it was started`,
  );
}

/**
 * Refuses to go on with a run that is at its end.
 *
 * @param done steps done
 * @param steps all steps
 * @param flags what was asked for
 * @param advice the flags that make a run longer
 * @throws {RangeError} when no step is left
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { expectStepsLeft } from "./resume_settings.ts";
 *
 * const check = () => expectStepsLeft(9, 9, { resume: "runs/mine" }, "--epochs");
 * assertThrows(check, RangeError, "Cannot resume runs/mine: it has done 9 steps of 9; raise --epochs");
 * ```
 */
export function expectStepsLeft(
  done: number,
  steps: number,
  { resume, stopAfter }: { resume?: string; stopAfter?: number },
  advice: string,
): void {
  const end = Math.min(stopAfter ?? Infinity, steps);
  if (done < end) return;
  throw new RangeError(
    `Cannot resume ${resume}: it has done ${done} steps of ${end}; raise ` +
      (end < steps ? "--stop-after" : advice),
  );
}
