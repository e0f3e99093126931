import { assertEquals } from "@std/assert";
import { counted, formatFacts, formatJson, formatSpeed, megabytes, quote } from "../commands/cli/terminal.ts";

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

Deno.test("bytes are shown in MB below a gigabyte", () => {
  assertEquals([1, 27_400_000, 4e8, 1.4e9].map(megabytes), ["1 MB", "27 MB", "400 MB", "1.4 GB"]);
});

Deno.test("speeds are shown in GFLOP/s below a thousand of them", () => {
  assertEquals([1.2e7, 8.5e8, 8.31e9, 99.4e9, 4.12e11, 9.999e11, 4.12e13].map(formatSpeed), [
    "0.01 GFLOP/s",
    "0.85 GFLOP/s",
    "8.3 GFLOP/s",
    "99.4 GFLOP/s",
    "412 GFLOP/s",
    "1.0 TFLOP/s",
    "41.2 TFLOP/s",
  ]);
});

Deno.test("one thing has no plural", () => {
  assertEquals([0, 1, 2, 0.5].map((count) => counted(count, "epoch")), [
    "0 epochs",
    "1 epoch",
    "2 epochs",
    "0.5 epochs",
  ]);
});
