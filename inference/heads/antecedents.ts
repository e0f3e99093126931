/**
 * Which heads find antecedents: whether a head attends to the earlier mention where a tale repeats a word.
 *
 *     index      … 40 41 42 43 44 …     … 97 98 99
 *     character  …  ␣  k  i  t  e …     …  h  e  ␣  k          k of index 100 is recalled: the kite of index 41 to 44
 *
 * A causal model predicts the character of index i + 1 from position i, so what counts is the row of weights of the query
 * i = 99, before the recalled letter; it sees the keys 0 to 99. A head *hits* with the largest of its weights on
 *
 *     letter   the same letter of an earlier mention of the word, here key 41: the antecedent
 *     word     any letter of an earlier mention, here keys 41 to 44
 *
 * A head that copies is known as an induction head: it attends to the key *after* an earlier occurrence of the token at the
 * query. That token is the space at 99 here, and the key after its earlier occurrence at 40 is 41: wherever both mentions
 * stand after the same character, the induction position is the antecedent itself. Many other words stand after spaces,
 * however, so a head that hits must choose by more than one character.
 *
 * Hits and weights are compared with a head whose weights are all equal. Where n keys are visible and m of them would be
 * hits, m / n is the sum of its weights there, and the probability of a hit if one of its equal weights is picked at random.
 * This baseline is a low one, 1 % in windows of 256: a capital letter picked at random hits 16 % of the same positions, 27 %
 * of those of the hero's name. So look at the hits by the list that a word is from, and patch the head (patches.ts). Only
 * positions with an earlier mention within the window are counted.
 *
 * Reference: Olsson et al., "In-context learning and induction heads", 2022.
 *
 * @module
 */

import type { Backend, Floats } from "../../core/backend.ts";
import { oracle } from "../../data/oracle.ts";
import { overlappingBatches, type WindowBatch } from "../../data/batches.ts";
import type { TaleGrammar } from "../../data/tales/tale_grammar.ts";
import { quoted } from "../../core/quoted.ts";
import { IGNORE_INDEX } from "../../kernels/cross_entropy.ts";
import { embedding } from "../../kernels/embedding.ts";
import type { ModelsByKind, ObservableModel } from "../../models/families.ts";
import { CharTokenizer } from "../../tokenizers/char_tokenizer.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { yieldToEvents } from "../../training/evaluate.ts";
import { attentionWeights } from "../attention_maps.ts";
import { type ByTarget, keysOf, type Recall, recallsOf } from "./recalls.ts";
import type { HeadIndex } from "./patches.ts";

/**
 * What observing the attention of a causal model takes.
 *
 * @category Inference
 */
export type CausalStates = Pick<ModelsByKind["causal"], "config" | "states">;

/**
 * How often a head finds antecedents.
 *
 * @category Inference
 */
export interface AntecedentHead extends HeadIndex {
  /** Share of the positions where its largest weight is a hit. */
  readonly hits: ByTarget;
  /** The mean of the weights there. */
  readonly weights: ByTarget;
  /** For each position the key with the largest weight, as an index of the text in characters. */
  readonly largest: Uint32Array;
}

/**
 * How often each head finds antecedents, and how often chance does.
 *
 * @category Inference
 */
export interface Antecedents {
  /** The positions, with the mentions that are within their window. */
  readonly recalls: readonly Recall[];
  /** The mean share of hits, and of weights, of a head whose weights are all equal. */
  readonly chance: ByTarget;
  /** All heads, layer by layer. */
  readonly heads: readonly AntecedentHead[];
}

/**
 * The ids of tales, one for each character.
 *
 * @example
 * ```ts
 * import { characterIds, CharTokenizer } from "@miniformer/miniformer";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const tokenizer = CharTokenizer.fromText("abc");
 * assertEquals(characterIds(tokenizer, "cab"), Uint32Array.of(2, 0, 1));
 * assertThrows(() => characterIds(tokenizer, "d"), RangeError, "is not in the vocabulary");
 * ```
 *
 * @param tokenizer The tokenizer of a model.
 * @param text Tales.
 * @returns The ids.
 * @throws {TypeError} If a token is not a character.
 * @throws {RangeError} If a character is not in the vocabulary.
 * @category Inference
 */
export function characterIds(tokenizer: Tokenizer, text: string): Uint32Array {
  if (!(tokenizer instanceof CharTokenizer)) {
    throw new TypeError(
      "Cannot look for antecedents: a token of this model is not a character; use one with a character tokenizer, trained on tales",
    );
  }
  const unknown = [...new Set(text)].find((character) => tokenizer.idOf(character) === undefined);
  if (unknown === undefined) return tokenizer.encode(text, { specialTokens: "text" });
  throw new RangeError(
    `Cannot look for antecedents: ${
      quoted(unknown)
    }, a character of the tales, is not in the vocabulary of this model; use a model trained on tales`,
  );
}

