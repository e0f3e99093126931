/**
 * A GPT whose queries are computed as keys are in GPT-2, and its keys as queries are: swapped before training.
 *
 *     GPT-2   [query, key, value] = x · W + b
 *     here    [key, query, value] = x · W + b
 *
 * Nothing but the initial values tells query and key apart before training, and those have one distribution. So the swap
 * renames them: this model is the plain one with other initial values, and no better or worse. In a trained model query
 * and key differ, and swapping them destroys what it has learned: see `swap_query_key.ts`.
 *
 * @module
 */
import {
  add,
  attention,
  type BlockFactory,
  cachedAttention,
  decomposedAttention,
  dropout,
  mergeHeads,
  PreNormBlock,
  splitHeads,
} from "@miniformer/miniformer";

/** The block of GPT-2 with the first two thirds of `queryKeyValue` in the other order. */
export const block: BlockFactory = (config, _layer, options) => {
  const parts = new PreNormBlock(config, options), { norm1, norm2, mlp } = parts;
  const { queryKeyValue, projection } = parts.attention, { dropoutRate } = config, { causal } = options;
  return {
    ...parts,
    forward(x, { cache, lengths, weights, patch } = {}) {
      const [key, query, value] = splitHeads(queryKeyValue.forward(norm1.forward(x)), config.heads); // each (B, H, T, D)
      const attend = () => { // (B, H, T, D)
        if (cache) return cachedAttention(query, key, value, cache);
        if (!weights) return attention(query, key, value, { causal, dropoutRate, lengths });
        const observed = decomposedAttention(query, key, value, { causal });
        weights.push(observed.weights);
        return observed.y;
      };
      const heads = mergeHeads(attend()), patched = patch ? patch(heads) : heads; // (B, T, C)
      const h = add(x, dropout(projection.forward(patched), dropoutRate)); // (B, T, C)
      return add(h, dropout(mlp.forward(norm2.forward(h)), dropoutRate)); // (B, T, C)
    },
  };
};
