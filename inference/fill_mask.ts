/**
 * Filling masks: the tokens that a masked language model predicts for each `<mask>` of a text.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { softmax } from "../kernels/softmax.ts";
import type { MaskedLanguageModel } from "../models/roberta.ts";

/** A token predicted for a mask. */
export interface Candidate {
  /** Its id. */
  readonly id: number;
  /** Its probability among all tokens. */
  readonly probability: number;
}

/** The predictions for one mask. */
export interface FilledMask {
  /** Its position in the text, in tokens from 0. */
  readonly position: number;
  /** The most likely tokens, in descending order of probability. */
  readonly candidates: readonly Candidate[];
}

/**
 * The most likely tokens for each mask of a text. Several masks are filled independently of each other.
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
 * @param backend The device of the model.
 * @param model The model.
 * @param ids Token ids of the text, special tokens included.
 * @param options The id of `<mask>`, and the number of candidates; 5 unless given.
 * @returns One entry for each mask, in the order of the text.
 * @throws {RangeError} If there is no mask, the text is longer than the context, or a token is outside the vocabulary.
 */
export async function fillMask(
  backend: Backend,
  model: MaskedLanguageModel,
  ids: Uint32Array,
  options: { maskId: number; topK?: number },
): Promise<FilledMask[]> {
  const { maskId, topK = 5 } = options, { vocabSize, contextLength } = model.config;
  if (!Number.isInteger(topK) || topK < 1) {
    throw new RangeError(`Cannot give ${topK} candidates for a mask: expected a positive integer`);
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
