import { assertEquals, assertThrows } from "@std/assert";
import { arePairs, parseLabelledTexts } from "../data/labelled_texts.ts";

Deno.test("headings and keys called as properties of every object are no columns", () => {
  const table = parseLabelledTexts("text\tconstructor\nfine\tgood\n", { path: "a.tsv", format: "tsv" });
  assertEquals(table.rows.map(({ text, label }) => [text, label]), [["text", "constructor"], [
    "fine",
    "good",
  ]]);
  const parse = (line: string) => parseLabelledTexts(line, { path: "b.jsonl", format: "jsonl" }).rows;
  const read = parse('{"text": "fine", "label": "good", "__proto__": "x", "toString": 1}\n');
  assertEquals(read, [{ text: "fine", label: "good", line: 1 }]);
  for (const line of ["null", "5", "[".repeat(1e5) + "]".repeat(1e5), '{"text": null}']) {
    assertThrows(() => parse(line), Error, "b.jsonl, line 1: expected an object such as");
  }
});

Deno.test("columns are in any order below headings, and their number is checked in each row", () => {
  const parse = (content: string, labels = true) =>
    parseLabelledTexts(content, { path: "a.csv", format: "csv", labels }).rows;
  assertEquals(parse("Label,Sentence2,premise\n yes ,wet,rain\n"), [
    { label: "yes", pair: "wet", text: "rain", line: 2 },
  ]);
  assertEquals(parse("rain\n\nsun\n", false), [{ text: "rain", line: 1 }, { text: "sun", line: 3 }]);
  const message = (content: string) => assertThrows(() => parse(content), Error).message;
  assertEquals(
    message("rain\n"),
    "a.csv, line 1: 1 column, expected 2 (text, label) or 3 (text, pair, label)",
  );
  assertEquals(message("a,1\nb,2,3\n"), "a.csv, line 2: 3 columns, expected 2 (text, label)");
  assertEquals(message("a,1\n,2\n"), "a.csv, line 2: the text is missing");
  assertEquals(
    message('a,1\n"b,2\n'),
    "a.csv, line 2: a quote is out of place; write quotes twice inside quotes",
  );
});

Deno.test("texts with and without a second one in a file are refused by line", () => {
  const file = (...pairs: (string | undefined)[]) => ({
    path: "train.jsonl",
    rows: pairs.map((pair, index) => ({ text: "…", pair, line: 2 * index + 1 })),
    emptyLines: 0,
  });
  const message = (...pairs: (string | undefined)[]) =>
    assertThrows(() => arePairs(file(...pairs)), Error).message;
  const advice = "; give one to every text or to none";
  assertEquals(
    message("a", "b", undefined),
    `train.jsonl, line 5: there is no second text, but line 1 has one${advice}`,
  );
  assertEquals(
    message(undefined, "b"),
    `train.jsonl, line 3: there is a second text, but line 1 has none${advice}`,
  );
  assertEquals(message("a", " "), "train.jsonl, line 3: the second text (pair) is empty");
  assertEquals(arePairs(file()), false);
});
