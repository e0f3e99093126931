import { assert, assertEquals, assertThrows } from "@std/assert";
import { BpeTokenizer } from "../tokenizers/bpe/bpe_tokenizer.ts";
import { trainBpe } from "../tokenizers/bpe/bpe_trainer.ts";
import { BYTE_SYMBOLS } from "../tokenizers/bpe/byte_symbols.ts";
import {
  hasGolden,
  loadGpt2,
  randomText,
  readGolden,
  readGoldenJson,
  seededNumbers,
} from "./_tokenizer_data.ts";

const gpt2 = await loadGpt2();
const noGpt2 = gpt2 === undefined || !hasGolden;

interface Sample {
  text: string;
  ids: number[];
}

function assertIds(tokenizer: BpeTokenizer, { text, ids }: Sample): void {
  assertEquals(
    [...tokenizer.encode(text, { specialTokens: "text" })],
    ids,
    JSON.stringify(text).slice(0, 200),
  );
}

Deno.test({
  name: "GPT-2 ids of every edge line, and of the whole file, equal tiktoken's",
  ignore: noGpt2,
  fn() {
    const golden = readGoldenJson("r50k-edge.json");
    assertEquals(golden.lines.length, 224);
    for (const line of golden.lines) assertIds(gpt2!, line);
    assertIds(gpt2!, { text: readGolden("edge.txt"), ids: golden.whole_file_ids });
  },
});

Deno.test({
  name: "GPT-2 ids of Shakespeare equal tiktoken's, whole and line by line",
  ignore: noGpt2,
  fn() {
    const golden = readGoldenJson("r50k-tinyshakespeare-20k.json");
    assertIds(gpt2!, { text: readGolden("tinyshakespeare-200k.txt", golden.bytes), ids: golden.ids });
    assertEquals(golden.lines.length, 40);
    for (const line of golden.lines) assertIds(gpt2!, line);
  },
});

Deno.test({
  name: "GPT-2 ids of line feeds, lone surrogates and special text equal tiktoken's, decoding too",
  ignore: noGpt2,
  fn() {
    const golden = readGoldenJson("r50k-extra.json");
    assert(golden.strings.length > 20 && golden.decode.length > 10);
    for (const sample of golden.strings) assertIds(gpt2!, sample);
    for (const { ids, hex, text } of golden.decode as { ids: number[]; hex: string; text: string }[]) {
      assertEquals(gpt2!.decode(ids), text);
      const bytes = ids.flatMap((id) => [...gpt2!.bytesOf(id)]);
      assertEquals(bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""), hex);
    }
  },
});

Deno.test({
  name: "special tokens are found, or read as text",
  ignore: noGpt2,
  fn() {
    const text = "one<|endoftext|>two";
    assertEquals([...gpt2!.encode(text)], [505, 50256, 11545]);
    assertEquals(gpt2!.decode(gpt2!.encode(text)), text);
    assertEquals(gpt2!.decode(gpt2!.encode(text), { skipSpecialTokens: true }), "onetwo");
    assert(!gpt2!.encode(text, { specialTokens: "text" }).includes(50256));
  },
});

const small = await trainBpe(
  ["the cat sat on the mat; the rat ate the cat", "😀😀 naïve naïve 中中文中中文"],
  {
    vocabSize: 290,
    specialTokens: ["<s>", "</s>", "<mask>"],
  },
);

Deno.test("decoding gives back 100,000 random texts", () => {
  const below = seededNumbers(1);
  for (let i = 0; i < 100_000; i++) {
    const text = randomText(below, below(24));
    assertEquals(small.decode(small.encode(text)), text.toWellFormed());
  }
});

Deno.test("random bytes decode as a browser decodes them, however the ids are split", () => {
  const below = seededNumbers(2);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let i = 0; i < 2000; i++) {
    const bytes = Uint8Array.from({ length: below(12) }, () => below(3) ? 0x80 + below(0x80) : below(256));
    const ids = Array.from(bytes, (byte) => small.idOf(BYTE_SYMBOLS[byte])!);
    assertEquals(small.decode(ids), decoder.decode(bytes));
    const stream = small.decodeStream();
    let text = "";
    for (const id of ids) text += stream.push(id);
    assertEquals(text + stream.end(), decoder.decode(bytes));
  }
});

