import { assert, assertStringIncludes } from "@std/assert";
import { describeFit, describeVocabulary } from "../commands/texts/tokenizer_fit.ts";
import { trainBpe } from "../tokenizers/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";

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
