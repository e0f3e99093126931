/**
 * The settings of fine-tuning: flags, and what follows from the model and the texts.
 *
 * @module
 */
import { exp, log } from "../../core/math.ts";
import { balancedWeights } from "../../data/labelled_batches.ts";
import { MAX } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import type { FinetuneFlags, finetuneFlags } from "./finetune_flags.ts";
import { pick, type RunSettings, stepsOf, type ValuesOf } from "./settings.ts";

/** The settings that `finetune` has besides those of every run. */
export const FINETUNE_SETTINGS = [
  ...["epochs", "truncate", "fromScratch", "auxiliaryWeight"],
] as const satisfies readonly (keyof FinetuneFlags)[];

/** The settings that only some runs of `finetune` have. */
export const OPTIONAL_FINETUNE_SETTINGS = [
  ...["bpeDropout", "pooling", "precision", "recompute", "saveDtype"],
] as const satisfies readonly (keyof FinetuneFlags)[];

/** Everything that decides what fine-tuning computes, but for its texts. Kept in each checkpoint. */
export interface FinetuneSettings extends
  RunSettings,
  ValuesOf<
    typeof finetuneFlags,
    typeof FINETUNE_SETTINGS[number],
    typeof OPTIONAL_FINETUNE_SETTINGS[number]
  > {
  /** Weight of each class in the loss; equal weights unless given. */
  readonly classWeights?: readonly number[];
}

/** What the settings depend on besides the flags. */
export interface FinetuneSizes {
  readonly modelDim: number;
  /** Tokens of the longest text. */
  readonly contextLength: number;
  /** Whether the model also predicts the next token. */
  readonly causal: boolean;
  readonly labels: readonly string[];
  /** The class of each text. */
  readonly classes: readonly number[];
}

/** The settings of a new run. It throws where a flag makes no sense for this model or these classes. */
export function chooseFinetuning(flags: FinetuneFlags, sizes: FinetuneSizes): FinetuneSettings {
  const { modelDim, contextLength, causal, labels, classes } = sizes;
  if (flags.auxiliaryWeight !== undefined && !causal) {
    throw new UsageError("--auxiliary-weight is for a GPT: this model does not predict the next token");
  }
  if (flags.pooling !== undefined && causal) {
    throw new UsageError(
      "--pooling is for a RoBERTa: a GPT classifies by its last token, which alone attends to all others",
    );
  }
  const { batchSize = 16, accumulation = 1, epochs = 3, seed = 1 } = flags;
  const learningRate = flags.learningRate ?? defaultLearningRate(modelDim);
  const stepsPerEpoch = classes.length / batchSize / accumulation;
  const steps = stepsOf({ epochs }, stepsPerEpoch)!;
  return {
    ...{ epochs, batchSize, accumulation, seed, contextLength, steps, learningRate, minLearningRate: 0 },
    ...{ schedule: "linear", warmupSteps: Math.floor(0.06 * steps), beta1: 0.9, beta2: 0.98, epsilon: 1e-6 },
    ...{ weightDecay: flags.weightDecay ?? 0.1, clipNorm: 1, dropoutRate: flags.dropoutRate ?? 0.1 },
    ...{ logInterval: 1, evaluationInterval: "epoch", sampleInterval: "epoch" },
    saveInterval: flags.saveInterval ?? Math.ceil(stepsPerEpoch),
    validationFraction: flags.validationFraction ?? 0.1,
    truncate: flags.truncate ?? false,
    fromScratch: flags.fromScratch ?? false,
    ...pick(flags, OPTIONAL_FINETUNE_SETTINGS),
    auxiliaryWeight: causal ? flags.auxiliaryWeight ?? 0.5 : 0,
    ...flags.classWeights ? { classWeights: weightsOf(flags.classWeights, labels, classes) } : {},
  };
}

/** Found for `roberta-tiny`, and falling with the width to about 0.00003 at 768, which RoBERTa's authors use. */
function defaultLearningRate(modelDim: number): number {
  return Number(Math.min(0.002, 0.002 * exp(5 / 3 * log(64 / modelDim))).toPrecision(2));
}

/** The weight of each class, from what is typed for them: balanced, or LABEL=NUMBER for each. */
export function weightsOf(
  given: readonly string[],
  labels: readonly string[],
  classes: readonly number[],
): number[] {
  if (given.length === 1 && given[0] === "balanced") return balancedWeights(classes, labels.length);
  const weights = new Map<string, number>();
  const expected = "expected balanced, or LABEL=NUMBER";
  for (const text of given) {
    const [, label, number] = text.match(/^(.*)=([\d.]+)$/s) ?? [];
    if (!labels.includes(label) || !(Number(number) <= MAX.factor)) {
      throw new UsageError(`--class-weights has "${text}": ${expected} with one of ${labels.join(", ")}`);
    }
    if (weights.has(label)) {
      throw new UsageError(`--class-weights names "${label}" twice: expected each label once`);
    }
    weights.set(label, Number(number));
  }
  const missing = labels.find((label) => !weights.has(label));
  if (missing !== undefined) {
    throw new UsageError(
      `--class-weights has no weight for "${missing}": ${expected} for each of ${labels.join(", ")}`,
    );
  }
  if (classes.length > 0 && classes.every((label) => weights.get(labels[label]) === 0)) {
    throw new UsageError("--class-weights are 0 for every class in the data: expected more for some class");
  }
  return labels.map((label) => weights.get(label)!);
}
