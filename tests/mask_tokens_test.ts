import { assertEquals, assertThrows } from "@std/assert";
import { maskTokens } from "../data/mask_tokens.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";

Deno.test("the tokens of a masked language model are found by their names", () => {
  const tokenizer = CharTokenizer.fromText("ab", { specialTokens: MASKED_SPECIAL_TOKENS });
  const { beginId, endId, padId, maskId, specialIds } = maskTokens(tokenizer);
  assertEquals([beginId, endId, padId], [0, 2, 1]);
  assertEquals([tokenizer.tokenOf(maskId), specialIds.includes(maskId)], ["<mask>", true]);
});

Deno.test("a tokenizer without one of them, or with another <pad>, is refused", () => {
  const made = (specialTokens: readonly string[]) => CharTokenizer.fromText("ab", { specialTokens });
  assertThrows(() => maskTokens(made(["<s>", "<pad>", "</s>"])), Error, "has no <mask>");
  const swapped = made(["<pad>", "<s>", "</s>", "<unk>", "<mask>"]);
  assertThrows(() => maskTokens(swapped), Error, "<pad> has id 0, expected 1 as in the model");
  assertEquals(maskTokens(swapped, 0).padId, 0);
  assertThrows(() => maskTokens(made(MASKED_SPECIAL_TOKENS), 0), Error, "<pad> has id 1, expected 0");
});
