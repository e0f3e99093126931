/**
 * Attention maps: the weight that each head of a model gives to every key, for every query of a text.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { formatShape, type Tensor } from "../core/tensor.ts";
import type { ObservableModel } from "../models/families.ts";

/**
 * The attention weights of one head.
 *
 * @category Inference
 */
export interface AttentionMap {
  /** Its layer, the first is 0. */
  readonly layer: number;
  /** Its index in the layer, the first is 0. */
  readonly head: number;
  /** (T, T): rows are queries, columns are keys; a row adds up to 1. */
  readonly weights: Float32Array;
}

/**
 * The attention weights of sequences, on the device: for a caller that reads a part of them.
 *
 * @example
 * ```ts
 * import { attentionWeights, CpuBackend, Gpt, initialize, PRESETS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const weights = attentionWeights(model, backend.from(Uint32Array.of(4, 2, 6), [1, 3]));
 * assertEquals(weights.map(({ shape }) => shape), [[1, 4, 3, 3], [1, 4, 3, 3]]);
 * ```
 *
 * @param model The model.
 * @param ids u32 (B, T), T at most the context length, each below V.
 * @returns For each layer (B, H, T, T): of each head a row for each query, a column for each key.
 * @throws {TypeError} If a block, of an experiment, does not collect its attention weights.
 * @category Inference
 */
export function attentionWeights(model: ObservableModel, ids: Tensor): Tensor[] {
  const { layers, heads } = model.config, [batch, time] = ids.shape, weights: Tensor[] = [];
  model.states(ids, { weights });
  const shape = formatShape([batch, heads, time, time]);
  const { length: collected } = weights.filter((layer) => formatShape(layer.shape) === shape);
  if (weights.length !== layers || collected !== weights.length) {
    throw new TypeError(
      `The ${layers} blocks of the model collected ${collected} attention weights, expected one each, ${shape}: ` +
        "a block passes its context on to SelfAttention, or adds its weights to context.weights",
    );
  }
  return weights;
}

/**
 * The attention maps of a text.
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
 * assertEquals([...maps[0].weights.subarray(0, 2)], [1, 0]); // the first token attends to itself only
 * ```
 *
 * @param backend Where the model lives.
 * @param model The model.
 * @param ids The text as the model reads it, special tokens included.
 * @returns A map for each head of each layer, layer by layer.
 * @throws {RangeError} If there is no token, the text is longer than the context, or a token is unknown.
 * @throws {TypeError} If a block, of an experiment, does not collect its attention weights.
 * @category Inference
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
    const weights = attentionWeights(model, backend.from(ids, [1, length])); // each (1, H, T, T)
    return weights.map((layer) => backend.read(layer));
  }));
  return layers.flatMap((weights, layer) =>
    Array.from({ length: heads }, (_, head) => {
      const start = head * length * length;
      return { layer, head, weights: Float32Array.from(weights.subarray(start, start + length * length)) };
    })
  );
}
