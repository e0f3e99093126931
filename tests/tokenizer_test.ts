import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

// no space before <mask>: as RoBERTa's, a byte-level one takes it in
const text = "Zoë said: “Good!”\n  A <k> cat 🐈 sat,<mask> said nothing. ";
const bare = text.replace("<mask>", "");
const specialTokens = MASKED_SPECIAL_TOKENS;
const options = { vocabSize: 300, specialTokens };
const chars = (corpus: string): Tokenizer => CharTokenizer.fromText(corpus, { specialTokens });

/** Every tokenizer, and one that learned from another text. */
const tokenizers: readonly [name: string, tokenizer: Tokenizer, other: Tokenizer][] = [
  ["CharTokenizer", chars(text), chars(text + "x")],
  [
    "BpeTokenizer",
    await trainBpe([text.repeat(4)], options),
    await trainBpe(["other words, other words"], options),
  ],
];

for (const [name, tokenizer, other] of tokenizers) {
  Deno.test(`Tokenizer ${name}: text comes back whole, at once and id by id`, () => {
    const ids = tokenizer.encode(text);
    assertEquals(tokenizer.decode(ids), text);
    const stream = tokenizer.decodeStream(), pieces = [...ids].map((id) => stream.push(id));
    assertEquals(pieces.join("") + stream.end(), text);
    assert(pieces.every((piece) => !piece.includes("\ufffd")), "no half characters");
    assertEquals(tokenizer.encode(""), new Uint32Array(0));
  });

  Deno.test(`Tokenizer ${name}: special tokens are found, read as text, added and left out as asked`, () => {
    const mask = tokenizer.idOf("<mask>")!, ids = tokenizer.encode(text);
    assertEquals(ids.filter((id) => id === mask).length, 1);
    assertEquals(tokenizer.decode(ids, { skipSpecialTokens: true }), bare);
    const asText = tokenizer.encode(text, { specialTokens: "text" });
    assert(!asText.includes(mask));
    assertEquals(tokenizer.decode(asText), text);
    const framed = tokenizer.encode(bare, { addSpecialTokens: true });
    assertEquals([...framed.slice(1, -1)], [...tokenizer.encode(bare)]);
    assertEquals([framed[0], framed.at(-1)], [tokenizer.idOf("<s>"), tokenizer.idOf("</s>")]);
    assertEquals(tokenizer.specialTokens.map(({ content }) => content).sort(), [...specialTokens].sort());
  });

  Deno.test(`Tokenizer ${name}: tokens and ids are one to one, and no id is outside the vocabulary`, () => {
    for (let id = 0; id < tokenizer.vocabSize; id++) assertEquals(tokenizer.idOf(tokenizer.tokenOf(id)), id);
    assertEquals(tokenizer.idOf("no such token"), undefined);
    const outside = tokenizer.vocabSize;
    assertThrows(() => tokenizer.tokenOf(outside), RangeError);
    assertThrows(() => tokenizer.decode([outside]), RangeError);
    assertThrows(() => tokenizer.decodeStream().push(outside), RangeError);
  });

  Deno.test(`Tokenizer ${name}: its files give it back, and its fingerprint distinguishes it`, () => {
    const read = loadTokenizer(tokenizer.toHuggingFace());
    assertEquals([read.fingerprint, read.vocabSize], [tokenizer.fingerprint, tokenizer.vocabSize]);
    assertEquals(
      read.encode(text, { addSpecialTokens: true }),
      tokenizer.encode(text, { addSpecialTokens: true }),
    );
    assert(/^[0-9a-f]{16}$/.test(tokenizer.fingerprint));
    assertNotEquals(other.fingerprint, tokenizer.fingerprint);
  });
}
