/**
 * Filling masks: what a masked language model thinks stood at each `<mask>` of a text.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { softmax } from "../kernels/softmax.ts";
import type { MaskedLanguageModel } from "../models/roberta.ts";

/** A token that may stand at a masked position. */
export interface Candidate {
  /** The token. */
  readonly id: number;
  /** How likely it is, among all tokens. */
  readonly probability: number;
}

/** What may stand at one masked position. */
export interface FilledMask {
  /** Where in the text, in tokens. */
  readonly position: number;
  /** The likeliest tokens, likeliest first. */
  readonly candidates: readonly Candidate[];
}

/**
 * The likeliest tokens at each masked position of a text. Several masks are filled independently of each other.
 *
 * @example
 * ```ts
 * import { CpuBackend, fillMask, initialize, MaskedLanguageModel } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = { layers: 1, heads: 2, modelDim: 8, feedForwardDim: 32, contextLength: 8, dropoutRate: 0 };
 * const model = new MaskedLanguageModel({ ...sizes, architecture: "roberta", vocabSize: 10 });
 * const backend = new CpuBackend();
 * initialize(backend, model, 1);
 * const [{ position, candidates }] = await fillMask(backend, model, Uint32Array.of(0, 5, 9, 2), { maskId: 9, topK: 3 });
 * assertEquals([position, candidates.length], [2, 3]);
 * ```
 *
 * @param backend Where the model lives.
 * @param model The model.
 * @param ids The text as the model reads it, special tokens included.
 * @param options The id of `<mask>`, and how many tokens to tell; 5 unless given.
 * @returns One entry for each mask, in the order of the text.
 * @throws {RangeError} If there is no mask, the text is longer than the context, or a token is unknown.
 */
export async function fillMask(
  backend: Backend,
  model: MaskedLanguageModel,
  ids: Uint32Array,
  options: { maskId: number; topK?: number },
): Promise<FilledMask[]> {
  const { maskId, topK = 5 } = options, { vocabSize, contextLength } = model.config;
  if (!Number.isInteger(topK) || topK < 1) {
    throw new RangeError(`Cannot tell the ${topK} likeliest tokens: expected a positive integer`);
  }
  if (ids.length > contextLength) {
    throw new RangeError(`The text has ${ids.length} tokens, the model reads at most ${contextLength}`);
  }
  const outside = ids.find((id) => id >= vocabSize);
  if (outside !== undefined) {
    throw new RangeError(`Token ${outside} is outside the vocabulary of ${vocabSize}`);
  }
  const positions = [...ids.keys()].filter((position) => ids[position] === maskId);
  if (positions.length === 0) throw new RangeError("The text has no <mask> to fill");
  const probabilities = await backend.read(backend.scope(() => {
    const chosen = backend.from(Uint32Array.from(positions));
    return softmax(model.forwardAt(backend.from(ids, [1, ids.length]), chosen)); // (masks, V)
  }));
  return positions.map((position, index) => {
    const row = probabilities.subarray(index * vocabSize, (index + 1) * vocabSize);
    const order = Uint32Array.from(row.keys()).sort((a, b) => row[b] - row[a] || a - b);
    const candidates = Array.from(order.subarray(0, topK), (id) => ({ id, probability: row[id] }));
    return { position, candidates };
  });
}
