import { assertEquals } from "@std/assert";
import { labMarkdown } from "../commands/lab_report/lab_markdown.ts";

Deno.test("all parts of a section, in their order, with nothing interpreted", () => {
  const text = labMarkdown("A *lab*", "Two variants.", [{
    heading: "Curves",
    texts: ["First."],
    entries: [{ name: "one_head", text: "No difference." }, { name: "b", text: "c" }],
    picture: { name: "curves", svg: "<svg/>" },
    table: { headings: ["a", "b"], rows: [[{ text: "1" }, { text: "2", strong: true }]] },
    commands: [{ name: "one", lines: ["deno task train --seed=1", "deno task train --seed=2"] }],
    notes: ["<b>"],
  }, { heading: "Empty" }]);
  assertEquals(
    text,
    `# A \\*lab\\*

Two variants.

## Curves

First.

- **one\\_head**: No difference.
- **b**: c

![Curves](curves.svg)

| a | b |
| --- | ---: |
| 1 | **2** |

\`\`\`sh
deno task train --seed=1
deno task train --seed=2
\`\`\`

\\<b\\>

## Empty
`,
  );
});
