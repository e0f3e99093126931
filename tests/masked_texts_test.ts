import { assertEquals, assertThrows } from "@std/assert";
import { cutSequences, maskedTexts } from "../data/masked_texts.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { MASKED_PRESETS } from "../training/presets/roberta_presets.ts";

const tokenizer = CharTokenizer.fromText("abc", { specialTokens: MASKED_SPECIAL_TOKENS });
const config = {
  ...MASKED_PRESETS["roberta-tiny"].model,
  vocabSize: tokenizer.vocabSize,
  contextLength: 6,
};

Deno.test("sequences hold every token once, and none is longer than the context", () => {
  const ids = Uint32Array.from({ length: 50 }, (_, index) => index % 7 === 6 ? 2 : 5 + index % 3);
  for (const lines of [false, true]) {
    const rows = cutSequences(ids, { contextLength: 6, beginId: 0, endId: 2, lines });
    for (const row of rows) assertEquals([row[0], row.length <= 6], [0, true]);
    const words = (row: Uint32Array) => [...row].filter((id) => id > 2);
    assertEquals(rows.flatMap(words), words(ids));
  }
});

Deno.test("batches are no longer than the longest sequence, and know the tokens to mask with", () => {
  const parts = { training: tokenizer.encode("ab"), validation: tokenizer.encode("abc") };
  const { sequences, options } = maskedTexts(parts, config, tokenizer, {
    batchSize: 2,
    seed: 3,
    maskRate: 0.4,
  });
  assertEquals([sequences.training.length, sequences.validation.length], [1, 1]);
  assertEquals(
    options.contextLength,
    Math.max(...Object.values(sequences).flat().map(({ length }) => length)),
  );
  const { batchSize, seed, maskRate, maskId } = options;
  assertEquals({ batchSize, seed, maskRate, maskId }, {
    ...{ batchSize: 2, seed: 3, maskRate: 0.4 },
    maskId: tokenizer.idOf("<mask>"),
  });
  const bare = CharTokenizer.fromText("abc");
  assertThrows(() => maskedTexts(parts, config, bare, { batchSize: 1, seed: 1 }), Error, "has no <s>");
});
