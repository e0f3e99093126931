import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  countCharacters,
  measureText,
  middlePiece,
  vocabularyOf,
  wordsOf,
} from "../inference/text_measures.ts";

Deno.test("words are runs of letters and digits in lower case, in any script", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["  \n—!? ", []],
    ["It's Anna’s mother-in-law", ["it's", "anna’s", "mother-in-law"]],
    ["'quoted' -dashed-", ["quoted", "dashed"]],
    ["Größe ΑΒΓ été 3,5", ["größe", "αβγ", "été", "3", "5"]],
    ["snake_case", ["snake", "case"]],
  ];
  for (const [text, words] of cases) assertEquals([...wordsOf(text)], words, text);
});

Deno.test("a text that repeats itself is less distinct and more repetitive", () => {
  // "a b c d" five times: 20 words, 17 sequences of four of which a b c d, b c d a, c d a b, d a b c are new
  const { words, distinct1, distinct2, distinct3, repetition } = measureText("a b c d ".repeat(5));
  assertEquals([words, distinct1, distinct2, distinct3], [20, 4 / 20, 4 / 19, 4 / 18]);
  assertEquals(repetition, 1 - 4 / 17);
  const varied = measureText("the quick brown fox jumps over a lazy dog");
  assertEquals([varied.distinct1, varied.distinct2, varied.repetition], [1, 1, 0]);
});

Deno.test("a share of nothing is left undefined, and so is what needs a training text", () => {
  const { characters, words, ...others } = measureText("Once upon a");
  assertEquals([characters, words], [11, 3]);
  assertEquals(others, { distinct1: 1, distinct2: 1, distinct3: 1, repetition: undefined });
  const nothing = measureText("…", { texts: ["…"], vocabulary: new Set() });
  assertEquals([nothing.distinct1, nothing.knownWords], [undefined, undefined]);
  assertEquals(nothing.longestCopy, { characters: 1, text: "…" });
});

Deno.test("known words and the longest copy are those of the training text", () => {
  const texts = ["One sunny day Anna", "walked to the shop."];
  const known = { texts, vocabulary: vocabularyOf(texts) };
  const measures = measureText("one SUNNY day Bnna walked to the shed", known);
  assertEquals(measures.knownWords, 6 / 8);
  assertEquals(measures.longestCopy, { characters: 16, text: "walked to the sh" });
});

Deno.test("shares are between 0 and 1, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const measures = measureText(text, { texts: [text], vocabulary: vocabularyOf([text]) });
      const { distinct1, distinct2, distinct3, repetition, knownWords } = measures;
      for (const share of [distinct1, distinct2, distinct3, repetition, knownWords]) {
        assert(share === undefined || share >= 0 && share <= 1);
      }
      assertEquals(measures.longestCopy?.text, text);
      assertEquals(measures.characters, Array.from(text).length);
    }),
    { numRuns: 200, seed: 1 },
  );
});

Deno.test("characters are counted as code points, lone surrogates like others", () => {
  const units = fc.constantFrom("a", "\ud83d", "\ude42", "🙂", "é");
  fc.assert(
    fc.property(fc.array(units, { maxLength: 12 }), (parts) => {
      assertEquals(countCharacters(parts.join("")), Array.from(parts.join("")).length);
    }),
    { numRuns: 500, seed: 1 },
  );
});

Deno.test("the piece from the middle has the length that was asked for, begins with a word and splits no character", () => {
  const text = "alpha beta gamma delta epsilon zeta";
  assertEquals(middlePiece(text, 11), "gamma delta");
  assertEquals(middlePiece(text, 100), text);
  assertEquals(middlePiece(text, text.length), text);
  assertEquals(middlePiece("", 5), "");
  assertEquals(middlePiece("unbroken", 3), "unb");
  const smileys = "🙂".repeat(10), piece = middlePiece(smileys, 4);
  assertEquals([countCharacters(piece), piece.isWellFormed()], [4, true]);
  assertEquals(middlePiece(smileys, 10), smileys);
  assertEquals(countCharacters(middlePiece("a b ".repeat(300), 1000)), 1000);
});
