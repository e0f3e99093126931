/**
 * The memory that training takes, estimated from the sizes of a model.
 *
 * Each number of a batch is kept twice, as value and as gradient. Per token and layer a block keeps, in multiples of the
 * model width C:
 *
 *     6    queries, keys and values, before and after they are split into heads
 *     2    the heads' results, before and after they are merged
 *     2    their projection, and the result of the feed-forward network
 *     2    two norms
 *     2    two sums with the residual stream; where a post-norm block adds and normalizes in one pass, without gradients
 *
 * and the width of the feed-forward network twice, before and after its activation. On top come the embeddings and the
 * logits, which a masked language model computes for the masked tokens only, and a classifier made from
 * one not at all. A block of an experiment may keep what dropout returns as well, twice.
 *
 * Where blocks are computed again in the backward pass (`recompute`), each keeps its result alone, again as value and as
 * gradient, and the numbers above are kept of one block at a time.
 *
 * Half precision takes more, not less: what is kept stays in 32 bits, and the rounded operands come on top. Query, key,
 * value and the gradient of attention are kept in each layer, those of the other products only until they are multiplied.
 * The estimate has 4 bytes for each, as on a CPU; on WebGPU they take 2.
 *
 * @module
 */

import type { Precision } from "../core/tape.ts";
import { MASK_RATE } from "../data/masking.ts";
import { countParameters } from "../core/module.ts";
import type { Experiment } from "../models/experiment.ts";
import { PostNormBlock, PreNormBlock } from "../models/blocks.ts";
import {
  attentionStack,
  buildModel,
  kindOf,
  type Model,
  type ModelConfig,
  objectiveOf,
} from "../models/families.ts";
import { type OptimizerName, updateRule } from "./optimizers.ts";

/**
 * The memory that training a model takes, in bytes.
 *
 * @category Training
 */
export interface MemoryEstimate {
  /** Learned numbers. */
  readonly parameters: number;
  /** For parameters, gradients and the optimizer's state of each parameter. */
  readonly parameterBytes: number;
  /** For what the forward pass keeps and the backward pass adds, for one batch. */
  readonly activationBytes: number;
  /** For the largest single tensor. */
  readonly tensorBytes: number;
}

/** What a block keeps of a token for each of the model's C channels, values and gradients. */
function widthsKept(model: Model, { modelDim, dropoutRate }: ModelConfig): number {
  const [block] = attentionStack(model).blocks;
  if (block instanceof PostNormBlock) return modelDim % 4 === 0 ? 26 : 28;
  if (block instanceof PreNormBlock) return 28;
  return dropoutRate > 0 ? 32 : 28;
}

/**
 * Estimates the memory of training.
 *
 * @example
 * ```ts
 * import { estimateMemory, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const config = { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 65 };
 * const { parameters, activationBytes } = estimateMemory(config, 12);
 * assertEquals([parameters, Math.round(activationBytes / 1e6)], [809856, 72]);
 * ```
 *
 * @param config The model.
 * @param batchSize Sequences in a batch.
 * @param options The optimizer, AdamW unless given; custom parts of the model; of a masked language model the share of
 * tokens that are masked, 0.15 unless given; the precision of products, f32 unless given; whether blocks are computed again
 * in the backward pass.
 * @returns The estimate; within 7 % of what the CPU backend allocates for a language model.
 * @category Training
 */
export function estimateMemory(
  config: ModelConfig,
  batchSize: number,
  options: {
    readonly optimizer?: OptimizerName;
    readonly experiment?: Experiment;
    readonly maskRate?: number;
    readonly precision?: Precision;
    readonly recompute?: boolean;
  } = {},
): MemoryEstimate {
  const { layers, heads, modelDim, feedForwardDim, contextLength, vocabSize, dropoutRate } = config;
  const model = buildModel(config, options.experiment), parameters = countParameters(model);
  const tokens = batchSize * contextLength, dropped = dropoutRate > 0 ? 1 : 0;
  const { maskRate = MASK_RATE } = options;
  // the number of masked tokens is rounded up, so that most batches have the same shape
  const masked = Math.min(1, 1.2 * maskRate);
  const scored = objectiveOf(config) === "causal" ? 1 : kindOf(config) === "classifier" ? 0 : masked;
  const halves = options.precision === "f16" ? 1 : 0;
  const perLayer = (widthsKept(model, config) + 4 * halves) * modelDim + 4 * feedForwardDim + 3 * heads;
  const ofBlocks = options.recompute ? perLayer + 2 * layers * modelDim : layers * perLayer;
  const perToken = ofBlocks + (6 + 2 * dropped) * modelDim + 2 * scored * vocabSize;
  const operands = tokens * (5 * modelDim + feedForwardDim + scored * vocabSize) +
    modelDim * (4 * modelDim + feedForwardDim + vocabSize);
  const widest = Math.max(scored * vocabSize, feedForwardDim, 3 * modelDim);
  return {
    parameters,
    parameterBytes: 4 * parameters * (2 + updateRule(options.optimizer).state.length),
    activationBytes: 4 * (tokens * perToken + halves * operands),
    tensorBytes: 4 * Math.max(vocabSize * modelDim, tokens * widest),
  };
}
