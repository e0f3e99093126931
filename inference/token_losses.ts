/**
 * The loss of every single token, where an evaluation gives their mean.
 *
 * A model reads at most T tokens at once, and the first of them without any before them. Where every token shall be
 * predicted from as much of the text as possible, windows overlap by half: from the second one on, only the later half of a
 * window is used, whose tokens have at least T / 2 others before them.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import type { Batch } from "../data/batches.ts";
import { crossEntropy, IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import type { ModelsByKind } from "../models/families.ts";
import type { Learner } from "../models/learner.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { evaluate, type EvaluateOptions } from "../training/evaluate.ts";

/** The mean loss over batches, and what it is the mean of. */
export interface EvaluatedTokens {
  /** Nats per target: the number that `evaluate` returns, bit for bit. */
  readonly loss: number;
  /** The losses of each batch, one for each target in its order, in nats; 0 where the target is ignored. */
  readonly losses: readonly Float32Array[];
}

/**
 * Does what `evaluate` does, with a causal model, and keeps the loss of every target. There is one forward pass for both.
 *
 * @example
 * ```ts
 * import { CpuBackend, evaluateTokens, Gpt, initialize, PRESETS, validationBatches } from "@miniformer/miniformer";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const batches = validationBatches(Uint32Array.of(1, 5, 2), { contextLength: 2, batchSize: 1 });
 * const { loss, losses: [[first, second]] } = await evaluateTokens(backend, model, batches);
 * assertAlmostEquals(loss, (first + second) / 2, 1e-6);
 * ```
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param batches The batches, see `validationBatches`.
 * @param options What happens during the evaluation.
 * @returns The mean and the single losses.
 * @throws {RangeError} If there are no targets in the batches.
 */
export async function evaluateTokens(
  backend: Backend,
  model: ModelsByKind["causal"],
  batches: readonly Batch[],
  options?: EvaluateOptions,
): Promise<EvaluatedTokens> {
  const reads: Promise<Float32Array>[] = [];
  const learner: Learner = {
    loss({ inputs, targets, weights }) {
      const losses = backend.allocate([targets.size]);
      const loss = crossEntropy(model.forward(inputs), targets, { weights, losses });
      const read = backend.read(losses).then((values) => Float32Array.from(values));
      read.catch(() => {}); // where the evaluation fails, its own error is the one to report
      reads.push(read);
      return loss;
    },
  };
  const loss = await evaluate(backend, learner, batches, options);
  return { loss, losses: await Promise.all(reads) };
}

/** What {@linkcode tokenLosses} takes besides the text. */
export interface TokenLossOptions extends EvaluateOptions {
  /** Windows per batch; 16 unless given. */
  readonly batchSize?: number;
}

/**
 * The loss of every token of a text, given those before it: at least half a context of them, except at the beginning.
 *
 * @example
 * ```ts
 * import { CpuBackend, Gpt, initialize, PRESETS, tokenLosses } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: 7 });
 * initialize(backend, model, 1);
 * const [first, second] = await tokenLosses(backend, model, Uint32Array.of(1, 5));
 * assertEquals([first, second > 0], [NaN, true]); // nothing comes before the first one
 * ```
 *
 * @param backend The device of the model.
 * @param model A causal model.
 * @param ids The text, two tokens or more.
 * @param options Size of the batches, and what happens meanwhile.
 * @returns Nats, one number for each token; NaN for the first one, which has none before it to be predicted from.
 * @throws {RangeError} If there are fewer than two tokens.
 */
export async function tokenLosses(
  backend: Backend,
  model: ModelsByKind["causal"],
  ids: Uint32Array,
  { batchSize = 16, ...options }: TokenLossOptions = {},
): Promise<Float32Array> {
  if (ids.length < 2) {
    throw new RangeError(`Cannot measure the tokens of a text of ${ids.length}: expected two or more`);
  }
  const { batches, positions } = overlappingBatches(ids, { batchSize, ...model.config });
  const { losses } = await evaluateTokens(backend, model, batches, options);
  const result = new Float32Array(ids.length).fill(NaN);
  positions.forEach((indices, batch) =>
    indices.forEach((index, target) => {
      if (index !== IGNORE_INDEX) result[index] = losses[batch][target];
    })
  );
  return result;
}

/** Windows of which every token but the first is a target once, and the index of each target in the text. */
function overlappingBatches(
  ids: Uint32Array,
  { contextLength: longest, batchSize: most }: { contextLength: number; batchSize: number },
): { batches: Batch[]; positions: Uint32Array[] } {
  const predicted = ids.length - 1, contextLength = Math.min(longest, predicted);
  const stride = Math.ceil(contextLength / 2), windows = 1 + Math.ceil((predicted - contextLength) / stride);
  const batchSize = Math.min(most, windows), size = batchSize * contextLength;
  const batches: Batch[] = [], positions: Uint32Array[] = [];
  for (let window = 0, done = 0; window < windows; window++) {
    const row = window % batchSize * contextLength;
    if (row === 0) {
      const targets = new Uint32Array(size).fill(IGNORE_INDEX);
      batches.push({ inputs: new Uint32Array(size), targets, batchSize, contextLength });
      positions.push(targets.slice());
    }
    const { inputs, targets } = batches[batches.length - 1], indices = positions[positions.length - 1];
    const start = Math.min(window * stride, predicted - contextLength); // the last window ends with the text
    inputs.set(ids.subarray(start, start + contextLength), row);
    for (let index = done + 1; index <= start + contextLength; index++) {
      indices[row + index - 1 - start] = index;
      targets[row + index - 1 - start] = ids[index];
    }
    done = start + contextLength;
  }
  return { batches, positions };
}

/** A part of a text: a token, or the tokens that make a character together. */
export interface TextPiece {
  /** The text of its tokens. */
  readonly text: string;
  /** Index of its first token. */
  readonly start: number;
  /** Index after its last token. */
  readonly end: number;
}

/**
 * Cuts a text at its tokens. Tokens that hold a part of a character each, as those of byte-level BPE may, stay together.
 *
 * @example
 * ```ts
 * import { CharTokenizer, textPieces } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("ab"), pieces = textPieces(tokenizer, tokenizer.encode("ba"));
 * assertEquals(pieces, [{ text: "b", start: 0, end: 1 }, { text: "a", start: 1, end: 2 }]);
 * ```
 *
 * @param tokenizer The tokenizer of the text.
 * @param ids The text.
 * @returns The pieces; their texts together are the text.
 * @throws {RangeError} If an id is not in the vocabulary.
 */
export function textPieces(tokenizer: Tokenizer, ids: Iterable<number>): TextPiece[] {
  const stream = tokenizer.decodeStream(), pieces: TextPiece[] = [];
  let start = 0, end = 0;
  const add = (text: string): void => {
    if (text === "") return;
    pieces.push({ text, start, end });
    start = end;
  };
  for (const id of ids) {
    end++;
    add(stream.push(id));
  }
  add(stream.end());
  return pieces;
}
