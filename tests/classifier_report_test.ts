import { assert, assertEquals } from "@std/assert";
import { classTable, noteOfAccuracy } from "../commands/recipes/classifier_report.ts";
import { textWidth } from "../commands/cli/wrap.ts";

const labels = ["negative", "neutral", "positive", "文字", "\x1b[2J"];
const matrix = labels.map((_, row) => labels.map((_, column) => 10 * row + column));

Deno.test("a table that is too wide continues below, and loses nothing", () => {
  const whole = classTable(matrix, labels, Infinity);
  assertEquals(whole.split("\n").length, 6);
  const numbers = (table: string) => table.match(/(?<= )[\d.]+(?=\s|$)/g)!.sort();
  for (const columns of [40, 60, 80, 100]) {
    const table = classTable(matrix, labels, columns);
    for (const line of table.split("\n")) assert(textWidth(line) <= columns, `${columns}: ${line}`);
    assertEquals(numbers(table), numbers(whole));
    for (const part of table.split("\n\n")) assertEquals(part.split("\n")[0].slice(0, 2), "is");
  }
  assertEquals(
    classTable([[3, 1], [0, 4]], ["bad", "good"], 40),
    "is    precision  recall     F1\n" +
      "bad       1.000   0.750  0.857\n" +
      "good      0.800   1.000  0.889\n" +
      "\n" +
      "is    called bad  called good\n" +
      "bad            3            1\n" +
      "good           0            4",
  );
});

Deno.test("columns stand below each other, whatever the labels are made of", () => {
  const lines = classTable(matrix, labels, Infinity).split("\n");
  assertEquals(new Set(lines.map(textWidth)).size, 1);
  assert(!lines.join("").includes("\x1b") && lines.join("").includes("called \\x1b[2J"));
  const proto = classTable([[1, 0], [0, 1]], ["__proto__", "constructor"], Infinity);
  assert(/^__proto__ .* 1 +0$/m.test(proto) && /^constructor .* 0 +1$/m.test(proto), proto);
});

Deno.test("an accuracy that is not above the majority baseline by more than chance is said to be so", () => {
  assertEquals(noteOfAccuracy(0.638, 0.5, 312), undefined);
  assertEquals(noteOfAccuracy(0.5, 0.5, 312)?.includes("no better than the majority baseline"), true);
  // two standard errors of 312 texts are 5.7 %
  assertEquals([0.55, 0.56].map((accuracy) => noteOfAccuracy(accuracy, 0.5, 312) !== undefined), [
    true,
    false,
  ]);
  assertEquals(noteOfAccuracy(0.56, 0.5, 100) !== undefined, true);
});
