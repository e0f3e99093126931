import { assertEquals, assertThrows } from "@std/assert";
import { maskTokens } from "../data/mask_tokens.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";

Deno.test("the tokens of a masked language model are found by their names", () => {
  const tokenizer = CharTokenizer.fromText("ab", { specialTokens: MASKED_SPECIAL_TOKENS });
  const { beginId, endId, padId, maskId, specialIds } = maskTokens(tokenizer);
  assertEquals([beginId, endId, padId], [0, 2, 1]);
  assertEquals([tokenizer.tokenOf(maskId), specialIds.includes(maskId)], ["<mask>", true]);
});

Deno.test("those of a BERT have other names", () => {
  const tokenizer = loadTokenizer({ "vocab.txt": "[PAD]\nthe\n[UNK]\n[SEP]\n[CLS]\n[MASK]\n" });
  const { beginId, endId, padId, maskId, specialIds } = maskTokens(tokenizer, 0);
  assertEquals([beginId, endId, padId, maskId], [4, 3, 0, 5]);
  assertEquals(specialIds, [0, 2, 3, 4, 5]);
  assertThrows(() => maskTokens(tokenizer), Error, "[PAD] has id 0, expected 1 as in the model");
  const bare = loadTokenizer({ "vocab.txt": "[PAD]\n[UNK]\n[SEP]\n[CLS]\n" });
  assertThrows(() => maskTokens(bare, 0), Error, "has no [MASK]");
});

Deno.test("a tokenizer without one of them, or with another <pad>, is refused", () => {
  const made = (specialTokens: readonly string[]) => CharTokenizer.fromText("ab", { specialTokens });
  assertThrows(() => maskTokens(made(["<s>", "<pad>", "</s>"])), Error, "has no <mask>");
  const swapped = made(["<pad>", "<s>", "</s>", "<unk>", "<mask>"]);
  assertThrows(() => maskTokens(swapped), Error, "<pad> has id 0, expected 1 as in the model");
  assertEquals(maskTokens(swapped, 0).padId, 0);
  assertThrows(() => maskTokens(made(MASKED_SPECIAL_TOKENS), 0), Error, "<pad> has id 1, expected 0");
});
