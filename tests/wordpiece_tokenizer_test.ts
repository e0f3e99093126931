import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { textPieces } from "../tokenizers/text_pieces.ts";
import { WordPieceTokenizer } from "../tokenizers/wordpiece/wordpiece_tokenizer.ts";

const words = "[PAD] [UNK] [CLS] [SEP] [MASK] play ##ing ##er ##ed the , . a ##b".split(" ");
const vocabulary = words.join("\n") + "\n";
const tokenizer = loadTokenizer({ "vocab.txt": vocabulary }) as WordPieceTokenizer;

Deno.test("WordPiece takes the longest piece each time, and leaves a word alone that has a rest", () => {
  assert(tokenizer instanceof WordPieceTokenizer);
  assertEquals([tokenizer.algorithm, tokenizer.vocabSize, tokenizer.hasMerges], ["WordPiece", 14, false]);
  assertEquals([...tokenizer.encode("Playing, the PLAYER playful abb.")], [
    5,
    6,
    10,
    9,
    5,
    7,
    1,
    12,
    13,
    13,
    11,
  ]);
  assertEquals([...tokenizer.encode("the [MASK] the", { addSpecialTokens: true })], [2, 9, 4, 9, 3]);
  assertEquals([...tokenizer.encode("[MASK]", { specialTokens: "text" })], [1, 1, 1]);
});

Deno.test("WordPiece: a long text without spaces is one unknown word, and a long one with spaces is encoded in pieces", () => {
  assertEquals([...tokenizer.encode("a".repeat(100_000))], [1]);
  let count = 0;
  tokenizer.encodePieces("playing ".repeat(50_000), (ids) => count += ids.length);
  assertEquals(count, 100_000);
});

Deno.test("WordPiece: the length of a word counts characters, not halves of them", () => {
  const faces = loadTokenizer({ "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n😀\n##😀\n" });
  assertEquals([...faces.encode("😀".repeat(100))], [4, ...new Array(99).fill(5)]);
  assertEquals([...faces.encode("😀".repeat(101))], [1]);
});

Deno.test("WordPiece decodes to words with spaces between, without those before punctuation", () => {
  assertEquals(tokenizer.decode([2, 9, 5, 6, 10, 9, 11, 3]), "[CLS] the playing, the. [SEP]");
  assertEquals(
    tokenizer.decode([2, 9, 5, 6, 10, 9, 11, 3], { skipSpecialTokens: true }),
    "the playing, the.",
  );
  assertEquals([tokenizer.decode([6]), tokenizer.decode([9, 6])], ["##ing", "theing"]);
  const pieces = textPieces(tokenizer, [9, 5, 6, 11]).map(({ text }) => text);
  assertEquals(pieces, ["the", " play", "ing", "."]);
  assertThrows(() => tokenizer.decode([14]), RangeError, "Cannot decode id 14");
});

Deno.test("WordPiece refuses pairs, further tokens and BPE-dropout, each in a line", () => {
  assertThrows(
    () => tokenizer.encode("a", { addSpecialTokens: true, pair: "a" }),
    TypeError,
    "Cannot encode a pair of texts with WordPiece: a BERT tells the two apart by token types",
  );
  const pieces = () => tokenizer.encodePieces("a", () => {}, { addSpecialTokens: true, pair: "a" });
  assertThrows(pieces, TypeError, "Cannot encode a pair of texts");
  assertThrows(() => tokenizer.withSpecialTokens(), TypeError, "Cannot add tokens to a WordPiece tokenizer");
  const bpeDropout = { rate: 0.5, random: () => 0 };
  assertThrows(() => tokenizer.encode("a", { bpeDropout }), TypeError, "merges");
});

Deno.test("WordPiece: the fingerprint follows the files", () => {
  const same = loadTokenizer({ "vocab.txt": vocabulary, "merges.md": "of no meaning" });
  assertEquals(same.fingerprint, tokenizer.fingerprint);
  assertEquals(same.toHuggingFace(), { "vocab.txt": vocabulary });
  const cased = loadTokenizer({
    "vocab.txt": vocabulary,
    "tokenizer_config.json": '{"do_lower_case": false}',
  });
  assertNotEquals(cased.fingerprint, tokenizer.fingerprint);
  assertEquals([...cased.encode("The the")], [1, 9]);
});
