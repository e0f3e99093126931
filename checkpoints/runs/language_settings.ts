/**
 * The settings of a run that trains a language model: a preset, and what is given instead. A checkpoint keeps all of them,
 * so that a run which is resumed anywhere computes the same.
 *
 * @module
 */
import { type Interval, intervalsOf } from "./intervals.ts";
import { MASK_RATE } from "../../data/masking.ts";
import { INITIAL_STD, type TransformerConfig } from "../../models/config.ts";
import { type ConfigsByKind, objectiveOf } from "../../models/families.ts";
import { OPTIMIZERS, type OptimizerSetting, updateRule } from "../../training/optimizers.ts";
import { type Preset, type PresetTraining, presetTraining } from "../../training/presets/preset.ts";
import type { MaskedPreset } from "../../training/presets/roberta_presets.ts";
import type { TrainingSettings } from "../../training/train.ts";

/** The part of a text to validate on, unless another is given. */
export const VALIDATION_FRACTION = 0.1;

/** The settings of a run, under the names of the flags of `deno task train`. */
export interface LanguageSettings extends Omit<TransformerConfig, "vocabSize">, TrainingSettings {
  /** The name of the preset. */
  readonly preset: string;
  /** The family of the model. */
  readonly architecture: LanguageConfig["architecture"];
  /** Whether a GPT's output layer is its embedding. */
  readonly tied?: boolean;
  /** `char`, `bpe`, or a folder with a tokenizer. */
  readonly tokenizer: string;
  /** Sequences in a batch. */
  readonly batchSize: number;
  /** The part of the text to validate on. */
  readonly validationFraction: number;
  /** Whether bytes that are not UTF-8 are read as U+FFFD. */
  readonly replaceInvalid: boolean;
  /** Steps, or epochs, between two validations. */
  readonly evaluationInterval: Interval;
}

/** The sizes of a language model. */
export type LanguageConfig = ConfigsByKind["causal" | "masked"];

/** What is given instead of a preset's settings. What is undefined is not given. */
export type GivenSettings = Partial<LanguageSettings> & {
  /** The width of the feed-forward network as a multiple of `modelDim`. */
  readonly feedForwardMultiple?: number;
};

/** All settings that some optimizers use and others do not. */
export const settingsOfOptimizers = (): OptimizerSetting[] =>
  Object.values(OPTIMIZERS).flatMap(({ defaults }) => Object.keys(defaults) as OptimizerSetting[]);

/**
 * The settings of a new run: those given, over those of a preset.
 *
 * @example
 * ```ts
 * import { languageSettings } from "./language_settings.ts";
 * import { PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { modelDim, feedForwardDim, evaluationInterval } = languageSettings("tiny", PRESETS.tiny, {
 *   modelDim: 32,
 *   steps: 60,
 * });
 * assertEquals([modelDim, feedForwardDim, evaluationInterval], [32, 128, 6]);
 * ```
 *
 * @param name The name of the preset.
 * @param preset The preset.
 * @param given What to use instead.
 * @returns All settings. Those of an optimizer that is not used are undefined.
 */
export function languageSettings(
  name: string,
  preset: Preset | MaskedPreset,
  given: GivenSettings,
): LanguageSettings {
  const { model } = preset, { feedForwardMultiple: multiple } = given;
  const training = given.optimizer ? presetTraining(preset.training, given.optimizer) : preset.training;
  const modelDim = given.modelDim ?? model.modelDim;
  const peakRatio = (given.learningRate ?? training.learningRate) / training.learningRate;
  const defaults = {
    ...{ tokenizer: "char", validationFraction: VALIDATION_FRACTION, replaceInvalid: false },
    ...{ accumulation: 1, seed: 1 },
    ...model,
    ...objectiveOf(model) === "mlm"
      ? { maskRate: MASK_RATE, maskRule: "huggingface" as const, lines: false }
      : { tied: "tied" in model ? model.tied ?? true : true },
    initialStd: model.initialStd ?? INITIAL_STD,
    feedForwardDim: multiple === undefined
      ? Math.round(modelDim * model.feedForwardDim / model.modelDim)
      : modelDim * multiple,
    ...training,
    ...optimizerSettings(given, preset.training),
    minLearningRate: training.minLearningRate * peakRatio,
    ...intervalsOf(given.steps ?? training.steps, given),
  };
  const names = [
    ...Object.keys(defaults),
    ...settingsOfOptimizers(),
    "vocabSize",
    "patience",
    "precision",
    "recompute",
    "saveDtype",
  ];
  const chosen = new Map(Object.entries(given).filter(([, value]) => value !== undefined));
  const known = names.filter((key) => chosen.has(key)).map((key) => [key, chosen.get(key)]);
  return { preset: name, ...defaults, ...Object.fromEntries(known) };
}

/** An optimizer that is not the preset's starts from its own values; settings that it does not use are left out. */
function optimizerSettings({ optimizer }: GivenSettings, preset: PresetTraining): object {
  const { defaults } = updateRule(optimizer);
  if (optimizer === undefined || defaults === updateRule(preset.optimizer).defaults) return {};
  return { ...Object.fromEntries(settingsOfOptimizers().map((name) => [name, undefined])), ...defaults };
}

/**
 * The settings of a run of so many steps: a shorter run warms up in fewer, and is validated and saved more often.
 *
 * @param settings The settings.
 * @param given The steps; and warm-up, intervals and epochs that are given rather than follow from them.
 * @returns The settings with what follows from the number of steps.
 */
export function withSteps<Settings extends Pick<LanguageSettings, "warmupSteps">>(
  settings: Settings,
  given: Parameters<typeof intervalsOf>[1] & { readonly steps: number; readonly warmupSteps?: number },
): Settings {
  const { steps } = given;
  const warmupSteps = given.warmupSteps ?? Math.min(settings.warmupSteps, Math.floor(steps / 10));
  return { ...settings, steps, warmupSteps, ...intervalsOf(steps, given) };
}

/**
 * The sizes of the model of a run, without what follows from its tokenizer besides the vocabulary.
 *
 * @param settings The settings.
 * @param vocabSize Tokens of the vocabulary.
 * @returns The configuration of the model.
 */
export function languageConfig(
  settings: Pick<LanguageSettings, "architecture" | "tied" | keyof Omit<TransformerConfig, "vocabSize">>,
  vocabSize: number,
): LanguageConfig {
  const { architecture, contextLength, layers, heads, modelDim, feedForwardDim } = settings;
  const { dropoutRate, tied, initialStd } = settings;
  const sizes = { vocabSize, contextLength, layers, heads, modelDim, feedForwardDim };
  const head = objectiveOf(settings) === "mlm" ? {} : { tied };
  return { architecture, ...sizes, dropoutRate, initialStd, ...head } as LanguageConfig;
}
