import { assertEquals, assertThrows } from "@std/assert";
import {
  BARE_FRAME,
  fillFrame,
  robertaFrame,
  type SpecialToken,
  SpecialTokenFinder,
} from "../tokenizers/special_tokens.ts";

function token(content: string, id: number, wishes: Partial<SpecialToken> = {}): SpecialToken {
  return { content, id, leftStrip: false, rightStrip: false, singleWord: false, special: true, ...wishes };
}

function cut(text: string, ...tokens: SpecialToken[]): (string | number)[] {
  const segments = [...new SpecialTokenFinder(tokens).segments(text)];
  for (let i = 0; i < segments.length; i++) {
    assertEquals(segments[i].start, i === 0 ? 0 : segments[i - 1].end);
  }
  return segments.map(({ start, end, id }) => id ?? text.slice(start, end));
}

Deno.test("the leftmost token counts, and of two in one place the longer", () => {
  assertEquals(cut("x<a><b>y<a>", token("<a>", 1), token("<a><b>", 2), token("<b>", 3)), ["x", 2, "y", 1]);
  assertEquals(cut("abc", token("bc", 1), token("ab", 2)), [2, "c"]);
});

Deno.test("stripping takes white space of all kinds, and nothing twice", () => {
  const mask = token("<m>", 1, { leftStrip: true });
  const greedy = token("<r>", 2, { rightStrip: true });
  assertEquals(cut("a \n\u3000<m> b", mask), ["a", 1, " b"]);
  assertEquals(cut("a <r> \t<m> b", mask, greedy), ["a ", 2, 1, " b"]);
  assertEquals(cut("  <m>", mask), [1]);
  assertEquals(cut("a<r>\n\nb", greedy, token("\n\n", 3)), ["a", 2, "b"]);
});

Deno.test("a single word is not found inside another", () => {
  const now = token("now", 1, { singleWord: true });
  assertEquals(cut("now, know, nowhere; now_ (now) 😀now now2", now), [
    1,
    ", know, nowhere; now_ (",
    1,
    ") 😀",
    1,
    " now2",
  ]);
});

Deno.test("characters that mean something in patterns mean themselves", () => {
  const contents = ["<|end|>", "a.b", "(x)*", "[^]", "\\d", "$", "{1}", "+?"];
  const tokens = contents.map((content, id) => token(content, id));
  assertEquals(cut(contents.join("-"), ...tokens), contents.flatMap((_, id) => id === 0 ? [0] : ["-", id]));
  assertEquals(cut("acb 1 xxx", ...tokens), ["acb 1 xxx"]);
  assertEquals(cut("", ...tokens), []);
});

Deno.test("frames hold one text or two", () => {
  const [text, pair] = [Uint32Array.of(7, 8), Uint32Array.of(9)];
  assertEquals([...fillFrame(robertaFrame(0, 2), text)], [0, 7, 8, 2]);
  assertEquals([...fillFrame(robertaFrame(0, 2), text, pair)], [0, 7, 8, 2, 2, 9, 2]);
  assertThrows(() => fillFrame(BARE_FRAME, text, pair), TypeError, "no special tokens to separate them");
});
