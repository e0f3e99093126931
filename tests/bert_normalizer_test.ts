import { assert, assertEquals } from "@std/assert";
import {
  type BertNormalization,
  normalizeForBert,
  wordsOf,
} from "../tokenizers/wordpiece/bert_normalizer.ts";

type Ranges = readonly (readonly [first: number, last: number])[];

const { characters }: { characters: Record<string, Ranges> } = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/wordpiece.json", import.meta.url)),
);

const nothing: BertNormalization = {
  cleanText: false,
  separateChinese: false,
  stripAccents: false,
  lowerCase: false,
};

/**
 * What is asked of every code point, and how many answers may differ, since Unicode 8 was the one of `tokenizers`: 460 accents
 * are later in Deno 2.9.6, 496 in Chrome 156.
 */
const QUESTIONS: [name: string, allowed: number, holds: (character: string) => boolean][] = [
  ["removed", 20, (character) => normalizeForBert(character, { ...nothing, cleanText: true }) === ""],
  [
    "spaced",
    0,
    (character) => normalizeForBert(character, { ...nothing, separateChinese: true }) === ` ${character} `,
  ],
  ["accents", 500, (character) => normalizeForBert(character, { ...nothing, stripAccents: true }) === ""],
  ["punctuation", 145, (character) => [...wordsOf(`a${character}b`)].join("\n") === `a\n${character}\nb`],
  ["white space", 0, (character) => [...wordsOf(`a${character}b`)].join("\n") === "a\nb"],
];

for (const [name, allowed, holds] of QUESTIONS) {
  Deno.test(`every code point is as in Hugging Face tokenizers, but for at most ${allowed} of later Unicode: ${name}`, () => {
    const differing: number[] = [];
    let range = 0;
    for (let point = 0; point <= 0x10ffff; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      while (characters[name][range]?.[1] < point) range++;
      const expected = characters[name][range]?.[0] <= point;
      if (holds(String.fromCodePoint(point)) !== expected) differing.push(point);
    }
    assert(differing.length <= allowed, `${differing.length} differ, such as ${differing.slice(0, 9)}`);
    assert(differing.every((point) => point >= 0x61d), `U+${differing[0]?.toString(16)} differs`);
  });
}

Deno.test("normalizeForBert: each step by itself, and accents go with upper case unless a file says otherwise", () => {
  const text = "É\u200b\t中Σ";
  assertEquals(normalizeForBert(text, nothing), text);
  assertEquals(normalizeForBert(text, { ...nothing, cleanText: true }), "É 中Σ");
  assertEquals(normalizeForBert(text, { ...nothing, separateChinese: true }), "É\u200b\t 中 Σ");
  assertEquals(normalizeForBert(text, { ...nothing, stripAccents: true }), "E\u200b\t中Σ");
  assertEquals(normalizeForBert(text, { ...nothing, lowerCase: true }), "é\u200b\t中σ");
  const usual = { cleanText: false, separateChinese: false };
  assertEquals(normalizeForBert("É", { ...usual, lowerCase: true }), "e");
  assertEquals(normalizeForBert("É", { ...usual, lowerCase: false }), "É");
});

Deno.test("normalizeForBert: lone surrogates are replacement characters, which cleaning removes", () => {
  assertEquals(normalizeForBert("a\ud800b", nothing), "a\ufffdb");
  assertEquals(normalizeForBert("a\ud800b", { ...nothing, cleanText: true }), "ab");
});
