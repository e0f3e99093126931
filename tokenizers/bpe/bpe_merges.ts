/**
 * The second half of training: which symbols to merge, and in which order.
 *
 * {@linkcode learnMergesNaively} is the whole algorithm and can be read in a minute. It counts every pair of the corpus
 * again for every merge. {@linkcode learnMerges} gives the same merges, and counts only what the last merge changed.
 *
 * Reference: Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, 2016, algorithm 1.
 *
 * @module
 */

import { PairQueue } from "./pair_queue.ts";

/**
 * The different pre-tokens of a corpus, each a row of symbols: ids of the vocabulary as far as it goes.
 *
 * @category Tokenizers
 */
export interface SymbolWords {
  /** The symbols of all words, one word after the other. */
  readonly symbols: Int32Array;
  /** The index in `symbols` at which each word begins, and finally that at which the last one ends. */
  readonly starts: Int32Array;
  /** How often each word occurs. */
  readonly counts: Float64Array;
}

/**
 * When to stop merging, and what not to merge.
 *
 * @category Tokenizers
 */
export interface MergeLimits {
  /** Stop when the vocabulary has this many tokens. */
  readonly vocabSize: number;
  /** Stop when no pair occurs this often. */
  readonly minFrequency: number;
  /** Do not merge pairs whose token would have this many bytes or more; pairs of single bytes are always merged. */
  readonly maxTokenLength?: number;
}

/**
 * Two neighbouring symbols that become one.
 *
 * @category Tokenizers
 */
export type Merge = readonly [left: number, right: number];

/**
 * The naive twin of {@linkcode learnMerges}, byte-pair encoding as it is defined: until the vocabulary is full, find the
 * most frequent pair of neighbouring symbols (of equally frequent ones, that with the smaller ids) and replace it by a new
 * symbol everywhere.
 *
 * @param tokens The vocabulary so far; new tokens are added to it.
 * @param words The corpus; its symbols are ids of that vocabulary.
 * @param limits When to stop; the length of tokens is not limited here.
 * @returns The merges, in order.
 *
 * @example
 * ```ts
 * import { learnMergesNaively } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokens = ["a", "b", "c"];
 * const words = {
 *   symbols: Int32Array.of(0, 1, 2, 0, 1), // "abc" and "ab"
 *   starts: Int32Array.of(0, 3, 5),
 *   counts: Float64Array.of(2, 1), // twice and once
 * };
 * assertEquals(learnMergesNaively(tokens, words, { vocabSize: 5, minFrequency: 2 }), [[0, 1], [3, 2]]);
 * assertEquals(tokens, ["a", "b", "c", "ab", "abc"]);
 * ```
 *
 * @category Tokenizers
 */
export function learnMergesNaively(tokens: string[], words: SymbolWords, limits: MergeLimits): Merge[] {
  const merges: Merge[] = [];
  const rows = Array.from(
    words.counts,
    (_, w) => [...words.symbols.slice(words.starts[w], words.starts[w + 1])],
  );
  while (tokens.length < limits.vocabSize) {
    const counts = new Map<number, number>();
    rows.forEach((row, w) => {
      for (let i = 1; i < row.length; i++) {
        const pair = row[i - 1] * 2 ** 26 + row[i];
        counts.set(pair, (counts.get(pair) ?? 0) + words.counts[w]);
      }
    });
    let best = -1;
    for (const [pair, count] of counts) {
      const bestCount = counts.get(best) ?? 0;
      if (count > bestCount || count === bestCount && pair < best) best = pair;
    }
    if (best < 0 || counts.get(best)! < limits.minFrequency) break;
    const [left, right] = [Math.floor(best / 2 ** 26), best % 2 ** 26];
    const token = tokens[left] + tokens[right];
    if (!tokens.includes(token)) tokens.push(token);
    merges.push([left, right]);
    for (const row of rows) {
      for (let i = 1; i < row.length; i++) {
        if (row[i - 1] === left && row[i] === right) row.splice(i - 1, 2, tokens.indexOf(token));
      }
    }
  }
  return merges;
}

/**
 * Byte-pair encoding, fast. Gives what {@linkcode learnMergesNaively} gives, and in every detail what the trainer of
 * Hugging Face `tokenizers` gives.
 *
 * @param tokens The vocabulary so far; new tokens are added to it.
 * @param words The corpus; its symbols are ids of that vocabulary. They are overwritten.
 * @param limits When to stop.
 * @param onMerge Called after each merge.
 * @returns The merges, in order.
 *
 * @example
 * ```ts
 * import { learnMerges } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const tokens = ["a", "b", "c"];
 * const words = {
 *   symbols: Int32Array.of(0, 1, 2, 0, 1), // "abc" and "ab"
 *   starts: Int32Array.of(0, 3, 5),
 *   counts: Float64Array.of(2, 1), // twice and once
 * };
 * assertEquals(learnMerges(tokens, words, { vocabSize: 5, minFrequency: 2 }), [[0, 1], [3, 2]]);
 * ```
 *
 * @category Tokenizers
 */
export function learnMerges(
  tokens: string[],
  words: SymbolWords,
  limits: MergeLimits,
  onMerge?: () => void,
): Merge[] {
  const { symbols, starts, counts } = words;
  const { vocabSize, minFrequency, maxTokenLength = Infinity } = limits;
  const queue = new PairQueue();
  const ends = starts.slice(1);
  const idOfToken = new Map(tokens.map((token, id) => [token, id]));
  const lengths = tokens.map(() => 1);

  const mergeIn = (word: number, left: number, right: number, merged: number): void => {
    const start = starts[word];
    const end = ends[word];
    const count = counts[word];
    let kept = start;
    for (let i = start; i < end; i++) {
      if (symbols[i] !== left || i + 1 === end || symbols[i + 1] !== right) {
        symbols[kept++] = symbols[i];
        continue;
      }
      i++;
      if (kept > start) {
        const before = symbols[kept - 1];
        queue.subtract(before, left, count);
        if (lengths[before] + lengths[merged] < maxTokenLength) queue.add(before, merged, count, word);
      }
      symbols[kept++] = merged;
      if (i + 1 < end) {
        const after = symbols[i + 1];
        queue.subtract(right, after, count);
        if (lengths[after] + lengths[merged] < maxTokenLength) queue.add(merged, after, count, word);
      }
    }
    ends[word] = kept;
  };

  for (let word = 0; word < counts.length; word++) {
    for (let i = starts[word] + 1; i < ends[word]; i++) {
      queue.add(symbols[i - 1], symbols[i], counts[word], word);
    }
  }
  queue.offer();

  const merges: Merge[] = [];
  const wordsOfPair: number[] = [];
  while (tokens.length < vocabSize) {
    const best = queue.take(wordsOfPair);
    if (!best || best.count < Math.max(1, minFrequency)) break;
    const { left, right } = best;
    const token = tokens[left] + tokens[right];
    let merged = idOfToken.get(token);
    if (merged === undefined) {
      merged = tokens.push(token) - 1;
      idOfToken.set(token, merged);
    }
    lengths[merged] = lengths[left] + lengths[right];
    merges.push([left, right]);
    for (const word of wordsOfPair) mergeIn(word, left, right, merged);
    queue.offer();
    onMerge?.();
  }
  return merges;
}
