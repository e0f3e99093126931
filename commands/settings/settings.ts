/**
 * The settings of a training run: flags over a preset. They are kept in each checkpoint, under the names of the flags.
 *
 * @module
 */
import {
  type GivenSettings,
  languageSettings,
  settingsOfOptimizers,
  withSteps,
} from "../../checkpoints/runs/language_settings.ts";
import { maskFlags, MAX } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import { type Flags, type FlagValue, kebabCase } from "../cli/flags.ts";
import { type Objective, objectiveOf } from "../../models/families.ts";
import { OPTIMIZERS, updateRule } from "../../training/optimizers.ts";
import { fittingArchitecture } from "./feed_forward.ts";
import { stepsOfEpochs } from "../../checkpoints/runs/intervals.ts";
import { type PresetName, PRESETS_BY_NAME } from "./presets.ts";
import type { TrainFlags, trainFlags } from "./train_flags.ts";

/** Values of flags: those of the first names, and where they are given those of the others. */
export type ValuesOf<Fs extends Flags, Name extends keyof Fs, Optional extends keyof Fs = never> =
  & { readonly [N in Name]: FlagValue<Fs[N]> }
  & { readonly [N in Optional]?: FlagValue<Fs[N]> };

/** How often something is done between the steps; a resumed run may change it. */
export const INTERVALS = ["logInterval", "evaluationInterval", "sampleInterval", "saveInterval"] as const;

/** The settings of every run, whatever is trained. */
export const RUN_SETTINGS = [
  ...["batchSize", "accumulation", "contextLength", "steps", "seed", "validationFraction"],
  ...["learningRate", "minLearningRate", "warmupSteps", "schedule", "weightDecay"],
  ...["clipNorm", "dropoutRate", ...INTERVALS],
] as const satisfies readonly (keyof TrainFlags)[];

/** The settings that `train` has besides. */
export const TRAIN_SETTINGS = [
  ...["architecture", "preset", "tokenizer", "replaceInvalid", "layers", "heads", "modelDim"],
  ...["feedForwardDim", "initialStd"],
] as const satisfies readonly (keyof TrainFlags)[];

/** The settings that only some runs of `train` have. */
export const OPTIONAL_TRAIN_SETTINGS = [
  ...["vocabSize", "tied", "optimizer", "beta1", "beta2", "epsilon", "momentum"],
  ...["maskRate", "maskRule", "lines", "patience", "precision", "recompute", "saveDtype"],
] as const satisfies readonly (keyof TrainFlags)[];

/** The settings of every run. */
export type RunSettings = ValuesOf<
  typeof trainFlags,
  typeof RUN_SETTINGS[number],
  "beta1" | "beta2" | "epsilon" | "patience" | "precision" | "recompute" | "saveDtype"
>;

/** Everything that decides what a run of `train` computes, but for its texts. */
export type TrainSettings =
  & RunSettings
  & ValuesOf<
    typeof trainFlags,
    typeof TRAIN_SETTINGS[number],
    typeof OPTIONAL_TRAIN_SETTINGS[number]
  >;

/**
 * Puts flags over a preset, for as many steps as the preset or the flags say; see {@linkcode withLength} for epochs. It
 * throws where values do not fit together.
 */
export function chooseSettings(flags: TrainFlags, presetName: PresetName): TrainSettings {
  if (flags.vocabSize !== undefined && flags.tokenizer !== "bpe") {
    throw new UsageError("--vocab-size is for --tokenizer bpe: any other tokenizer has a fixed size");
  }
  const preset = PRESETS_BY_NAME[presetName];
  checkTogether(flags, objectiveOf(preset.model));
  const settings = languageSettings(presetName, preset, flags as GivenSettings) as TrainSettings;
  checkValues(settings);
  return { ...settings, architecture: fittingArchitecture(settings, flags) };
}

/** The values of some flags, of those that are given. */
export function pick<Values extends object, Name extends keyof Values>(
  values: Values,
  names: readonly Name[],
): Partial<Pick<Values, Name>> {
  const given = names.filter((name) => values[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, values[name]])) as Partial<Pick<Values, Name>>;
}

/** Refuses flags that contradict each other, or would change what only the other objective has. */
export function checkTogether(flags: TrainFlags, objective: Objective): void {
  if (flags.feedForwardMultiple !== undefined && flags.feedForwardDim !== undefined) {
    throw new UsageError("--feed-forward-dim and --feed-forward-multiple say the same: give one");
  }
  const refuse = (names: readonly (keyof TrainFlags)[], owner: string) => {
    const given = names.find((name) => flags[name] !== undefined);
    if (given) throw new UsageError(`--${kebabCase(given)} is for ${owner}: leave it out`);
  };
  const { architecture } = flags;
  if (architecture !== undefined && objectiveOf({ architecture }) !== objective) {
    throw new UsageError(
      `--architecture ${architecture} is for --objective ${
        objective === "mlm" ? "causal" : "mlm"
      }: leave it out`,
    );
  }
  if (objective === "mlm") refuse(["tied"], "--objective causal");
  else refuse(Object.keys(maskFlags) as (keyof typeof maskFlags)[], "--objective mlm");
  for (const name of settingsOfOptimizers()) {
    const owners = Object.entries(OPTIMIZERS).filter(([, { defaults }]) => name in defaults);
    if (name in updateRule(flags.optimizer).defaults) continue;
    refuse([name], owners.map(([owner]) => `--optimizer ${owner}`).join(" or "));
  }
}

function checkValues(
  { modelDim, heads, feedForwardDim, learningRate, minLearningRate }: TrainSettings,
): void {
  if (feedForwardDim > MAX.feedForwardDim) {
    throw new UsageError(
      `--feed-forward-multiple makes a feed-forward network ${feedForwardDim} wide: at most ${MAX.feedForwardDim}`,
    );
  }
  if (modelDim % heads !== 0) {
    const divisors = Array.from({ length: modelDim }, (_, i) => i + 1).filter((n) => modelDim % n === 0);
    throw new UsageError(
      `--heads is ${heads}, which does not divide --model-dim ${modelDim}: expected one of ${
        divisors.filter((n) => n <= 64).join(", ")
      }`,
    );
  }
  if (minLearningRate > learningRate) {
    throw new UsageError(
      `--min-learning-rate is ${minLearningRate}: expected at most --learning-rate ${learningRate}`,
    );
  }
}

/** The flags that say how long to train, and how often to stop on the way. */
export type LengthFlags = Partial<
  Pick<TrainFlags, "steps" | "epochs" | "warmupSteps" | typeof INTERVALS[number]>
>;

/** Sets the number of steps, and what follows from it, once it is known how long an epoch is. */
export function withLength(
  settings: TrainSettings,
  flags: LengthFlags,
  batchesPerEpoch: number,
): TrainSettings {
  const steps = stepsOf(flags, batchesPerEpoch / settings.accumulation) ?? settings.steps;
  return withSteps(settings, { ...flags, steps });
}

/** The number of steps that the flags ask for, rounded up, if they do. They may not ask for steps and for epochs. */
export function stepsOf({ steps, epochs }: LengthFlags, perEpoch: number): number | undefined {
  if (steps !== undefined && epochs !== undefined) {
    throw new UsageError("--steps and --epochs both say how long to train: give one");
  }
  const wanted = epochs === undefined ? steps : stepsOfEpochs(epochs, perEpoch);
  if (wanted === undefined || wanted <= MAX.steps) return wanted;
  const rounded = Number(wanted.toPrecision(3)).toExponential();
  throw new UsageError(`--epochs ${epochs} makes ${rounded} steps: expected at most ${MAX.steps}`);
}
