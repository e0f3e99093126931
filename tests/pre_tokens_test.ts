import { assertEquals } from "@std/assert";
import { nextPreToken, PRE_TOKEN_PATTERN } from "../tokenizers/bpe/pre_tokens.ts";
import { hasGolden, randomText, readGolden, readGoldenJson, seededNumbers } from "./_tokenizer_data.ts";

function cut(text: string): string[] {
  const preTokens = [];
  for (let start = 0, end; start < text.length; start = end) {
    end = nextPreToken(text, start, text.length);
    preTokens.push(text.slice(start, end));
  }
  return preTokens;
}

Deno.test("the hand-written cut equals the pattern on 50,000 random texts", () => {
  const below = seededNumbers(6);
  for (let i = 0; i < 50_000; i++) {
    const text = randomText(below, 1 + below(20));
    assertEquals(cut(text), text.match(PRE_TOKEN_PATTERN), JSON.stringify(text));
  }
});

Deno.test({
  name: "the hand-written cut equals the pattern on the edge lines",
  ignore: !hasGolden,
  fn() {
    const text = readGolden("edge.txt");
    assertEquals(cut(text), text.match(PRE_TOKEN_PATTERN));
  },
});

Deno.test("a cut looks no further than the end it is given", () => {
  assertEquals(nextPreToken("it's 'really 12", 2, 3), 3);
  assertEquals(nextPreToken("it's 'really 12", 5, 7), 6);
  assertEquals(nextPreToken("a   b", 1, 4), 4);
  assertEquals(nextPreToken("a   b", 1, 5), 3);
  assertEquals(nextPreToken("a 12", 1, 2), 2);
});

Deno.test({
  name: "letters, numbers and white space are those of Hugging Face and tiktoken",
  ignore: !hasGolden,
  fn() {
    const classes = readGoldenJson("classes.json");
    for (const [name, pattern] of [["L", /\p{L}/u], ["N", /\p{N}/u], ["s", /\p{White_Space}/u]] as const) {
      const expected = new Uint8Array(0x110000);
      for (const range of classes[name] as string[]) {
        const [first, last = first] = range.split("-").map((hexadecimal) => parseInt(hexadecimal, 16));
        expected.fill(1, first, last + 1);
      }
      const missing: string[] = [];
      const added: string[] = [];
      for (let c = 0; c < 0x110000; c++) {
        if (Number(pattern.test(String.fromCodePoint(c))) === expected[c]) continue;
        (expected[c] ? missing : added).push("U+" + c.toString(16).toUpperCase().padStart(4, "0"));
      }
      assertEquals(missing, [], `this engine does not count these as \\p{${name}}`);
      // Unicode grows: an engine with newer data than the golden files (Unicode 16) is no error, but worth knowing.
      if (added.length > 0) console.log(`this engine also counts as \\p{${name}}: ${added.join(" ")}`);
    }
  },
});
