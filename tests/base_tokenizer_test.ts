import { assertEquals, assertThrows } from "@std/assert";
import { BaseTokenizer, IdList } from "../tokenizers/base_tokenizer.ts";
import { BARE_FRAME, robertaFrame, type SpecialToken } from "../tokenizers/special_tokens.ts";
import type { DecodeOptions, TokenStream } from "../tokenizers/tokenizer.ts";

const special = (content: string, id: number, special = true): SpecialToken => ({
  content,
  id,
  leftStrip: false,
  rightStrip: false,
  singleWord: false,
  special,
});

/** A tokenizer of capital letters; it notes the stretches it is given. */
class Capitals extends BaseTokenizer {
  override readonly algorithm = "capitals";
  readonly stretches: string[] = [];

  protected override encodeStretch(text: string, start: number, end: number, ids: IdList): void {
    this.stretches.push(text.slice(start, end));
    for (const letter of text.slice(start, end)) ids.push(this.idOf(letter)!);
  }

  override decodeStream(options: DecodeOptions = {}): TokenStream {
    const skipped = this.skippedIds(options);
    const one = (id: number) => skipped.has(id) ? "" : this.tokenOf(id);
    return {
      push: (ids) => typeof ids === "number" ? one(ids) : Array.from(ids, one).join(""),
      end: () => ".",
    };
  }

  override withSpecialTokens(added: readonly SpecialToken[]): Capitals {
    return new Capitals([...tokens, ...added.map(({ content }) => content)], added, BARE_FRAME);
  }

  override toHuggingFace(): Record<string, string> {
    return { "tokenizer.json": this.specialTokens.map(({ content }) => content).join() };
  }
}

const tokens = ["<s>", "A", "</s>", undefined, "B", "extra"];
const tokenizer = () =>
  new Capitals(
    tokens,
    [special("<s>", 0), special("</s>", 2), special("extra", 5, false)],
    robertaFrame(0, 2),
  );

Deno.test("IdList grows and keeps what it holds", () => {
  const list = new IdList();
  for (let id = 0; id < 1000; id++) list.push(id);
  assertEquals(list.length, 1000);
  assertEquals([...list.ids.subarray(0, 1000)], Array.from({ length: 1000 }, (_, id) => id));
});

Deno.test("BaseTokenizer: the table is looked up both ways, unused ids belong to nothing", () => {
  const one = tokenizer();
  assertEquals([one.vocabSize, one.idOf("B"), one.idOf("C"), one.tokenOf(4)], [6, 4, undefined, "B"]);
  assertEquals([...one.vocabulary()], [["<s>", 0], ["A", 1], ["</s>", 2], ["B", 4], ["extra", 5]]);
  for (const id of [3, 6, -1, 0.5]) {
    assertThrows(() => one.tokenOf(id), RangeError, `Cannot decode id ${id}: the vocabulary has ids 0 to 5`);
  }
  assertThrows(
    () => new Capitals(["A", "B", "A"], [], BARE_FRAME),
    RangeError,
    'the token "A" occurs twice, as id 0 and as id 2',
  );
});

Deno.test("BaseTokenizer: only stretches without special tokens are encoded, none of them empty", () => {
  const one = tokenizer();
  assertEquals([...one.encode("AB<s><s>Aextra")], [1, 4, 0, 0, 1, 5]);
  assertEquals(one.stretches.splice(0), ["AB", "A"]);
  assertEquals([one.encode("").length, one.encode("", { specialTokens: "text" }).length], [0, 0]);
  assertEquals(one.stretches, []);
  one.encode("A</s>", { specialTokens: "text" });
  assertEquals(one.stretches, ["A</s>"]);
});

Deno.test("BaseTokenizer: the frame goes around one text or two, and a pair needs it", () => {
  const one = tokenizer();
  assertEquals([...one.encode("A", { addSpecialTokens: true })], [0, 1, 2]);
  assertEquals([...one.encode("A", { addSpecialTokens: true, pair: "B" })], [0, 1, 2, 2, 4, 2]);
  assertThrows(() => one.encode("A", { pair: "B" }), TypeError, "set addSpecialTokens");
});

Deno.test("BaseTokenizer: decoding ends the stream, and skips special tokens but not added words", () => {
  const one = tokenizer(), ids = [0, 1, 5, 2];
  assertEquals(one.decode(ids), "<s>Aextra</s>.");
  assertEquals(one.decode(ids, { skipSpecialTokens: true }), "Aextra.");
});

Deno.test("BaseTokenizer: the fingerprint is that of tokenizer.json", () => {
  assertEquals(tokenizer().fingerprint, tokenizer().fingerprint);
  assertEquals(new Capitals(["A"], [], BARE_FRAME).fingerprint, "cbf29ce484222325"); // of an empty file
});
