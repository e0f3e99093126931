/**
 * A GPT whose feed-forward networks use ReLU instead of GELU.
 *
 *     GPT-2   mlp(x) = GELU(x · W₁ + b₁) · W₂ + b₂
 *     here    mlp(x) = ReLU(x · W₁ + b₁) · W₂ + b₂
 *
 * Both are close to 0 for negative inputs and to the identity for positive ones. GELU is smooth, and has a gradient where
 * ReLU has none.
 *
 * @module
 */
import { type BlockFactory, PreNormBlock, relu } from "@miniformer/miniformer";

/** The block of GPT-2 with the other nonlinearity. */
export const block: BlockFactory = (config, _layer, options) =>
  new PreNormBlock(config, { ...options, activation: relu });
