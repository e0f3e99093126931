import { assertEquals, assertThrows } from "@std/assert";
import { encodeExamples, fitText } from "../commands/texts/examples.ts";
import { labelsOf } from "../data/labels.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";

Deno.test("labels may be called as properties of every object are", () => {
  const rows = ["__proto__", "constructor", "__proto__"].map((label, line) => ({ text: "ab", label, line }));
  const file = { path: "train.tsv", rows, emptyLines: 0 }, labels = labelsOf(file);
  const tokenizer = CharTokenizer.fromText("ab"), options = { contextLength: 8, truncate: false };
  assertEquals(labels, ["__proto__", "constructor"]);
  assertEquals(encodeExamples(file, labels, tokenizer, options).map(({ label }) => label), [0, 1, 0]);
});

Deno.test("a text that is too long is cut before its last token, or refused", () => {
  const ids = Uint32Array.of(0, 5, 6, 2);
  assertEquals([...fitText(ids, { contextLength: 3, truncate: true })], [0, 5, 2]);
  const refused = () => fitText(ids, { contextLength: 3, truncate: false });
  assertThrows(refused, RangeError, "has 4 tokens and the model reads 3: shorten it, or give --truncate");
});
