import { assertEquals } from "@std/assert";
import { oracle } from "../data/oracle.ts";
import { keysOf, recallsOf } from "../inference/heads/recalls.ts";

const TALE =
  "Mia was a shy girl. Mia wanted a red kite. One hot day Mia ran to the hill and met proud Fox. " +
  'Fox had a fine red kite. Mia said, "I like your kite." Fox said, "You can have it for some jam." ' +
  "Mia went home and made some jam. Fox ate the jam, and Mia took the kite. Who ate the jam? Fox did. " +
  "Mia and Fox were true friends.\n\n";

Deno.test("recallsOf: every word that is told again, with all mentions before in the same tale", () => {
  const text = TALE + TALE, recalls = recallsOf(text, oracle(text)), { length } = TALE;
  const found = recalls.filter(({ index }) => index < length);
  const words = found.map(({ word, letter, mentions }) =>
    `${word}${letter === 0 ? "" : letter} ${mentions.length}`
  );
  const expected =
    "Mia 2, Fox 1, red 1, kite 1, Mia 3, kite 2, Fox 2, Mia 4, jam 1, Fox 3, jam 2, Mia 5, kite 3, " +
    "jam 3, Fox 4, Mia 6, Fox 5";
  assertEquals(words.join(", "), expected);
  for (const { index, letter, mentions } of recalls) {
    assertEquals(oracle(text)[index].antecedent, mentions.at(-1)! + letter);
  }
  const second = recalls.slice(found.length).map((
    { index, mentions },
  ) => [index - length, mentions.map((at) => at - length)]);
  assertEquals(second, found.map(({ index, mentions }) => [index, mentions]), "each tale for itself");
});

Deno.test("recallsOf: a letter within a word, where the words of a list begin alike", () => {
  const grammar = {
    words: { pet: ["cat", "cow"] },
    forms: {},
    plots: [[["I had a {pet}."], ["The {pet} ran."]]],
  };
  const text = "I had a cow. The cow ran.\n\n";
  assertEquals(recallsOf(text, oracle(text, grammar)), [{
    index: 18,
    word: "cow",
    list: "pet",
    letter: 1,
    mentions: [8],
  }]);
});

Deno.test("keysOf: the same letter, and all letters, of each mention", () => {
  const recall = { index: 100, word: "jam", list: "food", letter: 1, mentions: [10, 41] };
  assertEquals(keysOf(recall), { letter: [11, 42], word: [10, 11, 12, 41, 42, 43] });
});
