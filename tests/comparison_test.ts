import { assertEquals } from "@std/assert";
import { compare, describe, difference, figure, summarize } from "../bench/peers/comparison.ts";

const step = { work: "train", size: "S", threads: 2 } as const;
const text = { work: "generate", size: "T", threads: 1 } as const;
const product = { work: "matmul", size: 1024, threads: 2 } as const;

Deno.test("tasks are named by work, model and threads, or by the device that was asked for", () => {
  assertEquals(describe(step), "training step of S, 2 threads");
  assertEquals(describe(text), "generation with T, 1 thread");
  assertEquals(describe(product), "product 1024, 2 threads");
  assertEquals(describe({ ...step, device: "webgpu" }), "training step of S, webgpu");
});

Deno.test("a figure is in the unit of its task", () => {
  assertEquals(figure(step, { ms: 1234.5, values: [] }), "1235 ms");
  assertEquals(figure(step, { ms: 12.34, values: [] }), "12.3 ms");
  assertEquals(figure(text, { ms: 50, values: Array(20).fill(7) }), "400 tokens/s");
  // 2 · 1024³ operations in 21.47483648 ms are 100 a nanosecond, by two threads
  assertEquals(figure(product, { ms: 21.47483648, values: [] }), "50.0 GFLOP/s a thread");
  assertEquals(figure({ ...product, threads: 1 }, { ms: 21.47483648, values: [] }), "100.0 GFLOP/s");
});

Deno.test("of several rounds the middle one counts, or the fastest", () => {
  const answers = [30, 10, 20].map((ms) => ({ ms, values: [1], engine: "Other 1.0" }));
  assertEquals(summarize(answers), { ms: 20, values: [1], engine: "Other 1.0" });
  assertEquals(summarize(answers, true).ms, 10);
});

Deno.test("losses may differ by rounding, tokens not at all, and missing or undefined results always do", () => {
  assertEquals(difference("train", [4.21787, 3.6], [4.21786, 3.60001]), undefined);
  assertEquals(
    difference("train", [4.21787, 3.6], [4.21787, 3.6001]),
    "value 2 is 3.6 here and 3.6001 there",
  );
  assertEquals(difference("generate", [1, 2], [1, 2]), undefined);
  assertEquals(difference("generate", [1, 2], [1, 2, 3]), "value 3 is undefined here and 3 there");
  assertEquals(difference("train", [NaN], [NaN]), "value 1 is NaN here and NaN there");
  assertEquals(difference("train", [], []), "value 1 is undefined here and undefined there");
});

Deno.test("there is a ratio only for the same results", () => {
  const theirs = { ms: 500, values: [4.2179], engine: "Other 1.0" };
  const cells = ["training step of S, 2 threads", "200 ms", "Other 1.0", "500 ms"];
  assertEquals(compare(step, { ms: 200, values: [4.2179] }, theirs), [...cells, "2.50 ×"]);
  assertEquals(compare(step, { ms: 200, values: [4.3] }, theirs), [
    ...cells,
    "not comparable: value 1 is 4.3 here and 4.2179 there",
  ]);
  assertEquals(compare(step, undefined, theirs), [cells[0], "–", cells[2], cells[3], "–"]);
});
