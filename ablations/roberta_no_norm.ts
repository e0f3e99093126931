/**
 * A RoBERTa without layer normalization in its encoder. The one in its language head stays.
 *
 *     RoBERTa   x ← norm1(x + attention(x)),   x ← norm2(x + mlp(x))
 *     here      x ← x + attention(x),          x ← x + mlp(x)
 *
 * @module
 */
import {
  add,
  type BlockFactory,
  dropout,
  Identity,
  type NormFactory,
  PostNormBlock,
} from "@miniformer/miniformer";

/** The block of RoBERTa with both norms left out. */
export const block: BlockFactory = (config, _layer, options) => {
  const { attention, mlp } = new PostNormBlock(config, options), parts = { attention, mlp };
  return {
    ...parts,
    forward(x, context) {
      const h = add(x, dropout(attention.forward(x, context), config.dropoutRate)); // (B, T, C)
      return add(h, dropout(mlp.forward(h), config.dropoutRate)); // (B, T, C)
    },
  };
};

/** The norm of the embedding sum is left out, too. */
export const embeddingNorm: NormFactory = () => new Identity();
