import { assert, assertEquals } from "@std/assert";
import { writeTokens } from "../commands/texts/token_table.ts";
import { textWidth } from "../commands/cli/wrap.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";

const special = `<|${"long ".repeat(20)}|>`;
const tokenizer = CharTokenizer.fromText("a文\n\u2028\x1b", { specialTokens: [special] });
const ids = [...tokenizer.encode(`a文\n\u2028\x1b${special}`)];

/** What is shown of ids on a screen of so many columns. */
function shown(ids: readonly number[], columns: number): string {
  let text = "";
  const half = ids.length >> 1,
    parts = [ids.slice(0, half), ids.slice(half)].map((part) => Uint32Array.from(part));
  writeTokens(tokenizer, (take) => parts.forEach(take), { columns, write: (part) => void (text += part) });
  return text.trimEnd();
}

Deno.test("the columns of ids, tokens and pieces stay on a narrow screen", () => {
  for (const columns of [40, 60, 80]) {
    const lines = shown([...ids, ...ids, ...ids, ...ids], columns).split("\n");
    assert(lines.length > 4 * ids.length, "no token breaks a line");
    for (const line of lines) assert(textWidth(line) <= columns, `${columns}: ${line}`);
    const pieces = lines.slice(0, 5).map((line) => textWidth(line.slice(0, line.indexOf('"'))));
    assertEquals(new Set(pieces).size, 1, lines.join("\n"));
    assert(lines[5].includes('"<|long'), "a long token leaves room for its piece");
  }
});

Deno.test("where there is no terminal all of a token is shown, and what controls one as an escape", () => {
  const text = shown(ids, Infinity);
  assert(text.includes(`${special}  "${special}"`), text);
  assert(text.includes("\\u2028") && text.includes("\\x1b") && !text.includes("\x1b"), text);
});
