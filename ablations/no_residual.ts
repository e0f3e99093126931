/**
 * A GPT without residual connections: each part replaces the stream instead of adding to it.
 *
 *     GPT-2   x ← x + attention(norm1(x)),   x ← x + mlp(norm2(x))
 *     here    x ← attention(norm1(x)),       x ← mlp(norm2(x))
 *
 * With the sums, a layer only has to compute what is to change, and gradients reach the first layer unscaled. Without
 * them, a position knows its own token only as far as its attention weights keep it, in every layer anew.
 *
 * @module
 */
import { type BlockFactory, dropout, PreNormBlock } from "@miniformer/miniformer";

/** The block of GPT-2 with both additions left out. */
export const block: BlockFactory = (config, _layer, options) => {
  const parts = new PreNormBlock(config, options), { norm1, attention, norm2, mlp } = parts;
  return {
    ...parts,
    forward(x, context) {
      const h = dropout(attention.forward(norm1.forward(x), context), config.dropoutRate); // (B, T, C)
      return dropout(mlp.forward(norm2.forward(h)), config.dropoutRate); // (B, T, C)
    },
  };
};
