/**
 * The settings of fine-tuning: flags, and what follows from the model and the texts.
 *
 * @module
 */
import { balancedWeights } from "../../data/labelled_batches.ts";
import type { TrainingSettings } from "../../training/train.ts";
import { MOST } from "../cli/common_flags.ts";
import { UsageError } from "../cli/errors.ts";
import type { FinetuneFlags } from "./finetune_flags.ts";
import { expectStepsLeft, refuse, type Started } from "./resume_settings.ts";
import { stepsOfEpochs } from "./run_flags.ts";
import type { LoopSettings } from "../runs/train_loop.ts";

/** Everything that decides what fine-tuning computes, but for its texts. Kept in each checkpoint. */
export interface FinetuneSettings extends Omit<TrainingSettings, "accumulation">, LoopSettings {
  /** Times to see all texts. */
  readonly epochs: number;
  /** Part of the data to validate on, where there is no file for that. */
  readonly validationFraction: number;
  /** Whether long texts are cut. */
  readonly truncate: boolean;
  /** Whether the model begins with nothing learned. */
  readonly fromScratch: boolean;
  /** Share of activations to drop. */
  readonly dropoutRate: number;
  /** How much predicting the next token counts. */
  readonly auxiliaryWeight: number;
  /** How much each class counts; all the same unless given. */
  readonly classWeights?: readonly number[];
}

/** What the settings depend on besides the flags. */
export interface FinetuneSizes {
  /** Width of the model. */
  readonly modelDim: number;
  /** Tokens of the longest text. */
  readonly contextLength: number;
  /** Whether the model can go on predicting the next token. */
  readonly isCausal: boolean;
  /** Names of the classes. */
  readonly labels: readonly string[];
  /** The class of each text. */
  readonly classes: readonly number[];
}

/**
 * The settings of a new run.
 *
 * @param flags the flags
 * @param sizes what else they depend on
 * @returns the settings
 * @throws {UsageError} when a flag makes no sense for this model or these classes
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { finetuneFlags } from "./finetune_flags.ts";
 * import { chooseFinetuning } from "./finetune_settings.ts";
 * import { parseFlags } from "../cli/parse_flags.ts";
 *
 * const flags = parseFlags(finetuneFlags, ["--batch_size", "2", "--class_weights", "bad=2.5", "good=1"]);
 * const sizes = { modelDim: 64, contextLength: 9, isCausal: false, labels: ["bad", "good"], classes: [0, 1, 1, 1] };
 * const { steps, learningRate, classWeights } = chooseFinetuning(flags, sizes);
 * assertEquals({ steps, learningRate, classWeights }, { steps: 6, learningRate: 0.002, classWeights: [2.5, 1] });
 * ```
 */
export function chooseFinetuning(flags: FinetuneFlags, sizes: FinetuneSizes): FinetuneSettings {
  const { modelDim, contextLength, isCausal, labels, classes } = sizes;
  if (flags.auxiliaryWeight !== undefined && !isCausal) {
    throw new UsageError("--auxiliary-weight is for a GPT: this model does not predict the next token");
  }
  const { batchSize = 16, accumulation = 1, epochs = 3, seed = 1 } = flags;
  const learningRate = flags.learningRate ?? defaultLearningRate(modelDim);
  const perEpoch = Math.ceil(classes.length / batchSize / accumulation);
  const steps = stepsOf(epochs, classes.length, { batchSize, accumulation });
  return {
    ...{ epochs, batchSize, accumulation, seed, contextLength, steps, learningRate, minLearningRate: 0 },
    ...{ schedule: "linear", warmupSteps: Math.floor(0.06 * steps), beta1: 0.9, beta2: 0.98, epsilon: 1e-6 },
    ...{ weightDecay: flags.weightDecay ?? 0.1, clipNorm: 1, dropoutRate: flags.dropoutRate ?? 0.1 },
    ...{ logInterval: 1, evaluationInterval: perEpoch, sampleInterval: perEpoch, saveInterval: perEpoch },
    validationFraction: flags.validationFraction ?? 0.1,
    truncate: flags.truncate ?? false,
    fromScratch: flags.fromScratch ?? false,
    auxiliaryWeight: isCausal ? flags.auxiliaryWeight ?? 0.5 : 0,
    ...flags.classWeights ? { classWeights: weightsOf(flags.classWeights, labels, classes) } : {},
  };
}

/** What suits `roberta-tiny`, falling with greater width to what RoBERTa's authors take for 768, 0.00003 or nearly so. */
function defaultLearningRate(modelDim: number): number {
  return Number(Math.min(0.002, 0.002 * (64 / modelDim) ** (5 / 3)).toPrecision(2));
}

function stepsOf(
  epochs: number,
  texts: number,
  { batchSize, accumulation = 1 }: { batchSize: number; accumulation?: number },
): number {
  return stepsOfEpochs(epochs, texts / batchSize / accumulation);
}

function weightsOf(
  given: readonly string[],
  labels: readonly string[],
  classes: readonly number[],
): number[] {
  if (given.length === 1 && given[0] === "balanced") return balancedWeights(classes, labels.length);
  const weights = labels.map(() => NaN);
  for (const text of given) {
    const [, label, number] = text.match(/^(.*)=([\d.]+)$/s) ?? [], index = labels.indexOf(label);
    if (index < 0 || !(Number(number) <= MOST.factor)) {
      throw new UsageError(
        `--class-weights has "${text}": expected balanced, or LABEL=NUMBER with one of ${labels.join(", ")}`,
      );
    }
    if (!Number.isNaN(weights[index])) {
      throw new UsageError(`--class-weights names "${label}" twice: expected each label once`);
    }
    weights[index] = Number(number);
  }
  const missing = labels.find((_, index) => Number.isNaN(weights[index]));
  if (missing !== undefined) {
    throw new UsageError(
      `--class-weights has no weight for "${missing}": expected balanced, or LABEL=NUMBER for each of ${
        labels.join(", ")
      }`,
    );
  }
  if (classes.length > 0 && classes.every((label) => weights[label] === 0)) {
    throw new UsageError("--class-weights leaves nothing to learn: expected more than 0 for some class");
  }
  return weights;
}

/** What may be given anew when a run is resumed. */
const changeable = new Set([
  "data",
  "validation",
  "epochs",
  "stopAfter",
  "device",
  "resume",
  "verbose",
  "help",
]);

/**
 * The settings with which a run goes on.
 *
 * @param started the run
 * @param flags the flags
 * @param texts texts to learn from
 * @returns the settings
 * @throws {UsageError} when a flag would change what the run is
 * @throws {RangeError} when all its steps are done
 */
export function resumeFinetuning(
  { step, state: { settings: started } }: Started<FinetuneSettings>,
  flags: FinetuneFlags,
  texts: number,
): FinetuneSettings {
  refuse(flags, Object.keys(flags).filter((name) => !changeable.has(name)));
  const epochs = flags.epochs ?? started.epochs;
  const steps = flags.epochs === undefined ? started.steps : stepsOf(epochs, texts, started);
  expectStepsLeft(step, steps, flags, "--epochs");
  return { ...started, epochs, steps };
}
