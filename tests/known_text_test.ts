import { assertEquals, assertThrows } from "@std/assert";
import { BpeTokenizer, CharTokenizer, trainBpe } from "../mod.ts";
import { describeSkipped, explainUnknown, knownTexts } from "../commands/texts/known_text.ts";

const tokenizer = CharTokenizer.fromText("abc");

Deno.test("skipped characters are counted, the most frequent ones named, and all others kept in their order", async () => {
  const texts = ["aéb😀", "é\ud800c", "abc"];
  const { texts: known, skipped } = knownTexts(tokenizer, texts, "skip");
  assertEquals(known, ["ab", "c", "abc"]);
  const most = [{ character: "é", count: 2 }, { character: "😀", count: 1 }, {
    character: "\ufffd",
    count: 1,
  }];
  assertEquals(skipped, { characters: 4, of: 10, most });
  assertEquals(describeSkipped(skipped!), '4 of 10 characters ("é" 2, "😀" 1, "\ufffd" 1)');
  assertEquals(knownTexts(tokenizer, texts, "refuse"), { texts });
  assertEquals(knownTexts(tokenizer, ["a"], "skip").skipped, { characters: 0, of: 1, most: [] });
  assertEquals(describeSkipped({ characters: 0, of: 1, most: [] }), "0 of 1 characters");
  const many = knownTexts(tokenizer, ["a123456"], "skip").skipped!;
  assertEquals([many.characters, many.most.length], [6, 5]);
  const message = "Nothing is left of the text: none of its 2 characters is in the vocabulary";
  assertThrows(() => knownTexts(tokenizer, ["é", "é"], "skip"), RangeError, message);
  const { files } = { files: (await trainBpe(["abab"], { vocabSize: 260 })).toHuggingFace() };
  const bpe = BpeTokenizer.fromHuggingFace(files["tokenizer.json"]);
  assertEquals(knownTexts(bpe, texts, "skip").texts, texts);
});

Deno.test("an error of encoding says how many characters are unknown; other errors stay as they are", () => {
  const encode = (text: string) => explainUnknown(tokenizer, [text], () => tokenizer.encode(text));
  assertEquals(encode("ab"), Uint32Array.of(0, 1));
  const { message } = assertThrows(() => encode("aéé"), RangeError);
  assertEquals(
    message.endsWith('; --unknown skip leaves out what it lacks, 2 of 3 characters ("é" 2)'),
    true,
  );
  const fail = () =>
    explainUnknown(tokenizer, ["ab"], () => {
      throw new TypeError("no");
    });
  assertEquals(assertThrows(fail, TypeError).message, "no");
});
