import { assert, assertEquals } from "@std/assert";
import { visible } from "../core/visible.ts";

Deno.test("whatever is in a text, it is shown on one line, well-formed and in one direction", () => {
  const bad = [
    "\0",
    "\x07",
    "\x1b",
    "\x7f",
    "\x85",
    "\x9b",
    "\u200e",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
  ];
  bad.push("\ud800", "\udfff", "\ufffe", "\uffff", "\u{1ffff}", "\ufeff", "\u200b", "\u061c");
  for (const character of bad) {
    const shown = visible(`a${character}b`);
    assert(/^a\\(x[0-9a-f]{2}|u[0-9a-f]{4}|u\{[0-9a-f]+\})b$/.test(shown), shown);
  }
  assertEquals(visible("\t\r\n"), "\\t\\r\\n");
});

Deno.test("what can be seen stays as it is", () => {
  for (const text of ["naïve e\u0301 文字 ␣ ↵ \ufffd", "👩‍🚀 🏳️‍🌈 क्‍ष", "\\x1b", "שלום", "__proto__"]) {
    assertEquals(visible(text), text);
  }
});
