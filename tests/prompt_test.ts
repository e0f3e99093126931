import { assertEquals } from "@std/assert";
import { defaultPrompt } from "../inference/prompt.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";

Deno.test("the default prompt is a line end, or else the first character that is no special token", () => {
  assertEquals(defaultPrompt(CharTokenizer.fromText("b\na")), "\n");
  const tokenizer = CharTokenizer.fromText("ba", { specialTokens: ["<s>"] });
  const prompt = defaultPrompt(tokenizer);
  assertEquals([prompt.length, tokenizer.encode(prompt).length], [1, 1]);
});
