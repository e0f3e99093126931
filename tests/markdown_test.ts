import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { codeBlock, inlineCode, markdownTable, shortList } from "../commands/reports/markdown.ts";

/** The content of a code span by the rules of CommonMark, if the whole text is one code span. */
function readSpan(markdown: string): string | undefined {
  const [, fence, content] = markdown.match(/^(`+)([^]*[^`]|[^`])\1$/) ?? [];
  if (fence === undefined) return undefined;
  if ([...content.matchAll(/`+/g)].some(([run]) => run.length === fence.length)) return undefined;
  return /^ .* $/.test(content) && content.trim() !== "" ? content.slice(1, -1) : content;
}

/** The content of a block of code by the rules of CommonMark, if the whole text is one block. */
function readBlock(markdown: string): string | undefined {
  const lines = markdown.split("\n"), fence = lines[0].match(/^`{3,}/)?.[0] ?? "";
  const isEnd = (line: string) => /^ {0,3}`+\s*$/.test(line) && line.trim().length >= fence.length;
  const end = lines.findIndex((line, index) => index > 0 && isEnd(line));
  return fence !== "" && end === lines.length - 1 ? lines.slice(1, -1).join("\n") : undefined;
}

Deno.test("what is written as code stays code, whatever it holds", () => {
  const pieces = ["`", "``", "```", " ", "a", "|", "<b>", "](x)", "# ", "---", "~~~", "$", "\\"];
  const line = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(line, (text) => {
      if (text.trim() !== "") assertEquals(readSpan(inlineCode(text)), text);
      else assert(!/[`<|]/.test(inlineCode(text)));
    }),
    { numRuns: 3000, seed: 1 },
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      const text = lines.join("\n");
      assertEquals(readBlock(codeBlock(text)), text.replace(/\n$/, ""));
    }),
    { numRuns: 3000, seed: 1 },
  );
});

Deno.test("names are on one line, without characters that control a terminal, and cut where they are long", () => {
  assertEquals(inlineCode("a\n# b\x1b[31m\u202e"), "`a\\n# b\\x1b[31m\\u202e`");
  assertEquals(inlineCode("x".repeat(500), 10), "`xxxxxxxxx…`");
  assertEquals([inlineCode(""), inlineCode("  ")], ["(empty)", '"  "']);
  assertEquals(codeBlock("a\n\tb\x07\n"), "```text\na\n\tb\\x07\n```");
});

Deno.test("a table has a cell for each value, whatever is in it", () => {
  const table = markdownTable([["name", "value", ""], [inlineCode("a|b"), "1", "█"]]);
  assertEquals(table, "| name | value |  |\n| --- | ---: | --- |\n| `a\\|b` | 1 | █ |");
});

Deno.test("of a long list the beginning is shown, and how many are left out", () => {
  assertEquals(shortList(["a", "b"], 2), "`a`, `b`");
  assertEquals(shortList(["a", "b", "c", "d"], 2), "`a`, `b` and 2 others");
  assertMatch(shortList(Array(1e5).fill("x".repeat(1e3)), 10), /^.{2000,2200} and 99990 others$/);
});
