import { assertEquals } from "@std/assert";
import { oracle } from "../data/oracle.ts";
import { makeTales } from "../data/tales.ts";
import { readTales } from "../data/tales/tale_text.ts";

const { text } = makeTales({ seed: 8, characters: 700 }), end = text.indexOf("\n\n") + 2;

Deno.test("readTales finds whole tales, also after a cut one", () => {
  assertEquals(readTales(text), { before: "", text, positions: oracle(text) });
  const rest = text.slice(end), cut = text.slice(10);
  assertEquals(readTales(cut), { before: text.slice(10, end), text: rest, positions: oracle(rest) });
  assertEquals(readTales(text.slice(0, 20))?.positions.length, 20);
  for (
    const other of [
      "",
      "\n\n",
      cut.slice(0, 30),
      `${cut}!`,
      `${cut}A book.`,
      "A book.\n\nAbout a book.",
      "x\n\n",
    ]
  ) {
    assertEquals(readTales(other), undefined, other);
  }
});

Deno.test("readTales reads tales of another grammar", () => {
  const grammar = { words: { pet: ["cat", "dog"] }, forms: {}, plots: [[["My {pet}, your {pet2}."]]] };
  assertEquals(readTales("cat.\n\nMy dog, your cat.", grammar)?.before, "cat.\n\n");
  assertEquals(readTales("My dog, your cat."), undefined);
});
