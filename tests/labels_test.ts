import { assertEquals, assertThrows } from "@std/assert";
import { classOf, labelsOf } from "../data/labels.ts";

Deno.test("labels are numbers in their order, or words by the alphabet", () => {
  const labels = (...given: string[]) =>
    labelsOf({ path: "a.tsv", rows: given.map((label, line) => ({ text: "", label, line })), emptyLines: 0 });
  assertEquals(labels("2", "10", "1", "2"), ["1", "2", "10"]);
  assertEquals(labels("good", "2", "10"), ["10", "2", "good"]);
  assertEquals(labels("1.5", "-1"), ["-1", "1.5"]);
});

Deno.test("labels in the thousands are texts in the wrong column", () => {
  const rows = Array.from({ length: 1001 }, (_, line) => ({ text: "…", label: `label ${line}`, line }));
  const file = { path: "train.tsv", rows, emptyLines: 0 };
  assertThrows(() => labelsOf(file), Error, "train.tsv has 1001 different labels, expected at most 1000");
  const { message } = assertThrows(
    () => classOf(rows[0], "dev.tsv", rows.slice(1).map(({ label }) => label)),
    Error,
  );
  assertEquals(message.length < 300, true, message);
});

Deno.test("a single label is refused, and an unknown one with its line", () => {
  const rows = ["1", "1"].map((label, index) => ({ text: "…", label, line: index + 1 }));
  const message = 'Cannot train a classifier: every text of train.tsv has label "1"';
  assertThrows(() => labelsOf({ path: "train.tsv", rows, emptyLines: 0 }), Error, message);
  const unknown = 'dev.tsv, line 2: label "1" was not in the training data: expected one of bad, good';
  assertThrows(() => classOf(rows[1], "dev.tsv", ["bad", "good"]), Error, unknown);
});
