/**
 * What training needs of a model: the loss of a batch.
 *
 * A loss is a weighted sum of cross-entropies over targets. The weights carry everything that distinguishes one objective
 * from another beyond the logits themselves: 1 / n for the mean over n tokens, less where a batch comes in pieces, more
 * for a rare class, 0 at padding. So one training loop serves them all.
 *
 * @module
 */

import type { Tensor } from "../core/tensor.ts";
import type { Experiment } from "./experiment.ts";

/**
 * A batch on a device.
 *
 * @category Models
 */
export interface BatchTensors {
  /** u32 (B, T): token ids. */
  readonly inputs: Tensor;
  /** u32: what to predict, a token or a class, or IGNORE_INDEX. */
  readonly targets: Tensor;
  /** f32, one for each target: its weight in the loss. The mean over those that are not ignored unless given. */
  readonly weights?: Tensor;
  /** u32 (B): the length of each sequence without its padding; all of T unless given. */
  readonly lengths?: Tensor;
  /** u32, one for each target: the index of its token among all B · T; all of them, in order, unless given. */
  readonly targetIndices?: Tensor;
  /** u32 (B · T): tokens to predict besides. */
  readonly auxiliaryTargets?: Tensor;
  /** f32 (B · T): their weights in the loss. */
  readonly auxiliaryWeights?: Tensor;
}

/**
 * A model that can be trained.
 *
 * @category Models
 */
export interface Learner {
  /** What it was built with in place of its family's parts, if anything. */
  readonly experiment?: Experiment;

  /**
   * The loss of a batch.
   *
   * @param batch The batch; its inputs are on a tape, if the loss is to be differentiated.
   * @returns One number, shape (1).
   */
  loss(batch: BatchTensors): Tensor;
}
