/**
 * The settings of a training run: flags over a preset.
 *
 * @module
 */
import type { TransformerConfig } from "../../models/config.ts";
import type { PresetTraining } from "../../training/presets.ts";
import { maskFlags, MOST } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import { kebabCase } from "../cli/flags.ts";
import { type Objective, objectiveOf } from "../../models/families.ts";
import { type LanguageConfig, type PresetName, presets } from "./presets.ts";
import { stepsOfEpochs } from "./run_flags.ts";
import type { TrainFlags } from "./train_flags.ts";

/** Everything that decides what a run computes, but for its text. Kept in each checkpoint; names are those of the flags. */
export interface Settings extends Omit<TransformerConfig, "vocabSize">, PresetTraining {
  /** What kind of model it is, and so what it learns. */
  readonly architecture: LanguageConfig["architecture"];
  /** The preset that filled in what was not given. */
  readonly preset: string;
  /** What `--tokenizer` was. */
  readonly tokenizer: string;
  /** Part of the text to validate on. */
  readonly validationFraction: number;
  /** Whether bytes that are not UTF-8 are read as U+FFFD. */
  readonly replaceInvalid: boolean;
  /** Whether the token embedding also scores the next token. */
  readonly tied: boolean;
  /** Standard deviation of the initial weights. */
  readonly initialStd: number;
  /** Keeps AdamW's division finite, where the preset says so. */
  readonly epsilon?: number;
  /** Part of the tokens to ask for, when masks are filled. */
  readonly maskRate?: number;
  /** Which tokens these are, and what hides them. */
  readonly maskRule?: "huggingface" | "fairseq";
  /** Whether each line begins a sequence of its own. */
  readonly lines?: boolean;
  /** Batches to a step. */
  readonly accumulation: number;
  /** Decides everything random. */
  readonly seed: number;
  /** Steps between records. */
  readonly logInterval: number;
  /** Steps between validations. */
  readonly evaluationInterval: number;
  /** Steps between samples. */
  readonly sampleInterval: number;
  /** Steps between checkpoints. */
  readonly saveInterval: number;
}

/** The settings before it is known how long an epoch is: without those that follow from the number of steps. */
export type PartialSettings = Omit<Settings, "logInterval" | `${"evaluation" | "sample" | "save"}Interval`>;

/**
 * Puts flags over a preset.
 *
 * @param flags the flags
 * @param presetName the preset
 * @returns the settings, but for what follows from the number of steps
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
export function chooseSettings(flags: TrainFlags, presetName: PresetName): PartialSettings {
  if (flags.vocabSize !== undefined && flags.tokenizer !== "bpe") {
    throw new UsageError("--vocab-size is for --tokenizer bpe: any other tokenizer knows its size");
  }
  const { model, training } = presets[presetName], objective = objectiveOf(model);
  checkTogether(flags, objective);
  const over = <Values extends object>(values: Values): Values =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, flags[name as keyof TrainFlags] ?? value]),
    ) as Values;
  const modelDim = flags.modelDim ?? model.modelDim;
  const learningRate = flags.learningRate ?? training.learningRate;
  const multiple = flags.feedForwardMultiple;
  const settings: PartialSettings = {
    preset: presetName,
    ...over({
      tokenizer: "char",
      validationFraction: 0.1,
      replaceInvalid: false,
      ...model,
      tied: "tied" in model ? model.tied ?? true : true,
      initialStd: model.initialStd ?? 0.02,
      feedForwardDim: multiple === undefined
        ? Math.round(modelDim * model.feedForwardDim / model.modelDim)
        : modelDim * multiple,
      ...training,
      ...objective === "mlm" ? { maskRate: 0.15, maskRule: "huggingface" as const, lines: false } : {},
      minLearningRate: training.minLearningRate * (learningRate / training.learningRate),
      accumulation: 1,
      seed: 1,
    }),
  };
  check(settings);
  return settings;
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
  for (const name of objective === "mlm" ? causalOnly : maskedOnly) {
    if (flags[name] === undefined) continue;
    throw new UsageError(
      `--${kebabCase(name)} is for --objective ${objective === "mlm" ? "causal" : "mlm"}: leave it out`,
    );
  }
}

/** What there is to choose when the next token is predicted. */
const causalOnly = ["architecture", "tied"] as const;

/** What there is to choose when masks are filled. */
const maskedOnly = Object.keys(maskFlags) as (keyof typeof maskFlags)[];

function check({ modelDim, heads, feedForwardDim, learningRate, minLearningRate }: PartialSettings): void {
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

/**
 * Says how many steps there are, and what follows from that.
 *
 * @param settings the settings so far
 * @param flags the flags
 * @param batchesPerEpoch batches that make an epoch
 * @returns the settings
 * @throws {UsageError} when both steps and epochs are given
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseFlags } from "../cli/parse_flags.ts";
 * import { chooseLength, chooseSettings } from "./settings.ts";
 * import { trainFlags } from "./train_flags.ts";
 *
 * const flags = parseFlags(trainFlags, ["--epochs", "3", "--accumulation", "2"]);
 * const settings = chooseLength(chooseSettings(flags, "tiny"), flags, 100.5);
 * assertEquals([settings.steps, settings.warmupSteps, settings.evaluationInterval], [151, 15, 16]);
 * ```
 */
export function chooseLength(
  settings: PartialSettings,
  flags: TrainFlags,
  batchesPerEpoch: number,
): Settings {
  const steps = stepsOf(flags, settings.accumulation, batchesPerEpoch) ?? settings.steps;
  const tenth = Math.min(Math.ceil(steps / 10), 250);
  const evaluationInterval = flags.evaluationInterval ?? tenth;
  return {
    ...settings,
    steps,
    warmupSteps: flags.warmupSteps ?? Math.min(settings.warmupSteps, Math.floor(steps / 10)),
    logInterval: flags.logInterval ?? 1,
    evaluationInterval,
    sampleInterval: flags.sampleInterval ?? 2 * evaluationInterval,
    saveInterval: flags.saveInterval ?? tenth,
  };
}

/**
 * The number of steps that the flags ask for, if they do.
 *
 * @param flags the flags
 * @param accumulation batches to a step
 * @param batchesPerEpoch batches that make an epoch
 * @returns the steps, or undefined
 * @throws {UsageError} when both steps and epochs are given, or the epochs make too many steps
 */
export function stepsOf(
  flags: TrainFlags,
  accumulation: number,
  batchesPerEpoch: number,
): number | undefined {
  if (flags.steps !== undefined && flags.epochs !== undefined) {
    throw new UsageError("--steps and --epochs both say how long to train: give one");
  }
  return flags.epochs === undefined
    ? flags.steps
    : stepsOfEpochs(flags.epochs, batchesPerEpoch / accumulation);
}
