/**
 * Masked language models and training settings by name.
 *
 * @module
 */

import type { PresetTraining } from "./preset.ts";
import type { RobertaConfig } from "../../models/roberta.ts";

/**
 * A masked language model and its training settings.
 *
 * @category Training
 */
export interface MaskedPreset {
  /** One line for the user. */
  readonly summary: string;
  /** The model without the size of its vocabulary, which depends on the text. */
  readonly model: Omit<RobertaConfig, "vocabSize">;
  /** Its training settings. */
  readonly training: PresetTraining & {
    /** Added to AdamW's denominator. */
    readonly epsilon: number;
  };
}

/** RoBERTa's recipe: a second moment of few steps, no clipping, and linear decay of the learning rate. */
const TRAINING: MaskedPreset["training"] = {
  batchSize: 32,
  steps: 10_000,
  learningRate: 5e-4,
  minLearningRate: 0,
  warmupSteps: 500,
  schedule: "linear",
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-6,
  weightDecay: 0.01,
  clipNorm: 0,
};

/**
 * The presets of masked language models, by the name given to `--preset`.
 *
 * @category Training
 */
export const MASKED_PRESETS: Readonly<
  Record<"roberta-short" | "roberta-tiny" | "roberta-mini" | "roberta-base", MaskedPreset>
> = {
  "roberta-short": {
    summary: "for a text of up to 20,000 characters; a quarter of a minute on two cores",
    model: {
      architecture: "roberta",
      contextLength: 64,
      layers: 2,
      heads: 2,
      modelDim: 64,
      feedForwardDim: 256,
      dropoutRate: 0,
      initialStd: 0.1,
    },
    training: { ...TRAINING, batchSize: 16, steps: 600, learningRate: 3e-3, warmupSteps: 60, clipNorm: 1 },
  },
  "roberta-tiny": {
    summary: "for a CPU: 2 layers, 64 wide, context 64; two minutes on two cores",
    model: {
      architecture: "roberta",
      contextLength: 64,
      layers: 2,
      heads: 2,
      modelDim: 64,
      feedForwardDim: 256,
      dropoutRate: 0,
      initialStd: 0.1,
    },
    training: { ...TRAINING, batchSize: 24, steps: 5000, learningRate: 3e-3, warmupSteps: 100, clipNorm: 1 },
  },
  "roberta-mini": {
    summary: "4 layers, 256 wide, context 128",
    model: {
      architecture: "roberta",
      contextLength: 128,
      layers: 4,
      heads: 4,
      modelDim: 256,
      feedForwardDim: 1024,
      dropoutRate: 0.1,
      initialStd: 0.05,
    },
    training: TRAINING,
  },
  "roberta-base": {
    summary: "the model of the paper: 12 layers, 768 wide, context 512",
    model: {
      architecture: "roberta",
      contextLength: 512,
      layers: 12,
      heads: 12,
      modelDim: 768,
      feedForwardDim: 3072,
      dropoutRate: 0.1,
    },
    training: { ...TRAINING, steps: 500_000, learningRate: 6e-4, warmupSteps: 24_000 },
  },
};
