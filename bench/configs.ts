/**
 * The two models that all engines here are timed on: a GPT with pre-norm blocks, an untied head and no dropout, trained
 * with AdamW.
 *
 * @module
 */

import { estimateFlops, type GptConfig } from "../mod.ts";

/** A model and its batch. */
export interface BenchConfig {
  /** The model. */
  readonly model: GptConfig;
  /** Sequences in a batch. */
  readonly batchSize: number;
}

const shared = { architecture: "gpt2", vocabSize: 65, dropoutRate: 0, tied: false } as const;

/** `S`, a small model, and `T`, a tiny one. */
export const CONFIGS: Readonly<Record<"S" | "T", BenchConfig>> = {
  S: {
    model: { ...shared, layers: 4, heads: 8, modelDim: 256, feedForwardDim: 1024, contextLength: 256 },
    batchSize: 8,
  },
  T: {
    model: { ...shared, layers: 2, heads: 4, modelDim: 128, feedForwardDim: 512, contextLength: 64 },
    batchSize: 16,
  },
};

/** Tokens in one training step. */
export const tokensOf = ({ model, batchSize }: BenchConfig): number => batchSize * model.contextLength;

/** Floating-point operations of one training step. */
export const flopsOf = ({ model, batchSize }: BenchConfig): number =>
  estimateFlops(model, { batchSize, contextLength: model.contextLength });

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
