import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import { encodeExamples, encodeWithDropout, fitText, longestOf } from "../commands/texts/examples.ts";
import { labelsOf } from "../data/labels.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";

Deno.test("labels may be called as properties of every object are", () => {
  const rows = ["__proto__", "constructor", "__proto__"].map((label, line) => ({ text: "ab", label, line }));
  const file = { path: "train.tsv", rows, emptyLines: 0 }, labels = labelsOf(file);
  const tokenizer = CharTokenizer.fromText("ab"), options = { contextLength: 8, truncate: false };
  assertEquals(labels, ["__proto__", "constructor"]);
  assertEquals(encodeExamples(file, labels, tokenizer, options).map(({ label }) => label), [0, 1, 0]);
});

Deno.test("a text that is too long loses its end and keeps the special tokens around it, or is refused", () => {
  const masked = CharTokenizer.fromText("abcde", { specialTokens: MASKED_SPECIAL_TOKENS });
  const bare = CharTokenizer.fromText("abcde"),
    cut = (contextLength: number) => ({ contextLength, truncate: true });
  const textOf = (tokenizer: CharTokenizer, texts: { text: string; pair?: string }, length: number) =>
    tokenizer.decode(fitText(tokenizer, texts, cut(length)));
  assertEquals(textOf(masked, { text: "abcde" }, 5), "<s>abc</s>");
  assertEquals(textOf(bare, { text: "abcde" }, 3), "abc"); // and not its last token
  const alone = { ...cut(3), addSpecialTokens: false };
  assertEquals([...fitText(masked, { text: "abcde" }, alone)], [...masked.encode("abc")]);
  assertThrows(
    () => fitText(bare, { text: "" }, cut(3)),
    Error,
    "There is nothing to read: the text is empty",
  );
  // of two, the longer one, until both are equally long
  const pairs: [text: string, pair: string, length: number, expected: string][] = [
    ["abcde", "ab", 9, "<s>abc</s></s>ab</s>"],
    ["ab", "abcde", 9, "<s>ab</s></s>abc</s>"],
    ["abcde", "abc", 9, "<s>abc</s></s>ab</s>"],
    ["abcde", "abcde", 9, "<s>ab</s></s>abc</s>"],
    ["abc", "abcde", 8, "<s>ab</s></s>ab</s>"],
  ];
  for (const [text, pair, length, expected] of pairs) {
    assertEquals(textOf(masked, { text, pair }, length), expected);
  }
  const refused = () => fitText(masked, { text: "ab" }, { contextLength: 3, truncate: false });
  assertThrows(refused, RangeError, "has 4 tokens and the model reads 3: shorten it, or give --truncate");
});

Deno.test("a pair that the tokenizer refuses is refused, whether it would be cut or not", () => {
  const bert = loadTokenizer({ "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n" });
  for (const options of [{ contextLength: 9, truncate: false }, { contextLength: 4, truncate: true }]) {
    assertThrows(() => fitText(bert, { text: "a b", pair: "b" }, options), TypeError, "Cannot encode a pair");
  }
});

Deno.test("BPE-dropout: ids follow from seed, text and epoch; a text that would not fit keeps its merges", async () => {
  const tokenizer = await trainBpe(["low lower lowest slow slower slowest ".repeat(3)], { vocabSize: 290 });
  const texts = ["lower slowest", "low", "lowest lowest"];
  const rows = texts.map((text, line) => ({ text, label: text, line }));
  const file = { path: "train.tsv", rows, emptyLines: 0 }, rate = 0.5;
  const examples = encodeExamples(file, texts, tokenizer, { contextLength: 99, truncate: false });
  const draw = (seed: number, contextLength = 99) =>
    encodeWithDropout(file, tokenizer, examples, { rate, seed, contextLength })!;
  const all = (encode: ReturnType<typeof draw>, epoch: number) =>
    texts.map((_, index) => [...encode(index, epoch)]);
  const first = all(draw(1), 0);
  assertEquals(all(draw(1), 0).toReversed(), first.toReversed());
  assertEquals([2, 0, 1].map((index) => [...draw(1)(index, 0)]), [2, 0, 1].map((index) => first[index]));
  assertEquals(first.map((ids) => tokenizer.decode(ids, { skipSpecialTokens: true })), texts);
  assertNotEquals(all(draw(1), 1), first);
  assertNotEquals(all(draw(2), 0), first);

  const longest = longestOf(examples, draw(1));
  assertEquals(longest, Math.max(...first.map(({ length }) => length)));
  const plain = longestOf(examples);
  assert(longest > plain, `${longest} is not above ${plain}`);
  for (let epoch = 0; epoch < 20; epoch++) {
    const drawn = all(draw(1, plain), epoch), free = all(draw(1), epoch);
    drawn.forEach((ids, index) =>
      assertEquals(ids, free[index].length <= plain ? free[index] : [...examples[index].ids])
    );
  }
  assertEquals(encodeWithDropout(file, tokenizer, examples, { seed: 1, contextLength: 9 }), undefined);
  const characters = CharTokenizer.fromText("low erst");
  assertThrows(
    () => encodeWithDropout(file, characters, examples, { rate, seed: 1, contextLength: 9 }),
    UsageError,
    "--bpe-dropout is for a BPE tokenizer: that of this model (characters) has no merges",
  );
});