/**
 * How often each head of a causal model finds antecedents in tales.
 *
 * The text is read in windows that overlap by half, see `overlappingBatches`, so that every position has at least half of
 * the context before it. The best of many heads looks better than it is on the tales that it was chosen on: report its
 * figures on other tales.
 *
 * @example
 * ```ts
 * import { antecedentHeads, CharTokenizer, CpuBackend, Gpt, initialize, makeTales, PRESETS } from "@miniformer/miniformer";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const { text } = makeTales({ seed: 1, characters: 500 }), tokenizer = CharTokenizer.fromText(text);
 * const backend = new CpuBackend(), model = new Gpt({ ...PRESETS.tiny.model, vocabSize: tokenizer.vocabSize });
 * initialize(backend, model, 1);
 * const { heads, chance } = await antecedentHeads(backend, model, tokenizer, text);
 * assertEquals(heads.length, 2 * 4); // layers, heads
 * assert(chance.letter < 0.1 && chance.letter < chance.word);
 * ```
 *
 * @param backend Where the model lives.
 * @param model The model.
 * @param tokenizer Its tokenizer, of characters.
 * @param text Whole tales.
 * @param options The grammar of the tales, the built-in one unless given; `onProgress` is called before each window.
 * @returns The figures of all heads.
 * @throws {RangeError} If the text is not one of tales, a character is not in the vocabulary, or no word is recalled whose
 * earlier mention is within the window.
 * @throws {TypeError} If a token is not a character, or a block, of an experiment, does not collect its attention weights.
 * @category Inference
 */
export async function antecedentHeads(
  backend: Backend,
  model: CausalStates,
  tokenizer: Tokenizer,
  text: string,
  { grammar, onProgress }: { grammar?: TaleGrammar; onProgress?(done: number, total: number): void } = {},
): Promise<Antecedents> {
  const { layers, heads } = model.config;
  const ids = characterIds(tokenizer, text), all = recallsOf(text, oracle(text, grammar));
  const recalls: Recall[] = [], uniform = new Sums();
  const figures = Array.from({ length: layers * heads }, (_, index) => ({
    layer: Math.floor(index / heads),
    head: index % heads,
    hits: new Sums(),
    weights: new Sums(),
    largest: new Array<number>(),
  }));
  const contextLength = Math.min(model.config.contextLength, ids.length - 1);
  const windows = overlappingBatches(ids, { contextLength, batchSize: 1 });
  for (const [done, window] of windows.entries()) {
    await yieldToEvents();
    onProgress?.(done, windows.length);
    const [start] = window.starts, here = recallsWithin(all, window);
    if (here.length === 0) continue;
    const rows = await rowsAt(backend, model, window.inputs, here.map(({ index }) => index - 1 - start));
    for (const [at, recall] of here.entries()) {
      const keys = keysOf(recall), visible = recall.index - start;
      uniform.add((target) => keys[target].length / visible);
      for (const { layer, head, hits, weights, largest } of figures) {
        const row = (head * here.length + at) * contextLength;
        const seen = rows[layer].subarray(row, row + visible);
        const key = start + indexOfLargest(seen);
        largest.push(key);
        hits.add((target) => Number(keys[target].includes(key)));
        weights.add((target) => keys[target].reduce((sum, key) => sum + seen[key - start], 0));
      }
    }
    recalls.push(...here);
  }
  if (recalls.length === 0) {
    throw new RangeError(
      `Cannot look for antecedents: no word is recalled within a window of ${contextLength} characters; give more tales`,
    );
  }
  const { length: count } = recalls;
  return {
    recalls,
    chance: uniform.mean(count),
    heads: figures.map(({ layer, head, hits, weights, largest }) => ({
      layer,
      head,
      hits: hits.mean(count),
      weights: weights.mean(count),
      largest: Uint32Array.from(largest),
    })),
  };
}

/** A sum for each kind of hit. */
class Sums {
  letter = 0;
  word = 0;

  add(value: (target: keyof ByTarget) => number): void {
    this.letter += value("letter");
    this.word += value("word");
  }

  mean(count: number): ByTarget {
    return { letter: this.letter / count, word: this.word / count };
  }
}

/** The recalled letters that a window predicts, with the mentions that are in it. */
function recallsWithin(all: readonly Recall[], { starts: [start], targets }: WindowBatch): Recall[] {
  const isPredicted = (index: number) => (targets[index - 1 - start] ?? IGNORE_INDEX) !== IGNORE_INDEX;
  return all.filter(({ index }) => isPredicted(index))
    .map((recall) => ({ ...recall, mentions: recall.mentions.filter((mention) => mention >= start) }))
    .filter(({ mentions }) => mentions.length > 0);
}

/** The index of the largest weight, the first of several. */
function indexOfLargest(weights: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 1; index < weights.length; index++) if (weights[index] > weights[largest]) largest = index;
  return largest;
}

/** The attention weights of some queries, for each layer (H · queries, T). Only these rows leave the device. */
function rowsAt(
  backend: Backend,
  model: ObservableModel,
  window: Uint32Array,
  queries: readonly number[],
): Promise<Floats[]> {
  const { heads } = model.config, { length } = window;
  const indices = Array.from({ length: heads }, (_, head) => queries.map((query) => head * length + query));
  return Promise.all(backend.scope(() => {
    const rows = backend.from(Uint32Array.from(indices.flat()));
    return attentionWeights(model, backend.from(window, [1, length])).map((weights) => {
      const table = weights.reshape([heads * length, length]); // (H · T, T)
      return backend.read(embedding(rows, table)) as Promise<Floats>; // (H · queries, T)
    });
  }));
}
