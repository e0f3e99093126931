/**
 * A RoBERTa whose feed-forward networks use ReLU instead of GELU. The GELU in its language head stays.
 *
 *     RoBERTa   mlp(x) = GELU(x · W₁ + b₁) · W₂ + b₂
 *     here      mlp(x) = ReLU(x · W₁ + b₁) · W₂ + b₂
 *
 * @module
 */
import { type BlockFactory, PostNormBlock, relu } from "@miniformer/miniformer";

/** The block of RoBERTa with the other nonlinearity. */
export const block: BlockFactory = (config, _layer, options) =>
  new PostNormBlock(config, { ...options, activation: relu });
