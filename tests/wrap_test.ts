import { assert, assertEquals } from "@std/assert";
import { formatFacts } from "../commands/cli/terminal.ts";
import { cutText, formatTable, padText, textWidth, wrapText } from "../commands/cli/wrap.ts";

const texts = [
  "data      the built-in tales: 1.13M training tokens, 125k validation tokens (characters, 50 tokens)",
  "    a line that begins with spaces, and has  two  of them between words",
  "文字文字文字文字文字文字文字文字 and 👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀 e\u0301e\u0301e\u0301e\u0301e\u0301",
  "a-very-long-name/".repeat(12),
  "",
];

Deno.test("no line is wider than the screen, no word is lost, and characters stay whole", () => {
  for (const text of texts) {
    for (let columns = 4; columns < 100; columns++) {
      for (const indent of [0, 10]) {
        const wrapped = wrapText(text, columns, indent), where = `${columns} columns: ${wrapped}`;
        for (const line of wrapped.split("\n")) assert(textWidth(line) <= columns, where);
        assertEquals(wrapped.replace(/\s+/g, ""), text.replace(/\s+/g, ""), where);
        assert(!/\n\s*[\u0301\u200d]/.test(wrapped), where);
      }
    }
  }
});

Deno.test("words that fit are never cut, and lines that fit are left as they are", () => {
  const text = texts[0], words = new Set(text.split(/\s+/));
  for (let columns = 40; columns < 100; columns++) {
    for (const word of wrapText(text, columns, 10).split(/\s+/)) assert(words.has(word), word);
  }
  assertEquals(wrapText("two  spaces\n\n  indented", 11), "two  spaces\n\n  indented");
  assertEquals(wrapText(texts[3], Infinity, 4), texts[3]);
});

Deno.test("a command line can still be copied", async () => {
  const line =
    `write     deno task generate --checkpoint 'my runs/a' --prompt "Anna  looked near" --temperature 0.8`;
  for (const columns of [30, 40, 60, 80]) {
    const wrapped = wrapText(line, columns, 10).replace(/^write +deno task/, "printf '[%s]'");
    const { stdout } = await new Deno.Command("sh", { args: ["-c", wrapped] }).output();
    assertEquals(
      new TextDecoder().decode(stdout),
      "[generate][--checkpoint][my runs/a][--prompt][Anna  looked near][--temperature][0.8]",
      wrapped,
    );
  }
});

Deno.test("facts are wrapped within their own column, and whole where there is no terminal", () => {
  const rows = [["data", "a text of some length"], ["run", "runs/a"]] as const;
  assertEquals(
    formatFacts(rows, 6, 18),
    "data  a text of\n      some length\nrun   runs/a",
  );
  assertEquals(formatFacts(rows, 6, Infinity), "data  a text of some length\nrun   runs/a");
});

Deno.test("widths count columns, not characters", () => {
  assertEquals(cutText("文字文字", 5), "文字…");
  assertEquals(cutText("文字文字", 8), "文字文字");
  assertEquals(textWidth(padText("e\u0301", 5)), 5);
});

Deno.test("the columns of a table are aligned by their width on the screen, and continue below", () => {
  const rows = [["is", "recall", "called 好评", "called 👩‍🚀"], ["好评", "0.750", "3", "1"], [
    "e\u0301",
    "1",
    "0",
    "44",
  ]];
  assertEquals(
    formatTable(rows, Infinity),
    "is    recall  called 好评  called 👩‍🚀\n" +
      "好评   0.750            3          1\n" +
      "e\u0301          1            0         44",
  );
  assertEquals(
    formatTable(rows, 20),
    "is    recall\n好评   0.750\ne\u0301          1\n\n" +
      "is    called 好评\n好评            3\ne\u0301               0\n\n" +
      "is    called 👩‍🚀\n好评          1\ne\u0301            44",
  );
  for (let columns = 0; columns < 40; columns++) {
    for (const table of formatTable(rows, columns).split("\n\n")) {
      assertEquals(new Set(table.split("\n").map(textWidth)).size, 1, table);
    }
  }
});

Deno.test("the texts of facts are aligned after names of wide characters", () => {
  assertEquals(formatFacts([["好评", "a"], ["b", "c"]], 6), "好评  a\nb     c");
});
