/**
 * Models and training settings by name. Every value can be overridden. The expected loss was measured by this project or,
 * where a source is named, published by others.
 *
 * @module
 */

import type { Preset, PresetTraining } from "./preset.ts";
import { TEXT_PRESETS } from "./text_presets.ts";

const TRAINING: PresetTraining = {
  batchSize: 32,
  steps: 2000,
  learningRate: 3e-4,
  minLearningRate: 3e-5,
  warmupSteps: 100,
  schedule: "cosine",
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0.01,
  clipNorm: 1,
};

/** tinyshakespeare with its last tenth for validation. */
const TINYSHAKESPEARE = "6f15d3ae1b1e6284";

/**
 * The presets, by the name given to `--preset`.
 *
 * @category Training
 */
export const PRESETS: Readonly<
  Record<
    | "tiny"
    | keyof typeof TEXT_PRESETS
    | "mini-transformer-lab"
    | "mini-gpt"
    | "shakespeare-char-cpu"
    | "shakespeare-char"
    | "gpt1"
    | "gpt2",
    Preset
  >
> = {
  tiny: {
    summary: "learns the built-in tales on two processor cores in about a minute",
    model: {
      architecture: "gpt2",
      contextLength: 256,
      layers: 2,
      heads: 4,
      modelDim: 64,
      feedForwardDim: 256,
      dropoutRate: 0,
      initialStd: 0.1,
    },
    training: {
      ...TRAINING,
      batchSize: 2,
      steps: 7000,
      learningRate: 1e-2,
      minLearningRate: 0,
      warmupSteps: 50,
    },
  },
  ...TEXT_PRESETS,
  "mini-transformer-lab": {
    summary: "4 layers, 256 wide, context 256",
    model: {
      architecture: "gpt1",
      contextLength: 256,
      layers: 4,
      heads: 8,
      modelDim: 256,
      feedForwardDim: 1024,
      dropoutRate: 0.1,
    },
    training: TRAINING,
    expectation: {
      result: "2.58 on tinyshakespeare after one epoch",
      textFingerprint: TINYSHAKESPEARE,
      settings: { steps: 123, warmupSteps: 12 },
    },
  },
  "mini-gpt": {
    summary: "2 layers, 128 wide, context 512",
    model: {
      architecture: "gpt1",
      contextLength: 512,
      layers: 2,
      heads: 4,
      modelDim: 128,
      feedForwardDim: 512,
      dropoutRate: 0.1,
    },
    training: { ...TRAINING, batchSize: 8, learningRate: 5e-4, minLearningRate: 5e-5 },
  },
  "shakespeare-char-cpu": {
    summary: "nanoGPT's character model for a CPU: 4 layers, 128 wide, context 64",
    model: {
      architecture: "gpt2",
      contextLength: 64,
      layers: 4,
      heads: 4,
      modelDim: 128,
      feedForwardDim: 512,
      dropoutRate: 0,
      initialStd: 0.04,
    },
    training: {
      ...TRAINING,
      batchSize: 12,
      learningRate: 2e-3,
      minLearningRate: 2e-4,
      weightDecay: 0.1,
    },
    expectation: {
      result: "1.88 on tinyshakespeare after 2,000 steps (nanoGPT's README)",
      textFingerprint: TINYSHAKESPEARE,
    },
  },
  "shakespeare-char": {
    summary: "nanoGPT's character model for a GPU: 6 layers, 384 wide, context 256",
    model: {
      architecture: "gpt2",
      contextLength: 256,
      layers: 6,
      heads: 6,
      modelDim: 384,
      feedForwardDim: 1536,
      dropoutRate: 0.2,
    },
    training: {
      ...TRAINING,
      batchSize: 64,
      steps: 5000,
      learningRate: 1e-3,
      minLearningRate: 1e-4,
      weightDecay: 0.1,
    },
    expectation: {
      result: "1.47 on tinyshakespeare at its best (nanoGPT's README)",
      textFingerprint: TINYSHAKESPEARE,
    },
  },
  gpt1: {
    summary: "the model of the paper: 12 layers, 768 wide, context 512",
    model: {
      architecture: "gpt1",
      contextLength: 512,
      layers: 12,
      heads: 12,
      modelDim: 768,
      feedForwardDim: 3072,
      dropoutRate: 0.1,
    },
    training: {
      ...TRAINING,
      batchSize: 64,
      steps: 100_000,
      learningRate: 2.5e-4,
      minLearningRate: 0,
      warmupSteps: 2000,
      beta2: 0.999,
    },
  },
  gpt2: {
    summary: "GPT-2 small: 12 layers, 768 wide, context 1024",
    model: {
      architecture: "gpt2",
      contextLength: 1024,
      layers: 12,
      heads: 12,
      modelDim: 768,
      feedForwardDim: 3072,
      dropoutRate: 0.1,
    },
    training: {
      ...TRAINING,
      batchSize: 8,
      steps: 100_000,
      learningRate: 6e-4,
      minLearningRate: 6e-5,
      warmupSteps: 2000,
      beta2: 0.95,
      weightDecay: 0.1,
    },
  },
};
