/**
 * A GPT without layer normalization.
 *
 *     GPT-2   x ← x + attention(norm1(x)),   x ← x + mlp(norm2(x)),   logits from norm(x)
 *     here    x ← x + attention(x),          x ← x + mlp(x),          logits from x
 *
 * Normalization gives every layer inputs of one scale, whatever the layers before it have added to the stream. Without it
 * the scale of the weights decides how large attention scores and activations are, and a learning rate that suits one
 * layer is too large for another.
 *
 * @module
 */
import {
  add,
  type BlockFactory,
  dropout,
  Identity,
  type NormFactory,
  PreNormBlock,
} from "@miniformer/miniformer";

/** The block of GPT-2 with both norms left out. */
export const block: BlockFactory = (config, _layer, options) => {
  const { attention, mlp } = new PreNormBlock(config, options), parts = { attention, mlp };
  return {
    ...parts,
    forward(x, context) {
      const h = add(x, dropout(attention.forward(x, context), config.dropoutRate)); // (B, T, C)
      return add(h, dropout(mlp.forward(h), config.dropoutRate)); // (B, T, C)
    },
  };
};

/** The norm after the last block is left out, too. */
export const finalNorm: NormFactory = () => new Identity();
