/** Attention's naive twin, evaluated as an operation is: for what the fused kernels are compared with. */

import type { Floats } from "../core/backend.ts";
import { philox4x32 } from "../core/philox.ts";
import {
  naiveAttentionBackward,
  naiveAttentionForward,
  type NaiveAttentionSettings,
} from "../kernels/attention/attention_naive.ts";
import { dropThreshold } from "../kernels/dropout.ts";
import { type Evaluation, type Inputs, normals, type Values } from "./_testing.ts";

/**
 * Value and gradients by the naive twin; the mask of each query and key is drawn on its own.
 *
 * @param inputs `query`, `key`, `value`, and possibly `lengths`.
 * @param options Whether it is causal, the dropout rate, and the tape's random state where there is dropout.
 * @param dy The gradient of the result; the normal numbers that `evaluate` takes unless given.
 */
export function evaluateNaively(
  { query, key, value, lengths }: Inputs,
  { causal = false, dropoutRate = 0, random = new Uint32Array(4) },
  dy: Values = normals("dy", query.shape),
): Evaluation {
  const { shape } = query, [batch, heads, time, headDim] = shape, words = new Uint32Array(4);
  const settings: NaiveAttentionSettings = {
    batchHeads: batch * heads,
    time,
    headDim,
    sees: (head, i, j) => j < (lengths?.data[Math.floor(head / heads)] ?? time) && (!causal || j <= i),
    mask(head, i, j) {
      const counter = (head * time + i) * Math.ceil(time / 4) + Math.floor(j / 4);
      philox4x32(words, random[0], random[1], counter, random[2], 0, 0);
      return words[j % 4] < dropThreshold(dropoutRate) ? 0 : 1 / (1 - dropoutRate);
    },
  };
  const arrays = { query: query.data as Floats, key: key.data as Floats, value: value.data as Floats };
  const { y, p } = naiveAttentionForward(arrays, settings);
  const { dQuery, dKey, dValue } = naiveAttentionBackward(arrays, dy.data as Floats, p, settings);
  const gradients = { query: dQuery, key: dKey, value: dValue };
  return {
    y: { shape, data: y },
    gradients: Object.fromEntries(Object.entries(gradients).map(([name, data]) => [name, { shape, data }])),
  };
}
