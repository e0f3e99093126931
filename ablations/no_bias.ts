/**
 * A GPT without biases, in linear layers and in normalization.
 *
 *     GPT-2   linear(x) = x · W + b,   norm(x) = weight · x̂ + b
 *     here    linear(x) = x · W,       norm(x) = weight · x̂
 *
 * @module
 */
import {
  type BlockFactory,
  LayerNorm,
  type Linear,
  type NormFactory,
  PreNormBlock,
  zeros,
} from "@miniformer/miniformer";

/** Replaces the bias of a layer by zeros. A property that is not enumerable is no parameter, so they are not learned. */
function withoutBias<Layer extends Linear | LayerNorm>(layer: Layer): Layer {
  const { weight, bias: { shape } } = layer;
  return Object.defineProperty(layer, "bias", { get: () => zeros(weight.backend, shape), enumerable: false });
}

/** The block of GPT-2, its layers without bias. */
export const block: BlockFactory = (config, _layer, options) => {
  const block = new PreNormBlock(config, options), { norm1, attention, norm2, mlp } = block;
  for (const norm of [norm1, norm2]) withoutBias(norm);
  for (const linear of [attention.queryKeyValue, attention.projection]) withoutBias(linear);
  for (const linear of [mlp.expand, mlp.contract]) withoutBias(linear);
  return block;
};

/** The norm after the last block. */
export const finalNorm: NormFactory = ({ modelDim }) => withoutBias(new LayerNorm(modelDim));
