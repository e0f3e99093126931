/** The experiment of the README, as a reader writes it: a block without layer normalization, in a file of its own. */

import type { Tensor } from "../core/tensor.ts";
import { add } from "../kernels/elementwise.ts";
import type { Block, BlockOptions } from "../models/blocks.ts";
import type { TransformerConfig } from "../models/config.ts";
import type { ForwardContext } from "../models/forward_context.ts";
import { Mlp, SelfAttention } from "../models/layers.ts";

class WithoutNorm implements Block {
  readonly attention: SelfAttention;
  readonly mlp: Mlp;

  constructor(config: TransformerConfig, { causal, activation }: Required<BlockOptions>) {
    const { modelDim, heads, feedForwardDim, dropoutRate, initialStd: std = 0.02 } = config;
    this.attention = new SelfAttention({ modelDim, heads, causal, dropoutRate, std });
    this.mlp = new Mlp({ modelDim, feedForwardDim, activation, std });
  }

  forward(x: Tensor, context?: ForwardContext): Tensor {
    const h = add(x, this.attention.forward(x, context)); // (B, T, C)
    return add(h, this.mlp.forward(h)); // (B, T, C)
  }
}

export const block = (config: TransformerConfig, _layer: number, options: Required<BlockOptions>): Block =>
  new WithoutNorm(config, options);
