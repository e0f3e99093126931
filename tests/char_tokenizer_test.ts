import { assert, assertEquals, assertThrows } from "@std/assert";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { CAUSAL_SPECIAL_TOKENS, MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { randomText, seededNumbers } from "./_tokenizer_data.ts";

Deno.test("ids follow code points, not UTF-16 units", () => {
  // U+FFFD comes before U+1F600, although its unit is greater than the emoji's first.
  const tokenizer = CharTokenizer.fromText("b\ufffd😀a\n");
  assertEquals(["\n", "a", "b", "\ufffd", "😀"].map((token) => tokenizer.idOf(token)), [0, 1, 2, 3, 4]);
  assertEquals(tokenizer.encode("😀a"), Uint32Array.of(4, 1));
  assertEquals(tokenizer.vocabSize, 5);
  assertEquals(tokenizer.tokenOf(4), "😀");
});

Deno.test("special tokens come first, and <mask> last", () => {
  const masked = CharTokenizer.fromText("ba", { specialTokens: MASKED_SPECIAL_TOKENS });
  assertEquals(
    Array.from({ length: masked.vocabSize }, (_, id) => masked.tokenOf(id)),
    ["<s>", "<pad>", "</s>", "<unk>", "a", "b", "<mask>"],
  );
  assertEquals([...masked.encode("a <mask>b", { addSpecialTokens: true })], [0, 4, 3, 6, 5, 2]);
  assertEquals([...masked.encode("a", { addSpecialTokens: true, pair: "b" })], [0, 4, 2, 2, 5, 2]);
  assertEquals(masked.decode([0, 4, 6, 5, 2]), "<s>a<mask>b</s>");
  assertEquals(masked.decode([0, 4, 6, 5, 2], { skipSpecialTokens: true }), "ab");

  const causal = CharTokenizer.fromText("ba", { specialTokens: CAUSAL_SPECIAL_TOKENS });
  assertEquals([...causal.encode("a<|endoftext|>b")], [1, 0, 2]);
});

Deno.test("special text can be read as text", () => {
  const tokenizer = CharTokenizer.fromText("<s>ab", { specialTokens: ["<s>"] });
  assertEquals([...tokenizer.encode("<s>a")], [0, 3]);
  assertEquals([...tokenizer.encode("<s>a", { specialTokens: "text" })].map((id) => tokenizer.tokenOf(id)), [
    "<",
    "s",
    ">",
    "a",
  ]);
});

Deno.test("a character outside the vocabulary is named with code point and position", () => {
  const tokenizer = CharTokenizer.fromText("ab😀");
  assertThrows(
    () => tokenizer.encode("a😀bé"),
    RangeError,
    'Cannot encode "é" (U+00E9), character 4 of the text',
  );
  assertThrows(() => tokenizer.encode("\u{1F47B}"), RangeError, "(U+1F47B), character 1 of the text");
  assertThrows(() => tokenizer.encode("é"), RangeError, "; byte-level BPE encodes any text");
  assertThrows(() => tokenizer.encode("ab\ud83d"), RangeError, "(U+FFFD), character 3 of the text");
});

Deno.test("a pair needs something between the texts", () => {
  const tokenizer = CharTokenizer.fromText("ab");
  assertThrows(() => tokenizer.encode("a", { pair: "b" }), TypeError, "set addSpecialTokens");
  assertThrows(
    () => tokenizer.encode("a", { pair: "b", addSpecialTokens: true }),
    TypeError,
    "no special tokens to separate them",
  );
  assertEquals([...tokenizer.encode("a", { addSpecialTokens: true })], [0]);
});

Deno.test("decoding gives back 5,000 random texts, also through files and in a stream", () => {
  const below = seededNumbers(8);
  for (let i = 0; i < 5000; i++) {
    const text = randomText(below, 1 + below(30));
    const tokenizer = CharTokenizer.fromText(text);
    const ids = tokenizer.encode(text);
    assertEquals(tokenizer.decode(ids), text.toWellFormed());
    const stream = tokenizer.decodeStream();
    assertEquals(Array.from(ids, (id) => stream.push(id)).join("") + stream.end(), text.toWellFormed());
    const read = loadTokenizer(tokenizer.toHuggingFace());
    assert(read instanceof CharTokenizer);
    assertEquals(read.encode(text), ids);
    assertEquals(read.fingerprint, tokenizer.fingerprint);
  }
});

Deno.test("an id outside the vocabulary and an empty text are errors", () => {
  const tokenizer = CharTokenizer.fromText("ab");
  assertThrows(
    () => tokenizer.decode([0, 2]),
    RangeError,
    "Cannot decode id 2: the vocabulary has ids 0 to 1",
  );
  assertThrows(() => CharTokenizer.fromText(""), RangeError, "the training text is empty");
  assertThrows(() => new CharTokenizer(["a", "bc"]), RangeError, 'token "bc" (id 1) is not one character');
  assertThrows(
    () => new CharTokenizer(["a", "a"]),
    RangeError,
    'the token "a" occurs twice, as id 0 and as id 1',
  );
});

Deno.test("two vocabularies have two fingerprints", () => {
  assert(CharTokenizer.fromText("ab").fingerprint !== CharTokenizer.fromText("ac").fingerprint);
  assertEquals(CharTokenizer.fromText("ab").fingerprint, CharTokenizer.fromText("bab").fingerprint);
});
