import { assertEquals, assertThrows } from "@std/assert";
import { freeWords, listOf, sentenceParts, wordAsTold } from "../data/tales/tale_grammar.ts";

const grammar = {
  words: { hero: ["Mia", "Pip", "Zoe"], heroine: ["Anna"] },
  forms: { her: { Mia: "her", Pip: "" } },
  plots: [],
};

Deno.test("a sentence is cut into text and slots, nothing lost", () => {
  assertEquals(sentenceParts('{hero} gave {hero2:her} {"hat"}.'), [
    { slot: "hero", form: undefined },
    { text: " gave " },
    { slot: "hero2", form: "her" },
    { text: ' {"hat"}.' },
  ]);
  assertEquals(sentenceParts("No."), [{ text: "No." }]);
  assertEquals(sentenceParts(""), []);
});

Deno.test("slots of one list share its words, those of another do not", () => {
  assertEquals([listOf("hero"), listOf("hero12")], ["hero", "hero"]);
  const drawn = new Map([["hero2", "Pip"], ["heroine", "Zoe"]]);
  assertEquals(freeWords(grammar, "hero", drawn), ["Mia", "Zoe"]);
  assertThrows(
    () => freeWords(grammar, "heroine2", new Map([["heroine", "Anna"]])),
    RangeError,
    "beside [Anna]",
  );
  assertThrows(() => freeWords(grammar, "home", drawn), RangeError, "Cannot fill {home}");
});

Deno.test("a word is told as it is, or in a form that may be empty", () => {
  assertEquals(["Mia", "Pip"].map((word) => wordAsTold(grammar, word, "her")), ["her", ""]);
  assertEquals(wordAsTold(grammar, "Zoe"), "Zoe");
  assertThrows(() => wordAsTold(grammar, "Zoe", "her"), RangeError, 'Cannot tell "Zoe" in the form "her"');
  assertThrows(() => wordAsTold(grammar, "Zoe", "his"), RangeError, 'Cannot tell "Zoe" in the form "his"');
});
