import { assertEquals } from "@std/assert";
import { areReordered, predictByWords, wordsOf } from "../bench/bag_of_words.ts";

const sentence = (text: string, label: string) => ({ text, label });

Deno.test("words are in lower case, of two characters or more, with accents and digits", () => {
  assertEquals(wordsOf("I liked the Café, room 12; didn't you?"), [
    "liked",
    "the",
    "café",
    "room",
    "12",
    "didn",
    "you",
  ]);
  assertEquals(wordsOf("a ! I"), []);
});

Deno.test("texts are reordered if another label has the same words, each as often", () => {
  const texts = [
    sentence("Small but lovely.", "positive"),
    sentence("lovely, but small", "negative"),
    sentence("Good, good, bad.", "positive"),
    sentence("Good, bad, bad.", "negative"),
    sentence("It works.", "positive"),
    sentence("Works it!", "positive"),
  ];
  assertEquals(areReordered(texts), [true, true, false, false, false, false]);
});

Deno.test("counting words finds the words that decide, and is right on half of what is reordered", () => {
  const training = [
    ...["a good room", "good soup", "the good guide was early", "good", "so good"].map((text) =>
      sentence(text, "yes")
    ),
    ...["a bad room", "bad soup", "the bad guide was late"].map((text) => sentence(text, "no")),
  ];
  const texts = ["good and new", "bad and new", "nothing is known"].map((text) => ({ text }));
  assertEquals(predictByWords(training, texts), ["yes", "no", "yes"]); // the last by the intercept: "yes" is more frequent
  const both = [sentence("good but bad", "no"), sentence("bad but good", "yes")];
  const [first, second] = predictByWords(training, both);
  assertEquals(first, second);
});
