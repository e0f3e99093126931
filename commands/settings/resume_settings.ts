/**
 * The settings of a resumed run: which flags may change, and which may only repeat what the run was started with.
 *
 * @module
 */
import { UsageError } from "../cli/errors.ts";
import { kebabCase } from "../cli/flags.ts";
import { type LengthFlags, pick, type RunSettings, stepsOf } from "./settings.ts";

/** The flags that may change when a run is resumed. */
const MAY_CHANGE = new Set([
  ...["data", "validation", "steps", "epochs", "stopAfter", "device", "block"],
  ...["logInterval", "evaluationInterval", "sampleInterval", "saveInterval"],
  ...["resume", "config", "dryRun", "tensorboard", "verbose", "help"],
]);

const INTERVALS = ["logInterval", "evaluationInterval", "sampleInterval", "saveInterval"] as const;

/** The flags of a resumed run. */
export type ResumeFlags = LengthFlags & { readonly resume?: string; readonly stopAfter?: number };

/**
 * The settings of a resumed run.
 *
 * @param started the settings it was started with, under the names of their flags
 * @param step the steps done
 * @param flags the flags
 * @param batchesPerEpoch batches in an epoch
 * @returns the settings
 * @throws {UsageError} when a flag would change what the run computes
 * @throws {RangeError} when all its steps are done
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { parseFlags } from "../cli/parse_flags.ts";
 * import { resumeSettings } from "./resume_settings.ts";
 * import { chooseSettings } from "./settings.ts";
 * import { trainFlags } from "./train_flags.ts";
 *
 * const flagsOf = (...args: string[]) => parseFlags(trainFlags, args);
 * const started = chooseSettings(flagsOf(), "tiny");
 * assertEquals(resumeSettings(started, 10, flagsOf("--epochs", "50"), 100).steps, 5000);
 * const message = "--seed is 2, but the run was started with 1: leave it out, or start a new run";
 * assertThrows(() => resumeSettings(started, 10, flagsOf("--seed", "2"), 100), Error, message);
 * ```
 */
export function resumeSettings<Settings extends RunSettings>(
  started: Settings,
  step: number,
  flags: ResumeFlags,
  batchesPerEpoch: number,
): Settings {
  const before = new Map<string, unknown>(Object.entries(started));
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || MAY_CHANGE.has(name) || value === before.get(name)) continue;
    throw new UsageError(
      before.has(name)
        ? `--${kebabCase(name)} is ${value}, but the run was started with ${before.get(name)}: ` +
          "leave it out, or start a new run"
        : `--${kebabCase(name)} cannot be given with --resume: a resumed run keeps its settings`,
    );
  }
  const steps = stepsOf(flags, batchesPerEpoch / started.accumulation) ?? started.steps;
  const { resume, stopAfter = steps } = flags, end = Math.min(stopAfter, steps);
  if (step >= end) {
    const longer = "steps" in flags ? "--steps or --epochs" : "--epochs";
    throw new RangeError(
      `Cannot resume ${resume}: it has done ${step} steps of ${end}; raise ${
        end < steps ? "--stop-after" : longer
      }`,
    );
  }
  const epochs = before.has("epochs") ? pick(flags, ["epochs"]) : {};
  return { ...started, ...epochs, steps, ...pick(flags, INTERVALS) };
}
