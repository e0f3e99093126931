/**
 * A RoBERTa without residual connections: each part replaces the stream instead of adding to it.
 *
 *     RoBERTa   x ← norm1(x + attention(x)),   x ← norm2(x + mlp(x))
 *     here      x ← norm1(attention(x)),       x ← norm2(mlp(x))
 *
 * @module
 */
import { type BlockFactory, dropout, PostNormBlock } from "@miniformer/miniformer";

/** The block of RoBERTa with both additions left out. */
export const block: BlockFactory = (config, _layer, options) => {
  const parts = new PostNormBlock(config, options), { attention, norm1, mlp, norm2 } = parts;
  return {
    ...parts,
    forward(x, context) {
      const h = norm1.forward(dropout(attention.forward(x, context), config.dropoutRate)); // (B, T, C)
      return norm2.forward(dropout(mlp.forward(h), config.dropoutRate)); // (B, T, C)
    },
  };
};
