/**
 * The settings of a training run: flags over a preset. They are kept in each checkpoint, under the names of the flags.
 *
 * @module
 */
import { maskFlags, MOST } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import { type Flags, type FlagValue, kebabCase } from "../cli/flags.ts";
import { type Objective, objectiveOf } from "../../models/families.ts";
import { presetTraining } from "../../training/presets.ts";
import { type PresetName, PRESETS_BY_NAME } from "./presets.ts";
import type { TrainFlags, trainFlags } from "./train_flags.ts";

/** Values of flags: those of the first names, and where they are given those of the others. */
export type ValuesOf<Fs extends Flags, Name extends keyof Fs, Optional extends keyof Fs = never> =
  & { readonly [N in Name]: FlagValue<Fs[N]> }
  & { readonly [N in Optional]?: FlagValue<Fs[N]> };

/** The settings of every run, whatever is trained. */
export const RUN_SETTINGS = [
  ...["batchSize", "accumulation", "contextLength", "steps", "seed", "validationFraction"],
  ...["learningRate", "minLearningRate", "warmupSteps", "schedule", "weightDecay"],
  ...["clipNorm", "dropoutRate", "logInterval", "evaluationInterval", "sampleInterval", "saveInterval"],
] as const satisfies readonly (keyof TrainFlags)[];

/** The settings that `train` has besides. */
export const TRAIN_SETTINGS = [
  ...["architecture", "preset", "tokenizer", "replaceInvalid", "layers", "heads", "modelDim"],
  ...["feedForwardDim", "initialStd"],
] as const satisfies readonly (keyof TrainFlags)[];

/** The settings that only some runs of `train` have. */
export const OPTIONAL_TRAIN_SETTINGS = [
  ...[
    "vocabSize",
    "tied",
    "optimizer",
    "beta1",
    "beta2",
    "epsilon",
    "momentum",
    "maskRate",
    "maskRule",
    "lines",
  ],
] as const satisfies readonly (keyof TrainFlags)[];

/** The settings of every run. */
export type RunSettings = ValuesOf<
  typeof trainFlags,
  typeof RUN_SETTINGS[number],
  "beta1" | "beta2" | "epsilon"
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
 * Puts flags over a preset.
 *
 * @param flags the flags
 * @param presetName the preset
 * @returns the settings, for as many steps as the preset or the flags say; see {@linkcode withLength} for epochs
 * @throws {UsageError} when values do not fit together
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseFlags } from "../cli/parse_flags.ts";
 * import { chooseSettings } from "./settings.ts";
 * import { trainFlags } from "./train_flags.ts";
 *
 * const settings = chooseSettings(parseFlags(trainFlags, ["--embed_dim", "128"]), "tiny");
 * assertEquals([settings.modelDim, settings.feedForwardDim, settings.layers], [128, 512, 2]);
 * ```
 */
export function chooseSettings(flags: TrainFlags, presetName: PresetName): TrainSettings {
  if (flags.vocabSize !== undefined && flags.tokenizer !== "bpe") {
    throw new UsageError("--vocab-size is for --tokenizer bpe: any other tokenizer has a fixed size");
  }
  const { model, training: preset } = PRESETS_BY_NAME[presetName], objective = objectiveOf(model);
  const training = flags.optimizer ? presetTraining(preset, flags.optimizer) : preset;
  checkTogether(flags, objective);
  const modelDim = flags.modelDim ?? model.modelDim, { feedForwardMultiple: multiple } = flags;
  const learningRate = flags.learningRate ?? training.learningRate;
  const defaults = {
    ...{ tokenizer: "char", validationFraction: 0.1, replaceInvalid: false, accumulation: 1, seed: 1 },
    ...model,
    ...objective === "mlm"
      ? { maskRate: 0.15, maskRule: "huggingface" as const, lines: false }
      : { tied: "tied" in model ? model.tied ?? true : true },
    initialStd: model.initialStd ?? 0.02,
    feedForwardDim: multiple === undefined
      ? Math.round(modelDim * model.feedForwardDim / model.modelDim)
      : modelDim * multiple,
    ...training,
    ...flags.optimizer === "sgd"
      ? { beta1: undefined, beta2: undefined, epsilon: undefined, momentum: 0.9 }
      : {},
    minLearningRate: training.minLearningRate * (learningRate / training.learningRate),
    ...intervalsOf(flags.steps ?? training.steps, flags),
  };
  const given = Object.keys(defaults).filter((name) => flags[name as keyof TrainFlags] !== undefined);
  const settings: TrainSettings = {
    preset: presetName,
    ...defaults,
    ...pick(flags, [...given, "epsilon", "vocabSize"] as (keyof TrainFlags)[]),
  } as TrainSettings;
  checkValues(settings);
  return settings;
}

/** The values of some flags, of those that are given. */
export function pick<Values extends object, Name extends keyof Values>(
  values: Values,
  names: readonly Name[],
): Partial<Pick<Values, Name>> {
  const given = names.filter((name) => values[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, values[name]])) as Partial<Pick<Values, Name>>;
}

/**
 * Refuses flags that contradict each other, or would change what only the other objective has.
 *
 * @param flags the flags
 * @param objective what the model learns
 * @throws {UsageError} when they do not fit together
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { parseFlags } from "../cli/parse_flags.ts";
 * import { checkTogether } from "./settings.ts";
 * import { trainFlags } from "./train_flags.ts";
 *
 * const flags = parseFlags(trainFlags, ["--mask_rate", "0.3"]);
 * assertThrows(() => checkTogether(flags, "causal"), Error, "--mask-rate is for --objective mlm: leave it out");
 * ```
 */
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
    refuse(["architecture"], `--objective ${objective === "mlm" ? "causal" : "mlm"}`);
  }
  if (objective === "mlm") refuse(["tied"], "--objective causal");
  else refuse(Object.keys(maskFlags) as (keyof typeof maskFlags)[], "--objective mlm");
  if (flags.optimizer === "sgd") refuse(["beta1", "beta2", "epsilon"], "--optimizer adamw");
  else refuse(["momentum"], "--optimizer sgd");
}

