import { assertEquals } from "@std/assert";
import { formatFacts, formatJson, quote } from "../commands/cli/terminal.ts";

Deno.test("JSON has unrounded numbers, null where there is none, arrays, and no character that controls a terminal", () => {
  assertEquals(formatJson({ loss: 0.1, perplexity: Infinity }), '{"loss":0.1,"perplexity":null}');
  assertEquals(formatJson({ weights: Float32Array.of(0.5, 1) }), '{"weights":[0.5,1]}');
  assertEquals(formatJson({ text: "\x9b2J" }), '{"text":"\\u009b2J"}');
});

Deno.test("paths are quoted where a shell needs it", () => {
  const typed = ["runs/mine", "my runs", "Anna's son's", "", "a;b"].map(quote);
  assertEquals(typed, ["runs/mine", "'my runs'", "'Anna'\\''s son'\\''s'", "''", "'a;b'"]);
});

Deno.test("a name that fills its column keeps its distance from the text", () => {
  assertEquals(formatFacts([["run", "a"], ["longer", "b"]], 6, 80), "run   a\nlonger  b");
});
