/**
 * What a preset is: the sizes of a model, and how to train it, with AdamW or with another optimizer.
 *
 * @module
 */

import type { GptConfig } from "../../models/gpt.ts";
import { type OptimizerName, updateRule } from "../optimizers.ts";

/**
 * A model and its training settings.
 *
 * @category Training
 */
export interface Preset {
  /** One line for the user. */
  readonly summary: string;
  /** The model without the size of its vocabulary, which depends on the text. */
  readonly model: Omit<GptConfig, "vocabSize">;
  /** Its training settings. */
  readonly training: PresetTraining;
  /** The validation loss to expect on a certain text. */
  readonly expectation?: Expectation;
}

/**
 * A validation loss that was measured on a certain text, with a preset.
 *
 * @category Training
 */
export interface Expectation {
  /** The loss, the text and the source. */
  readonly result: string;
  /** What was set otherwise than in the preset; nothing unless given. Of byte pairs (`tokenizer: "bpe"`) the vocabulary, too. */
  readonly settings?:
    & Partial<Pick<PresetTraining, "steps" | "warmupSteps">>
    & { readonly tokenizer?: "bpe"; readonly vocabSize?: number };
  /** `fingerprintOfDocuments([training, "", validation])` of that text: of another one the loss says nothing. */
  readonly textFingerprint: string;
}

/**
 * Training settings of a {@linkcode Preset}.
 *
 * @category Training
 */
export interface PresetTraining {
  /** Sequences in a batch. */
  readonly batchSize: number;
  /** Updates. */
  readonly steps: number;
  /** Peak learning rate. */
  readonly learningRate: number;
  /** Learning rate at the end. */
  readonly minLearningRate: number;
  /** Updates until the peak of the learning rate. */
  readonly warmupSteps: number;
  /** Shape of the decay of the learning rate. */
  readonly schedule: "cosine" | "linear" | "constant";
  /** The optimizer; AdamW unless given. */
  readonly optimizer?: OptimizerName;
  /** Decay rate of SGD's velocity; 0.9 unless given. */
  readonly momentum?: number;
  /** Decay rate of AdamW's first moment. */
  readonly beta1: number;
  /** Decay rate of AdamW's second moment. */
  readonly beta2: number;
  /** Weight decay of parameters of more than one dimension. */
  readonly weightDecay: number;
  /** Largest norm of a gradient; 0 does not clip. */
  readonly clipNorm: number;
}

/**
 * Training settings of a preset for another optimizer than AdamW.
 *
 * @example
 * ```ts
 * import { presetTraining } from "./preset.ts";
 * import { PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { optimizer, learningRate, steps } = presetTraining(PRESETS.tiny.training, "sgd");
 * assertEquals([optimizer, learningRate, steps], ["sgd", 0.3, 7000]);
 * ```
 *
 * @param training The settings for AdamW.
 * @param optimizer The optimizer.
 * @returns The settings with the learning rates and the weight decay that suit the optimizer.
 * @throws {RangeError} If there is no optimizer of that name.
 */
export function presetTraining<Training extends PresetTraining>(
  training: Training,
  optimizer: OptimizerName,
): Training {
  const { presetFactors } = updateRule(optimizer);
  if (presetFactors === undefined) return { ...training, optimizer };
  return {
    ...training,
    optimizer,
    learningRate: training.learningRate * presetFactors.learningRate,
    minLearningRate: training.minLearningRate * presetFactors.learningRate,
    weightDecay: training.weightDecay * presetFactors.weightDecay,
  };
}
