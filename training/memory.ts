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
 * one not at all. On WebGPU attention reads heads in place (`kernels/attention/self_attention.ts`): 3 of the 6 numbers
 * and one of the 2 are not made. A block of an experiment may keep what dropout returns as well, twice.
 *
 * Where blocks are computed again in the backward pass (`recompute`), each keeps its result alone, again as value and as
 * gradient, and the numbers above are kept of one block at a time.
 *
 * Half precision takes more, not less: what is kept stays in 32 bits, and the rounded operands come on top. Kept in each
 * layer are its weights and, per token, in multiples of C:
 *
 *     4    query, key, value and the gradient of attention
 *     3    what queries, keys and values, the projection, and the feed-forward network are made from
 *
 * and the width of the feed-forward network once more. Gradients of other products are kept until they are multiplied. The
 * estimate has 4 bytes for each, as on a CPU; on WebGPU they take 2.
 *
 * On a GPU products with few results and long sums need memory for the slices of their sums (`kernels/matmul/hardware/split.ts`),
 * until they are added: one tensor of each size.
 *
 * @module
 */

import type { AdapterClass } from "../core/backend.ts";
import type { Precision } from "../core/tape.ts";
import { MASK_RATE } from "../data/masking.ts";
import { countParameters } from "../core/module.ts";
import { planMatmul } from "../kernels/matmul/matmul_plan.ts";
import { readsHeadsInPlace } from "../kernels/attention/self_attention.ts";
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

/**
 * How many numbers a block keeps of a token for each of the C channels, besides heads that are split and merged: 3 + 1 of
 * attention, 2 results, 2 norms and 2 sums, all of them as value and as gradient.
 */
function widthsKept(model: Model, { modelDim, dropoutRate }: ModelConfig): number {
  const [block] = attentionStack(model).blocks, kept = 2 * (3 + 1 + 2 + 2 + 2);
  if (block instanceof PostNormBlock) return modelDim % 4 === 0 ? kept - 2 : kept; // fused, the sums have no gradients
  if (block instanceof PreNormBlock) return kept;
  return dropoutRate > 0 ? kept + 2 * 2 : kept;
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
 * in the backward pass; on WebGPU the class of the adapter.
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
    readonly adapterClass?: AdapterClass;
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
  const moved = readsHeadsInPlace(options.adapterClass) ? 0 : 2 * (3 + 1);
  const perLayer = (widthsKept(model, config) + moved + 7 * halves) * modelDim +
    (4 + halves) * feedForwardDim +
    3 * heads;
  const ofBlocks = options.recompute ? perLayer + 2 * layers * modelDim : layers * perLayer;
  const perToken = ofBlocks + (6 + 2 * dropped) * modelDim + 2 * scored * vocabSize;
  const weights = (options.recompute ? 1 : layers) * modelDim * (4 * modelDim + 2 * feedForwardDim) +
    (scored > 0 ? modelDim * vocabSize : 0);
  const operands = weights + tokens * (5 * modelDim + feedForwardDim + scored * vocabSize);
  const slices = options.adapterClass === "hardware" ? sliceSizes(config, tokens, scored) : 0;
  const widest = Math.max(scored * vocabSize, feedForwardDim, 3 * modelDim);
  return {
    parameters,
    parameterBytes: 4 * parameters * (2 + updateRule(options.optimizer).state.length),
    activationBytes: 4 * (tokens * perToken + halves * operands + slices),
    tensorBytes: 4 * Math.max(vocabSize * modelDim, tokens * widest),
  };
}

/** The numbers in the slices of sums that are split on a GPU: one tensor of each size, which all products of that size share. */
function sliceSizes(
  { modelDim, feedForwardDim, vocabSize }: ModelConfig,
  tokens: number,
  scored: number,
): number {
  const sizes = new Set<number>(), scoredTokens = Math.ceil(scored * tokens);
  for (
    const [rows, inputs, outputs] of [
      [tokens, modelDim, 3 * modelDim],
      [tokens, modelDim, modelDim],
      [tokens, modelDim, feedForwardDim],
      [tokens, feedForwardDim, modelDim],
      [scoredTokens, modelDim, vocabSize],
    ]
  ) {
    // y = x · weight, dx = dy · weightᵀ, dWeight = xᵀ · dy
    for (const [m, k, n] of [[rows, inputs, outputs], [rows, outputs, inputs], [inputs, rows, outputs]]) {
      const product = {
        batch: 1,
        rows: m,
        columns: n,
        inner: k,
        transposeA: 0,
        transposeB: 0,
        accumulate: 0,
      };
      const plan = planMatmul(product, "hardware");
      const isSplit = plan.kind === "tiles" && plan.sliceLength < k;
      if (isSplit) sizes.add(Math.ceil(k / plan.sliceLength) * m * n);
    }
  }
  return [...sizes].reduce((sum, size) => sum + size, 0);
}
