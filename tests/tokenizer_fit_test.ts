import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describeFit, describeVocabulary } from "../commands/texts/tokenizer_fit.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { measureFit } from "../tokenizers/tokenizer_fit.ts";

Deno.test("characters that are missing from a vocabulary are counted, the others are measured", () => {
  const fit = describeFit(CharTokenizer.fromText("ab"), ["aé😀b", "ab"], 5);
  assertStringIncludes(fit, "characters        6");
  assertStringIncludes(fit, "bytes per token   1.00");
  assertStringIncludes(fit, 'coverage          66.67 %, without "é" "😀"');
});

Deno.test("long pieces are cut between characters", async () => {
  const tokenizer = await trainBpe(["😀".repeat(64)], { vocabSize: 300, minFrequency: 1, specialTokens: [] });
  const longest = describeVocabulary(tokenizer, 1).split("\n").at(-1)!;
  assert(/^longest tokens {4}"(😀)+… \(\d+ long\)$/u.test(longest), longest);
});

Deno.test("each token is counted, and what looks like a special token is text", async () => {
  const text = "ab ab <s>é", tokenizer = await trainBpe([text], { vocabSize: 259, specialTokens: ["<s>"] });
  const { characters, bytes, tokens, uses, missing } = measureFit(tokenizer, [text, text]);
  assertEquals([characters, bytes, missing.size], [2 * 10, 2 * 11, 0]);
  assertEquals(tokens, 2 * tokenizer.encode(text, { specialTokens: "text" }).length);
  assertEquals([uses.reduce((sum, count) => sum + count), uses[tokenizer.idOf("<s>")!]], [tokens, 0]);
});

Deno.test("unused and frequent tokens are listed, and none with --show 0", () => {
  const tokenizer = CharTokenizer.fromText("abc");
  const fit = describeFit(tokenizer, ["abba"], 3);
  assertStringIncludes(fit, 'unused tokens     1 (33.3 %), such as "c"\nmost frequent     "a" "b"');
  assertStringIncludes(describeVocabulary(tokenizer, 3), 'longest tokens    "a" "b" "c"');
  assert(describeFit(tokenizer, ["abba"], 0).endsWith("unused tokens     1 (33.3 %)"));
  assert(!describeVocabulary(tokenizer, 0).includes("longest"));
});

Deno.test("WordPiece covers what it has pieces for: its unknown words are counted", () => {
  const tokenizer = loadTokenizer({ "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n##s\n" });
  const fit = describeFit(tokenizer, ["The thes other the"], 2);
  assertStringIncludes(fit, "unknown words     1 (20.00 % of the tokens)");
  assertEquals(fit.includes("coverage"), false);
});