function checkValues(
  { modelDim, heads, feedForwardDim, learningRate, minLearningRate }: TrainSettings,
): void {
  if (feedForwardDim > MOST.feedForwardDim) {
    throw new UsageError(
      `--feed-forward-multiple makes a feed-forward network ${feedForwardDim} wide: at most ${MOST.feedForwardDim}`,
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
  Pick<
    TrainFlags,
    "steps" | "epochs" | "warmupSteps" | "logInterval" | `${"evaluation" | "sample" | "save"}Interval`
  >
>;

function intervalsOf(steps: number, flags: LengthFlags) {
  const tenth = Math.min(Math.ceil(steps / 10), 250);
  const evaluationInterval = flags.evaluationInterval ?? tenth;
  return {
    logInterval: flags.logInterval ?? 1,
    evaluationInterval,
    sampleInterval: flags.sampleInterval ?? 2 * evaluationInterval,
    saveInterval: flags.saveInterval ?? tenth,
  };
}

/**
 * Sets the number of steps, and what follows from it, once it is known how long an epoch is.
 *
 * @param settings the settings
 * @param flags the flags
 * @param batchesPerEpoch batches in an epoch
 * @returns the settings
 * @throws {UsageError} when both steps and epochs are given
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseFlags } from "../cli/parse_flags.ts";
 * import { chooseSettings, withLength } from "./settings.ts";
 * import { trainFlags } from "./train_flags.ts";
 *
 * const flags = parseFlags(trainFlags, ["--epochs", "3", "--accumulation", "2"]);
 * const settings = withLength(chooseSettings(flags, "tiny"), flags, 100.5);
 * assertEquals([settings.steps, settings.warmupSteps, settings.evaluationInterval], [151, 15, 16]);
 * ```
 */
export function withLength(
  settings: TrainSettings,
  flags: LengthFlags,
  batchesPerEpoch: number,
): TrainSettings {
  const steps = stepsOf(flags, batchesPerEpoch / settings.accumulation) ?? settings.steps;
  const warmupSteps = flags.warmupSteps ?? Math.min(settings.warmupSteps, Math.floor(steps / 10));
  return { ...settings, steps, warmupSteps, ...intervalsOf(steps, flags) };
}

/**
 * The number of steps that the flags ask for, if they do.
 *
 * @param flags the flags
 * @param perEpoch steps in an epoch
 * @returns the steps, rounded up, or undefined
 * @throws {UsageError} when both steps and epochs are given, or the epochs make more steps than a run may have
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { stepsOf } from "./settings.ts";
 *
 * assertEquals(stepsOf({ epochs: 3 }, 50.25), 151);
 * const message = "--epochs 1000000 makes 1e+11 steps: expected at most 1000000000";
 * assertThrows(() => stepsOf({ epochs: 1e6 }, 1e5), Error, message);
 * ```
 */
export function stepsOf({ steps, epochs }: LengthFlags, perEpoch: number): number | undefined {
  if (steps !== undefined && epochs !== undefined) {
    throw new UsageError("--steps and --epochs both say how long to train: give one");
  }
  const wanted = epochs === undefined ? steps : Math.ceil(epochs * perEpoch);
  if (wanted === undefined || wanted <= MOST.steps) return wanted;
  const rounded = Number(wanted.toPrecision(3)).toExponential();
  throw new UsageError(`--epochs ${epochs} makes ${rounded} steps: expected at most ${MOST.steps}`);
}
