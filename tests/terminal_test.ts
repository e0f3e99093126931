import { assertEquals } from "@std/assert";
import {
  counted,
  formatFacts,
  formatJson,
  formatNumber,
  formatPercent,
  formatPerplexity,
  formatSpeed,
  megabytes,
  quote,
} from "../commands/cli/terminal.ts";

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

Deno.test("control characters in the texts of facts are shown as escapes", () => {
  assertEquals(formatFacts([["data", "a\x1b[31mb\u202e.txt"]], 6, 80), "data  a\\x1b[31mb\\u202e.txt");
});

Deno.test("bytes are shown in MB below a gigabyte", () => {
  assertEquals([1, 27_400_000, 4e8, 1.4e9].map(megabytes), ["1 MB", "27 MB", "400 MB", "1.4 GB"]);
});

Deno.test("numbers have three digits, and no exponent where they are large", () => {
  assertEquals([0.9389, 10, 999.4, 999.6, 1493].map(formatNumber), [
    "0.939",
    "10.0",
    "999",
    "1.00K",
    "1.49K",
  ]);
});

Deno.test("perplexities have four digits, or more where they are large, and no more than fit", () => {
  const shown = [1, 1.29, 446.23, 999.94, 999.96, 29964.4, 2e9].map((value) =>
    formatPerplexity(Math.log(value))
  );
  assertEquals(shown, ["1.000", "1.290", "446.2", "999.9", "1,000", "29,964", "2.000e+9"]);
  assertEquals(formatPerplexity(1000), "Infinity");
});

Deno.test("shares are shown in percent with one decimal", () => {
  assertEquals([0, 0.8333, 1].map(formatPercent), ["0.0 %", "83.3 %", "100.0 %"]);
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
