/**
 * The models that are timed on a GPU: those of the other benchmarks, nanoGPT's character model and the smallest GPT-2.
 *
 * @module
 */

import { estimateMemory } from "../../mod.ts";
import { type BenchConfig, CONFIGS } from "../configs.ts";

const shared = { architecture: "gpt2", dropoutRate: 0 } as const;

/** By name, the smallest first. Of the largest, the batch is what the device can bind; see {@linkcode fittingBatch}. */
export const GPU_MODELS: Readonly<Record<string, BenchConfig>> = {
  T: CONFIGS.T,
  S: CONFIGS.S,
  "shakespeare-char": {
    model: {
      ...{ ...shared, vocabSize: 65, contextLength: 256, layers: 6, heads: 6, modelDim: 384 },
      ...{ feedForwardDim: 1536, tied: true },
    },
    batchSize: 64,
  },
  "GPT-2 124M": {
    model: {
      ...{ ...shared, vocabSize: 50_257, contextLength: 1024, layers: 12, heads: 12, modelDim: 768 },
      ...{ feedForwardDim: 3072, tied: true },
    },
    batchSize: 16,
  },
};

/**
 * The same model with sizes that software Vulkan computes in seconds: to see that everything runs.
 *
 * @param config A model and its batch.
 * @returns Two layers of it, at most 128 wide and 4,096 in its vocabulary, on two sequences of at most 64 tokens.
 */
export function quickConfig({ model }: BenchConfig): BenchConfig {
  const modelDim = Math.min(128, model.modelDim), contextLength = Math.min(64, model.contextLength);
  const vocabSize = Math.min(4096, model.vocabSize);
  const small = {
    vocabSize,
    layers: 2,
    heads: modelDim / 32,
    modelDim,
    feedForwardDim: 4 * modelDim,
    contextLength,
  };
  return { model: { ...model, ...small }, batchSize: 2 };
}

/**
 * The model with the largest batch, halved as often as needed, whose tensors a device can bind.
 *
 * @param config A model and its batch.
 * @param limits What the device allows, in bytes.
 * @returns The same model, with that batch.
 */
export function fittingBatch(
  config: BenchConfig,
  limits: { readonly maxBufferSize: number; readonly maxStorageBufferBindingSize: number },
): BenchConfig {
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  let { batchSize } = config;
  while (batchSize > 1 && estimateMemory(config.model, batchSize).tensorBytes > most) batchSize >>= 1;
  return { ...config, batchSize };
}
