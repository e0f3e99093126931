/**
 * The floating-point operations of a training step.
 *
 * Nearly all of them are matrix products. A vector of K numbers times a matrix of K · N takes K multiplications and K
 * additions for each of N results: two operations for each weight. The backward pass makes two products of the same size,
 * one for the gradient of the vector and one for that of the matrix, so each weight takes
 *
 *     2 forward + 4 backward = 6        operations for each vector that is multiplied by it
 *
 * In the blocks every token is such a vector. What turns hidden states into logits, V · C weights in a language model, is
 * applied to the scored positions only: all of them in a causal model, the masked ones in a masked model, one of each text
 * in a classifier. Embeddings are looked up and biases added: neither is counted.
 *
 * Attention has products without weights. For each token and head there are T scores q · k and a sum of T values, D numbers
 * each: 4 T D operations forward, 8 backward. With H heads of width D and C = H D that makes, in each of L layers,
 *
 *     12 H D T = 12 C T                 operations for each token
 *
 * This is the convention of PaLM and of nanoGPT's `estimate_mfu`, 6 N + 12 L H D T for each token, with N the weights that
 * are multiplied. (nanoGPT's N also has biases, norms and, where the head is not tied, the table that is looked up; that of
 * Kaplan et al. leaves out the head.) As there, the count is of the model and not of the program: causal attention counts in
 * full, although half of it is skipped, and scores that the backward pass computes a second time count once. What is
 * counted, divided by the time of a step, can therefore be compared between programs and devices.
 *
 * References: Kaplan et al., "Scaling laws for neural language models", 2020, section 2.1; Chowdhery et al., "PaLM", 2022,
 * appendix B.
 *
 * @module
 */

import { namedParameters } from "../core/module.ts";
import type { Batch } from "../data/batches.ts";
import type { Experiment } from "../models/experiment.ts";
import { buildModel, kindOf, type ModelConfig, objectiveOf } from "../models/families.ts";

/**
 * What the count depends on in a batch: its sizes, and how many targets it has. Any {@linkcode Batch} is one.
 *
 * @category Training
 */
export type BatchShape = Pick<Batch, "batchSize" | "contextLength"> & {
  /** As many as there are scored positions; unless given, every position of a language model is scored. */
  readonly targets?: { readonly length: number };
  /** Whether a classifier made from a GPT also predicts the next token at every position. */
  readonly auxiliaryTargets?: object;
};

/**
 * Counts the floating-point operations of one training step: forward and backward pass of one batch.
 *
 * @example Six operations for each of 801 792 weights and token, and those of attention
 * ```ts
 * import { estimateFlops, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const config = { ...PRESETS["shakespeare-char-cpu"].model, vocabSize: 65 };
 * const weights = 4 * (4 * 128 ** 2 + 2 * 128 * 512) + 65 * 128, attention = 12 * 4 * 128 * 64;
 * const flops = estimateFlops(config, { batchSize: 12, contextLength: 64 });
 * assertEquals(flops, 12 * 64 * (6 * weights + attention));
 * ```
 *
 * @param config The model.
 * @param batch Its batch: a `Batch`, or sizes.
 * @param experiment Custom parts of the model: the matrices of their blocks are counted as they are, and attention as if
 * each block had it.
 * @returns Operations. With accumulated gradients a step has as many for each of its batches.
 * @category Training
 */
export function estimateFlops(config: ModelConfig, batch: BatchShape, experiment?: Experiment): number {
  const { layers, modelDim, vocabSize } = config, { batchSize, contextLength, targets } = batch;
  const tokens = batchSize * contextLength, isClassifier = kindOf(config) === "classifier";
  const matrices = namedParameters(buildModel(config, experiment))
    .filter(({ name, shape }) => shape.length === 2 && /(^|\.)blocks\.\d/.test(name));
  const blockWeights = matrices.reduce((sum, { size }) => sum + size, 0);
  const scored = isClassifier ? batchSize : targets?.length ?? tokens;
  const classes = "labels" in config ? config.labels.length : vocabSize;
  // the heads of masked models have a layer before the last product
  const headWeights = modelDim * (classes + (objectiveOf(config) === "mlm" ? modelDim : 0));
  const auxiliary = batch.auxiliaryTargets === undefined ? 0 : tokens * vocabSize * modelDim;
  const attention = 12 * layers * modelDim * contextLength;
  return tokens * (6 * blockWeights + attention) + 6 * (scored * headWeights + auxiliary);
}
