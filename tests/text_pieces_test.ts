import { assert, assertEquals } from "@std/assert";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { textPieces } from "../tokenizers/text_pieces.ts";

Deno.test("textPieces: a character of several tokens is one piece, and all together are the text", async () => {
  const tokenizer = await trainBpe(["the cat sat on the mat"], { vocabSize: 270 });
  const whole = "the 🐈 sat é", ids = tokenizer.encode(whole), pieces = textPieces(tokenizer, ids);
  assertEquals(pieces.map(({ text }) => text).join(""), whole);
  assertEquals(pieces.find(({ text }) => text.includes("🐈"))!.text.trim(), "🐈");
  assert(pieces.some(({ start, end }) => end - start >= 4), "four bytes");
  assertEquals(pieces.map(({ start }) => start), [0, ...pieces.map(({ end }) => end).slice(0, -1)]);
  assertEquals(pieces.at(-1)!.end, ids.length);
  // bytes that are the beginning of a character only are not lost either
  const torn = ids.slice(0, ids.length - 1), { text: last, end } = textPieces(tokenizer, torn).at(-1)!;
  assertEquals([last, end], ["\ufffd", torn.length]);
  const characters = CharTokenizer.fromText("a🐈\u0301");
  assertEquals(textPieces(characters, characters.encode("🐈\u0301a")).map(({ text }) => text), [
    "🐈",
    "\u0301",
    "a",
  ]);
});
