/**
 * A GPT with normalization after each addition, as in GPT-1, instead of before each part, as in GPT-2.
 *
 *     GPT-2   x ← x + attention(norm1(x)),   x ← x + mlp(norm2(x)),   logits from norm(x)
 *     here    x ← norm1(x + attention(x)),   x ← norm2(x + mlp(x)),   logits from x
 *
 * Here every norm stands on the stream itself, so gradients pass all of them on the way to the first layer. The initial
 * weights are those of GPT-2, which `--architecture gpt1` would change as well.
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

/** The parts of GPT-2's block in the order of GPT-1's. */
export const block: BlockFactory = (config, _layer, options) => {
  const parts = new PreNormBlock(config, options), { norm1, attention, norm2, mlp } = parts;
  return {
    ...parts,
    forward(x, context) {
      const h = norm1.forward(add(x, dropout(attention.forward(x, context), config.dropoutRate))); // (B, T, C)
      return norm2.forward(add(h, dropout(mlp.forward(h), config.dropoutRate))); // (B, T, C)
    },
  };
};

/** The last block has normalized the stream already. */
export const finalNorm: NormFactory = () => new Identity();
