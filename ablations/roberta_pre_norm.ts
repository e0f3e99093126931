/**
 * A RoBERTa with normalization before each part, as in GPT-2, instead of after each addition.
 *
 *     RoBERTa   x ← norm1(x + attention(x)),   x ← norm2(x + mlp(x))
 *     here      x ← x + attention(norm1(x)),   x ← x + mlp(norm2(x)),   and norm(x) after the last block
 *
 * The initial weights are those of RoBERTa: GPT-2's smaller ones for what is added to the stream are not taken over.
 *
 * @module
 */
import {
  add,
  type BlockFactory,
  dropout,
  LayerNorm,
  type NormFactory,
  PostNormBlock,
} from "@miniformer/miniformer";

/** The parts of RoBERTa's block in the order of GPT-2's. */
export const block: BlockFactory = (config, _layer, options) => {
  const parts = new PostNormBlock(config, options), { attention, norm1, mlp, norm2 } = parts;
  return {
    ...parts,
    forward(x, context) {
      const h = add(x, dropout(attention.forward(norm1.forward(x), context), config.dropoutRate)); // (B, T, C)
      return add(h, dropout(mlp.forward(norm2.forward(h)), config.dropoutRate)); // (B, T, C)
    },
  };
};

/** The stream is never normalized inside these blocks, so it is once at the end. */
export const finalNorm: NormFactory = ({ modelDim }) => new LayerNorm(modelDim);
