/**
 * Filling masks: the tokens that a masked language model predicts for each `<mask>` of a text.
 *
 * @module
 */

import type { Backend } from "../core/backend.ts";
import { Random } from "../core/random.ts";
import { maskTokens } from "../data/mask_tokens.ts";
import { softmax } from "../kernels/softmax.ts";
import type { ModelsByKind } from "../models/families.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/**
 * A token predicted for a mask.
 *
 * @category Inference
 */
export interface Candidate {
  /** Its id. */
  readonly id: number;
  /** Its probability among all tokens. */
  readonly probability: number;
}

/**
 * The predictions for one mask.
 *
 * @category Inference
 */
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
 * @param options The id of `<mask>`; the number of candidates, 5 unless given; and the number of tokens that the tokenizer
 * has, unless it is the model's: ids from there on are no candidates.
 * @returns One entry for each mask, in the order of the text.
 * @throws {RangeError} If there is no mask, the text is longer than the context, or a token is outside the vocabulary.
 * @category Inference
 */
export async function fillMask(
  backend: Backend,
  model: ModelsByKind["masked"],
  ids: Uint32Array,
  options: { maskId: number; topK?: number; tokens?: number },
): Promise<FilledMask[]> {
  const { vocabSize, contextLength } = model.config, { maskId, topK = 5, tokens = vocabSize } = options;
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
    const order = Uint32Array.from(row.subarray(0, tokens).keys()).sort((a, b) => row[b] - row[a] || a - b);
    const candidates = Array.from(order.subarray(0, topK), (id) => ({ id, probability: row[id] }));
    return { position, candidates };
  });
}

/**
 * A text whose masks are filled.
 *
 * @category Inference
 */
export interface FilledText {
  /** The text with the most likely token at each mask. */
  readonly text: string;
  /** The masks, and their candidates as texts. */
  readonly masks: readonly {
    /** Its position in the text, in tokens from 0, special ones included. */
    readonly position: number;
    /** The most likely tokens; `text` is that with this token, and the most likely ones at the other masks. */
    readonly candidates: readonly (Candidate & { readonly token: string; readonly text: string })[];
  }[];
}

/**
 * Decodes a text with filled masks.
 *
 * @example
 * ```ts
 * import { CharTokenizer, decodeFilled, MASKED_SPECIAL_TOKENS } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("abc", { specialTokens: MASKED_SPECIAL_TOKENS });
 * const ids = tokenizer.encode("a<mask>"), candidates = [{ id: tokenizer.encode("b")[0], probability: 0.5 }];
 * const { text, masks } = decodeFilled(ids, [{ position: 1, candidates }], tokenizer);
 * assertEquals([text, masks[0].candidates[0].token], ["ab", "b"]);
 * ```
 *
 * @param ids Token ids of the text with its masks.
 * @param filled From {@linkcode fillMask}.
 * @param tokenizer The tokenizer of the model.
 * @returns The texts, without special tokens.
 * @category Inference
 */
export function decodeFilled(
  ids: Uint32Array,
  filled: readonly FilledMask[],
  tokenizer: Tokenizer,
): FilledText {
  const best = new Map(filled.map(({ position, candidates }) => [position, candidates[0].id]));
  const textWith = (position?: number, id?: number) => {
    const whole = ids.map((own, index) => index === position ? id! : best.get(index) ?? own);
    return tokenizer.decode(whole, { skipSpecialTokens: true });
  };
  const masks = filled.map(({ position, candidates }) => ({
    position,
    candidates: candidates.map(({ id, probability }) => {
      return { id, token: tokenizer.decode([id]), probability, text: textWith(position, id) };
    }),
  }));
  return { text: textWith(), masks };
}

/** Sequences, and tokens of each, in a sample; and the probability that a token is masked. */
const SAMPLE = { sequences: 4, tokens: 64, maskRate: 0.15 };

/**
 * Shows what a model has learned: the beginnings of a few sequences with its predictions at masked positions, `[correct]`
 * or `[original → predicted]`. The positions are the same every time.
 *
 * @param backend The device of the model.
 * @param model The model.
 * @param tokenizer Its tokenizer.
 * @param sequences Token ids, special tokens included; four sequences are chosen, spread evenly.
 * @returns The sequences, with `---` between them.
 * @throws {Error} If the tokenizer has no `<mask>`.
 * @category Inference
 */
export async function filledSample(
  backend: Backend,
  model: ModelsByKind["masked"],
  tokenizer: Tokenizer,
  sequences: readonly Uint32Array[],
): Promise<string> {
  const { maskId, specialIds } = maskTokens(tokenizer, model.config.padId),
    special = new Set(specialIds),
    samples: string[] = [];
  const count = Math.min(SAMPLE.sequences, sequences.length);
  for (let index = 0; index < count; index++) {
    const ids = sequences[Math.floor(index * sequences.length / count)].slice(0, SAMPLE.tokens);
    const candidates = [...ids.keys()].filter((position) => !special.has(ids[position]));
    if (candidates.length === 0) continue;
    const random = new Random(1, `gaps of sample ${index}`);
    const drawn = candidates.filter(() => random.uniform() < SAMPLE.maskRate);
    const positions = new Set(drawn.length > 0 ? drawn : [candidates[candidates.length >> 1]]);
    const masked = ids.map((id, position) => positions.has(position) ? maskId : id);
    const filled = await fillMask(backend, model, masked, { maskId, topK: 1 });
    const predicted = new Map(filled.map(({ position, candidates }) => [position, candidates[0].id]));
    const stream = tokenizer.decodeStream({ skipSpecialTokens: true });
    const pieces = Array.from(ids, (id, position) => {
      const guess = predicted.get(position), own = stream.push(id);
      if (guess === undefined) return own;
      const [truth, other] = [own, tokenizer.decode([guess])].map((text) => text.replaceAll("\n", "↵"));
      return guess === id ? `[${truth}]` : `[${truth} → ${other}]`;
    });
    samples.push(pieces.join("").trim());
  }
  return samples.join("\n---\n");
}
