/**
 * The settings of a resumed run: which flags may change, and which may only repeat what the run was started with.
 *
 * @module
 */
import { UsageError } from "../cli/errors.ts";
import { kebabCase } from "../cli/flags.ts";
import { objectiveOf } from "../../models/families.ts";
import { withLearningRate } from "../../training/schedule.ts";
import type { FinetuneFlags } from "./finetune_flags.ts";
import {
  checkTogether,
  INTERVALS,
  type LengthFlags,
  pick,
  type RunSettings,
  stepsOf,
  type TrainSettings,
} from "./settings.ts";
import type { TrainFlags } from "./train_flags.ts";
import { counted } from "../cli/terminal.ts";

/** The flags that may change when a run is resumed. */
const MAY_CHANGE = new Set<string>([
  ...["data", "validation", "steps", "epochs", "stopAfter", "patience", "learningRate"],
  ...["device", "threads", "block"],
  ...INTERVALS,
  ...["recompute", "resume", "config", "dryRun", "tensorboard", "attentionEvery", "verbose"],
]);

/**
 * The settings of a resumed run that has done so many steps. It throws where a flag would change what the run computes, or
 * no steps are left.
 */
export function resumeSettings<Settings extends RunSettings>(
  { path, step, state: { settings: started, source: given } }: {
    readonly path: string;
    readonly step: number;
    readonly state: { readonly settings: Settings; readonly source?: object };
  },
  flags: TrainFlags | FinetuneFlags,
  batchesPerEpoch: number,
): Settings {
  const before = new Map<string, unknown>(Object.entries({ ...given, ...started }));
  if (isOfTrain(started)) {
    const objective = objectiveOf(started);
    checkTogether({ ...flags as TrainFlags, optimizer: started.optimizer }, objective);
    before.set("objective", objective).set("feedForwardMultiple", started.feedForwardDim / started.modelDim);
    before.set("optimizer", started.optimizer ?? "adamw");
  }
  before.set("precision", started.precision ?? "f32").set("saveDtype", started.saveDtype ?? "f32");
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || MAY_CHANGE.has(name) || String(value) === String(before.get(name))) continue;
    throw new UsageError(
      before.has(name)
        ? `--${kebabCase(name)} is ${value}, but the run was started with ${before.get(name)}: ` +
          "leave it out, or start a new run"
        : `--${kebabCase(name)} cannot be given with --resume: a resumed run keeps its settings`,
    );
  }
  const { learningRate = started.learningRate } = flags;
  if (
    learningRate !== started.learningRate && "minLearningRate" in flags && flags.minLearningRate !== undefined
  ) {
    throw new UsageError(
      "--min-learning-rate follows a --learning-rate that is changed with --resume: leave it out",
    );
  }
  const length: LengthFlags = flags,
    steps = stepsOf(length, batchesPerEpoch / started.accumulation) ?? started.steps;
  const { stopAfter = steps } = flags, end = Math.min(stopAfter, steps);
  if (step >= end) {
    const longer = "steps" in flags ? "--steps or --epochs" : "--epochs";
    throw new RangeError(
      `Cannot resume ${path}: it has done ${counted(step, "step")} of ${end}; raise ${
        end < steps ? "--stop-after" : longer
      }`,
    );
  }
  const epochs = before.has("epochs") ? pick(length, ["epochs"]) : {};
  return {
    ...withLearningRate(started, learningRate),
    ...epochs,
    steps,
    ...pick(length, INTERVALS),
    ...pick(flags as Partial<RunSettings>, ["patience", "recompute"]),
  };
}

const isOfTrain = (settings: RunSettings): settings is TrainSettings => "architecture" in settings;
