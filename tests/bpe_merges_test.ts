import { assert, assertEquals } from "@std/assert";
import { learnMerges, learnMergesNaively, type SymbolWords } from "../tokenizers/bpe/bpe_merges.ts";
import { BYTE_SYMBOLS } from "../tokenizers/bpe/byte_symbols.ts";
import { countPreTokens } from "../tokenizers/bpe/pre_token_counts.ts";
import { randomText, seededNumbers } from "./_tokenizer_data.ts";

/** The pre-tokens of texts as rows of bytes, and the vocabulary of bytes. */
async function bytesOf(texts: string[]): Promise<{ tokens: string[]; words: () => SymbolWords }> {
  const { bytes, starts, counts } = await countPreTokens(texts);
  const tokens = BYTE_SYMBOLS.toSorted();
  const ids = BYTE_SYMBOLS.map((symbol) => tokens.indexOf(symbol));
  return { tokens, words: () => ({ symbols: Int32Array.from(bytes, (byte) => ids[byte]), starts, counts }) };
}

Deno.test("10,000 random corpora train as the definition says", async () => {
  const below = seededNumbers(5);
  let merged = 0;
  for (let i = 0; i < 10_000; i++) {
    const texts = Array.from(
      { length: 1 + below(4) },
      () => randomText(below, below(30)).repeat(1 + below(2)),
    );
    const { tokens, words } = await bytesOf(texts);
    const limits = { vocabSize: 256 + below(16), minFrequency: 1 + below(3) };
    const [fast, naive] = [[...tokens], [...tokens]];
    const merges = learnMerges(fast, words(), limits);
    assertEquals(merges, learnMergesNaively(naive, words(), limits), JSON.stringify(texts));
    assertEquals(fast, naive);
    merged += merges.length;
  }
  assert(merged > 30_000, `only ${merged} merges were compared`);
});

/** Words of letters, each with its count. */
function wordsOf(counts: Record<string, number>, tokens: string[]): SymbolWords {
  const starts = [0], symbols: number[] = [];
  for (const word of Object.keys(counts)) {
    symbols.push(...[...word].map((letter) => tokens.indexOf(letter)));
    starts.push(symbols.length);
  }
  const [rows, bounds] = [Int32Array.from(symbols), Int32Array.from(starts)];
  return { symbols: rows, starts: bounds, counts: Float64Array.from(Object.values(counts)) };
}

Deno.test("the example of the paper: low, lower, newest, widest", () => {
  const counts = { low: 5, lower: 2, newest: 6, widest: 3 };
  for (const learn of [learnMerges, learnMergesNaively]) {
    const tokens = [..."deilnorstw"], words = wordsOf(counts, tokens);
    learn(tokens, words, { vocabSize: 14, minFrequency: 1 });
    assertEquals(tokens.slice(10), ["es", "est", "lo", "low"]);
  }
});

Deno.test("merging stops at the size, at the frequency, and when nothing is left", () => {
  const learned = (vocabSize: number, minFrequency: number) => {
    const tokens = [..."abc"], seen: number[] = [];
    const words = wordsOf({ abc: 2, ab: 1 }, tokens);
    const merges = learnMerges(tokens, words, { vocabSize, minFrequency }, () => seen.push(tokens.length));
    assertEquals(seen.length, merges.length);
    return tokens.slice(3);
  };
  assertEquals(learned(4, 1), ["ab"]);
  assertEquals(learned(9, 3), ["ab"]);
  assertEquals(learned(9, 0), ["ab", "abc"]);
});

Deno.test("a limit to the length of tokens leaves pairs alone that would reach it, but never two bytes", () => {
  const longest = (maxTokenLength: number) => {
    const tokens = ["a"];
    learnMerges(tokens, wordsOf({ aaaaaaaa: 3 }, tokens), { vocabSize: 9, minFrequency: 1, maxTokenLength });
    return tokens.at(-1)!.length;
  };
  assertEquals([9, 8, 5, 4, 3, 1].map(longest), [8, 4, 4, 2, 2, 2]);
});
