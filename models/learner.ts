/**
 * What training needs of a model: the loss of a batch.
 *
 * A loss is a sum over targets of weight times surprise. The weights carry everything that distinguishes one objective
 * from another beyond the scores themselves: 1 / n for the mean over n tokens, less where a batch comes in pieces, more
 * for a class that is rare, 0 for a place that is only filled up. So one training loop serves them all.
 *
 * @module
 */

import type { Tensor } from "../core/tensor.ts";

/** A batch on a device. */
export interface BatchTensors {
  /** u32 (B, T): token ids. */
  readonly inputs: Tensor;
  /** u32: what to predict, a token or a class, or IGNORE_INDEX. */
  readonly targets: Tensor;
  /** f32, one for each target: how much it counts. The mean over those that are not ignored unless given. */
  readonly weights?: Tensor;
  /** u32 (B): tokens of each sequence that are no padding; all of them unless given. */
  readonly lengths?: Tensor;
  /** u32, one for each target: where its token stands among all B · T; everywhere, in order, unless given. */
  readonly targetIndices?: Tensor;
  /** u32 (B · T): tokens to predict besides. */
  readonly auxiliaryTargets?: Tensor;
  /** f32 (B · T): how much they count. */
  readonly auxiliaryWeights?: Tensor;
}

/** A model that knows what is wanted of it. */
export interface Learner {
  /**
   * The loss of a batch.
   *
   * @param batch The batch; its inputs are on a tape, if the loss is to be differentiated.
   * @returns One number, shape (1).
   */
  loss(batch: BatchTensors): Tensor;
}
