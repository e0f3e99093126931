import { assert, assertEquals } from "@std/assert";
import { wholeLines } from "../tokenizers/whole_lines.ts";
import { seededNumbers } from "./_tokenizer_data.ts";

Deno.test("pieces of a stream are cut anew at line ends", async () => {
  const below = seededNumbers(10);
  for (let i = 0; i < 500; i++) {
    const text = Array.from({ length: below(40) }, () => "ab\n"[below(3)]).join("");
    const pieces: string[] = [];
    for (let start = 0, end; start < text.length; start = end) {
      end = start + 1 + below(7);
      pieces.push(text.slice(start, end));
    }
    const whole = await Array.fromAsync(wholeLines(pieces));
    assertEquals(whole.join(""), text);
    assert(whole.slice(0, -1).every((piece) => piece.endsWith("\n")));
    assert(whole.every((piece) => piece !== ""));
  }
});

Deno.test("a line is handed on as soon as it has ended, and not before", async () => {
  const taken: string[] = [];
  async function* pieces(): AsyncGenerator<string> {
    for (const piece of ["on", "e\ntw", "o\n\nth", "ree"]) {
      taken.push(piece);
      yield await Promise.resolve(piece);
    }
  }
  const lines = wholeLines(pieces());
  const expected = [["one\n", 2], ["two\n\n", 3], ["three", 4]] as const;
  for (const [line, read] of expected) {
    assertEquals((await lines.next()).value, line);
    assertEquals(taken.length, read);
  }
  assertEquals((await lines.next()).done, true);
});
