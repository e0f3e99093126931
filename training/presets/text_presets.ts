/**
 * Models and training settings for a text of one's own, by its length, that learn within a minute or so on a CPU.
 *
 * A longer text is worth a larger model and more steps. A short one is soon learned by heart; from a page or two there is
 * little else to learn.
 *
 * @module
 */

import type { Preset, PresetTraining } from "./preset.ts";

const TRAINING: PresetTraining = {
  batchSize: 12,
  steps: 1200,
  learningRate: 5e-3,
  minLearningRate: 5e-4,
  warmupSteps: 100,
  schedule: "cosine",
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0.1,
  clipNorm: 1,
};

const MODEL: Preset["model"] = {
  architecture: "gpt2",
  contextLength: 64,
  layers: 2,
  heads: 4,
  modelDim: 96,
  feedForwardDim: 384,
  dropoutRate: 0,
  initialStd: 0.04,
};

/**
 * Presets for a text of one's own, a part of `PRESETS`.
 *
 * @example
 * ```ts
 * import { TEXT_PRESETS } from "@miniformer/miniformer";
 * import { assert } from "@std/assert";
 *
 * assert(TEXT_PRESETS["short-text"].model.modelDim < TEXT_PRESETS["long-text"].model.modelDim);
 * ```
 *
 * @category Training
 */
export const TEXT_PRESETS: Readonly<Record<"short-text" | "medium-text" | "long-text", Preset>> = {
  "short-text": {
    summary: "for a text of up to 20,000 characters; ten seconds on two cores",
    model: { ...MODEL, modelDim: 64, feedForwardDim: 256 },
    training: {
      ...TRAINING,
      batchSize: 8,
      steps: 500,
      learningRate: 1e-2,
      minLearningRate: 0,
      warmupSteps: 50,
      weightDecay: 0.01,
    },
  },
  "medium-text": {
    summary: "for a text of 20,000 to 300,000 characters; half a minute on two cores",
    model: { ...MODEL, dropoutRate: 0.1 },
    training: TRAINING,
  },
  "long-text": {
    summary: "for a text of 300,000 characters or more; a minute on two cores",
    model: { ...MODEL, layers: 3 },
    training: { ...TRAINING, steps: 2000 },
  },
};
