import { assert, assertEquals, assertThrows } from "@std/assert";
import { splitCsv, splitTsv } from "../data/tables.ts";

const cells = (text: string) => splitCsv(text).rows.map((row) => [...row.cells]);

Deno.test("commas and line breaks separate cells unless they stand in quotes", () => {
  assertEquals(cells("a,b\nc,d"), [["a", "b"], ["c", "d"]]);
  assertEquals(cells('a,"b, c"\r\n"d\ne",f\r\n'), [["a", "b, c"], ["d\ne", "f"]]);
  assertEquals(cells('"say ""hi""",\n'), [['say "hi"', ""]]);
  assertEquals(cells("a,"), [["a", ""]]);
  assertEquals(cells('5" wide,1\n'), [['5" wide', "1"]]);
});

Deno.test("rows know their line, whatever stands before them, and empty lines are counted", () => {
  const { rows, emptyLines } = splitCsv('"a\nb",1\n\n,\nc,2\n\n');
  assertEquals(rows.map(({ line }) => line), [1, 5]);
  assertEquals(emptyLines, 3);
  const tabs = splitTsv("\na\t1\r\n \n\nb\t2\n");
  assertEquals(tabs.rows.map(({ line }) => line), [2, 5]);
  assertEquals(tabs.emptyLines, 3);
  assertEquals(splitTsv("a\tb", false).rows[0].cells, ["a\tb"]);
});

Deno.test("a quote out of place is refused by its line", () => {
  assertThrows(() => splitCsv('a,1\n"b,2\nc,3\n'), Error, "line 2: a quote is out of place");
  assertThrows(() => splitCsv('a,1\n\n"b"c,2\n'), Error, "line 3: a quote is out of place");
});

Deno.test("a cell of megabytes, and a line of a million cells, are read at once", () => {
  const long = "x".repeat(2e7);
  assertEquals(splitCsv(`"${long}",1\n`).rows[0].cells[0].length, 2e7);
  const begin = performance.now();
  assertEquals(splitCsv("a,".repeat(1e6) + "b").rows[0].cells.length, 1e6 + 1);
  assert(performance.now() - begin < 5000);
});
