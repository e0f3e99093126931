/**
 * Attention maps: which tokens each head of a model looks at while it reads a text.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import type { Tensor } from "../core/tensor.ts";
import type { TransformerConfig } from "../models/config.ts";

/** A stack that reads tokens and lets its attention be observed: a GPT, or the encoder of a RoBERTa. */
export interface ObservableModel {
  /** Sizes. */
  readonly config: TransformerConfig;
  /** Reads u32 (B, T); every layer adds its attention weights, (B, H, T, T), to `weights`. */
  states(ids: Tensor, context: { weights: Tensor[] }): Tensor;
}

/** What one head looks at. */
export interface AttentionMap {
  /** Of which layer, the first is 0. */
  readonly layer: number;
  /** Which head of it, the first is 0. */
  readonly head: number;
  /** (T, T): how much the token of a row takes from that of a column; a row adds up to 1. */
  readonly weights: Float32Array;
}

/**
 * Reads a text and tells what each head looked at.
 *
 * @example
 * ```ts
 * import { attentionMaps, CpuBackend, Gpt, initialize, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const maps = await attentionMaps(backend, model, Uint32Array.of(4, 2));
 * assertEquals(maps.length, 2 * 4); // layers, heads
 * assertEquals([...maps[0].weights.subarray(0, 2)], [1, 0]); // the first token sees nothing but itself
 * ```
 *
 * @param backend Where the model lives.
 * @param model The model.
 * @param ids The text as the model reads it, special tokens included.
 * @returns A map for each head of each layer, layer by layer.
 * @throws {RangeError} If there is no token, the text is longer than the context, or a token is unknown.
 */
export async function attentionMaps(
  backend: Backend,
  model: ObservableModel,
  ids: Uint32Array,
): Promise<AttentionMap[]> {
  const { heads, vocabSize, contextLength } = model.config, { length } = ids;
  if (length < 1 || length > contextLength) {
    throw new RangeError(`The text has ${length} tokens, the model reads from 1 to ${contextLength}`);
  }
  const outside = ids.find((id) => id >= vocabSize);
  if (outside !== undefined) {
    throw new RangeError(`Token ${outside} is outside the vocabulary of ${vocabSize}`);
  }
  const layers = await Promise.all(backend.scope(() => {
    const weights: Tensor[] = [];
    model.states(backend.from(ids, [1, length]), { weights });
    return weights.map((layer) => backend.read(layer)); // each (1, H, T, T)
  }));
  return layers.flatMap((weights, layer) =>
    Array.from({ length: heads }, (_, head) => {
      const start = head * length * length;
      return { layer, head, weights: Float32Array.from(weights.subarray(start, start + length * length)) };
    })
  );
}