Deno.test("a stream shows a character when its last byte has come", () => {
  const stream = small.decodeStream();
  const bytes = [0xf0, 0x9f, 0x98, 0x80, 0x21, 0xf0, 0x9f];
  const shown = bytes.map((byte) => stream.push(small.idOf(BYTE_SYMBOLS[byte])!));
  assertEquals([...shown, stream.end()], ["", "", "", "😀", "!", "", "", "\ufffd"]);
});

Deno.test("what is remembered does not change what is encoded, even when it overflows", () => {
  const below = seededNumbers(3);
  const fresh = (): BpeTokenizer => BpeTokenizer.fromHuggingFace(small.toHuggingFace()["tokenizer.json"]);
  const letters = (i: number): string =>
    i.toString(26).replace(/\d/g, (digit) => "qrstuvwxyz"[Number(digit)]);
  const words = Array.from({ length: 150_000 }, (_, i) => " " + letters(i * 7919));
  assertEquals(new Set(words).size, words.length);
  const busy = fresh();
  busy.encode(words.join(""));
  // The bound: without one, all of them would be there.
  assert(busy.cachedPreTokens > 0 && busy.cachedPreTokens <= 131_072);
  for (let i = 0; i < 300; i++) {
    const word = words[below(words.length)];
    assertEquals(busy.encode(word), fresh().encode(word));
  }
});

Deno.test("a pre-token of 400,000 letters is encoded in far less than quadratic time", () => {
  const letters = "thecatsat".repeat(45_000).slice(0, 400_000);
  const start = performance.now();
  const ids = small.encode(letters);
  assert(performance.now() - start < 2000);
  assertEquals(small.decode(ids), letters);
});

Deno.test("short and long pre-tokens are encoded by the same rule", () => {
  const below = seededNumbers(4);
  for (let i = 0; i < 2000; i++) {
    const word = Array.from({ length: 40 + below(16) }, () => "thecamo"[below(7)]).join("");
    // Encoding by the definition: the first-learned merge that applies anywhere, leftmost first.
    const parts = [...word].map((letter) => small.idOf(letter)!);
    for (;;) {
      let best: [rank: number, at: number] = [Infinity, -1];
      for (let at = 1; at < parts.length; at++) {
        const rank = small.merges.findIndex(([left, right]) => left === parts[at - 1] && right === parts[at]);
        if (rank >= 0 && rank < best[0]) best = [rank, at];
      }
      if (best[1] < 0) break;
      const token = small.tokenOf(parts[best[1] - 1]) + small.tokenOf(parts[best[1]]);
      parts.splice(best[1] - 1, 2, small.idOf(token)!);
    }
    assertEquals([...small.encode(word)], parts);
  }
});

Deno.test("a merge whose token is not in the vocabulary is refused", () => {
  assertThrows(
    () => new BpeTokenizer({ tokens: ["a", "b"], merges: [[0, 1]] }),
    RangeError,
    'merge 0 makes "ab", which is not in the vocabulary',
  );
});

Deno.test("special tokens that are also bytes, or made by merges, stand for bytes", async () => {
  const tokenizer = await trainBpe(["the the the é"], { vocabSize: 262, specialTokens: ["Ã", "Ġthe", "é!"] });
  for (const text of ["the the", "é", "Ñ"]) {
    assertEquals(tokenizer.decode(tokenizer.encode(text, { specialTokens: "text" })), text);
  }
  assert(tokenizer.encode("the the", { specialTokens: "text" }).includes(1));
  // No merge makes this one, although its characters could be read as bytes.
  assertEquals(tokenizer.decode([2]), "é!");
});

Deno.test("a byte order mark is kept", () => {
  assertEquals(small.decode(small.encode("\ufeffthe")), "\ufeffthe");
});

Deno.test("an id outside the vocabulary is an error that names it", () => {
  for (const id of [290, -1, 0.5, NaN]) {
    assertThrows(
      () => small.decode([0, id]),
      RangeError,
      `Cannot decode id ${id}: the vocabulary has ids 0 to ${small.vocabSize - 1}`,
    );
  }
});

Deno.test("the fingerprint distinguishes tokenizers, and only those", () => {
  const files = small.toHuggingFace();
  assertEquals(BpeTokenizer.fromHuggingFace(files["tokenizer.json"]).fingerprint, small.fingerprint);
  const json = JSON.parse(files["tokenizer.json"]);
  json.model.merges.reverse();
  assert(BpeTokenizer.fromHuggingFace(JSON.stringify(json)).fingerprint !== small.fingerprint);
});
