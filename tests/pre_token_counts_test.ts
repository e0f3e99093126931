import { assertEquals } from "@std/assert";
import { countPreTokens, type PreTokenCounts } from "../tokenizers/bpe/pre_token_counts.ts";
import { PRE_TOKEN_PATTERN } from "../tokenizers/bpe/pre_tokens.ts";
import { randomText, seededNumbers } from "./_tokenizer_data.ts";

/** Pre-tokens with their counts. */
function entriesOf({ bytes, starts, counts }: PreTokenCounts): [string, number][] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return Array.from(
    counts,
    (count, at) => [decoder.decode(bytes.subarray(starts[at], starts[at + 1])), count],
  );
}

Deno.test("countPreTokens counts what the pattern cuts, in the order of first occurrence", async () => {
  const below = seededNumbers(14);
  const texts = Array.from({ length: 300 }, () => randomText(below, below(60)).toWellFormed());
  const expected = new Map<string, number>();
  for (const text of texts) {
    for (const [preToken] of text.matchAll(PRE_TOKEN_PATTERN)) {
      expected.set(preToken, (expected.get(preToken) ?? 0) + 1);
    }
  }
  const counted = await countPreTokens(texts);
  assertEquals(entriesOf(counted), [...expected]);
  assertEquals(counted.textLength, texts.reduce((sum, { length }) => sum + length, 0));
});

Deno.test("countPreTokens: lines are texts of their own, and a prefix space is not counted twice", async () => {
  const entries = async (text: string, options?: Parameters<typeof countPreTokens>[1]) =>
    entriesOf(await countPreTokens([text], options));
  const text = "a\n  a\n a";
  assertEquals(await entries(text), [["a", 1], ["\n ", 1], [" a", 2], ["\n", 1]]);
  assertEquals(await entries(text, { lines: true }), [["a", 1], ["\n", 2], [" ", 1], [" a", 2]]);
  assertEquals(await entries(text, { lines: true, addPrefixSpace: true }), [[" a", 3], ["\n", 2], [" ", 1]]);
  assertEquals(await entries(""), []);
  assertEquals(await entries("", { addPrefixSpace: true }), []);
});

Deno.test("countPreTokens reports progress after each text, also of a stream", async () => {
  async function* stream(): AsyncGenerator<string> {
    yield await Promise.resolve("ab");
    yield "c";
  }
  const seen: number[] = [];
  const { textLength } = await countPreTokens(stream(), {
    addPrefixSpace: true,
    onProgress: (n) => seen.push(n),
  });
  assertEquals([textLength, ...seen], [3, 2, 3]);
});
