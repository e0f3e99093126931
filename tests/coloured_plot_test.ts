import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SaxesParser } from "saxes";
import { colouredPlot, type ColouredToken, MOST_COLOURED, toPng } from "../plots/mod.ts";

/** The elements of a picture; it throws where that is no XML. */
function elementsOf(svg: string) {
  const found: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: typeof found = [], parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    open.push({ name, attributes: attributes as Record<string, string>, text: "" });
    found.push(open.at(-1)!);
  });
  parser.on("text", (text) => {
    if (open.length > 0) open.at(-1)!.text += text;
  });
  parser.on("closetag", () => void open.pop());
  parser.write(svg).close();
  return found;
}

/** The lines of the text, by their height in the picture. */
function linesOf(svg: string): string[] {
  const lines = new Map<number, { x: number; text: string }[]>();
  for (const { attributes, text } of elementsOf(svg)) {
    if (!attributes.class?.endsWith(" glyph")) continue;
    const places = attributes.x.split(" ").map(Number);
    const line = lines.get(Number(attributes.y)) ?? [];
    lines.set(Number(attributes.y), line);
    if (places.length === 1) line.push({ x: places[0], text });
    else places.forEach((x, index) => line.push({ x, text: text[index] }));
  }
  return [...lines.values()].map((line) => line.sort((a, b) => a.x - b.x).map(({ text }) => text).join(""));
}

const characters = (text: string, loss?: number): ColouredToken[] =>
  Array.from(text, (text) => ({ text, loss }));

const backgroundsOf = (svg: string) =>
  elementsOf(svg).filter(({ name, attributes }) => name === "rect" && /^l\d$/.test(attributes.class)).slice(1)
    .map(({ attributes: { class: level, x, width } }) => [level, Number(x), Number(width)]);

Deno.test("lines break after a space, at a line end, or anywhere in a word that is too long", () => {
  const text = `${"word ".repeat(20)}\n\n${"x".repeat(160)}`;
  const lines = linesOf(colouredPlot(characters(text, 0), { title: "x" }));
  assertEquals(lines, [
    "word".repeat(15),
    "word".repeat(5) + "↵",
    "↵",
    "x".repeat(76),
    "x".repeat(76),
    "x".repeat(8),
  ]);
});

Deno.test("equal neighbours share a background, longer tokens have their own", () => {
  const svg = colouredPlot([
    { text: "a", loss: 1 },
    { text: "b", loss: 1 },
    { text: "c", loss: 0 },
    { text: " the", loss: 3 },
    { text: " cat", loss: 3 },
    { text: "d", loss: 3 },
    { text: "e" },
  ], { title: "x" });
  assertEquals(backgroundsOf(svg), [["l5", 16, 16], ["l6", 40, 31], ["l6", 72, 31], ["l6", 104, 8]]);
  assert(elementsOf(svg).some(({ attributes, text }) => attributes.class === "faint glyph" && text === "e"));
});

Deno.test("a token that is broken has a background on both lines", () => {
  const svg = colouredPlot([...characters("x".repeat(74), 0), { text: "long", loss: 9 }], { title: "x" });
  assertEquals(backgroundsOf(svg), [["l8", 608, 15], ["l8", 16, 15]]);
});

Deno.test("hostile texts leave the picture well-formed, and are drawn", async () => {
  const words = [
    "<script>alert(1)</script>",
    "&amp;",
    "]]>",
    "\x00\x1b\uffff\ud800",
    "\u202eabc",
    "שלום",
    "🐈‍⬛",
    "e\u0301",
    "漢字",
    "\t\r\n",
  ];
  for (const word of words) {
    const tokens = [...characters(word, 1), { text: word, loss: 2 }];
    const svg = colouredPlot(tokens, { title: word, subtitle: word });
    assertEquals(elementsOf(svg).filter(({ name }) => !/^(svg|style|rect|text)$/.test(name)), []);
    assert(svg.isWellFormed());
    assertEquals((await toPng(svg, { scale: 0.5 }))[0], 137);
  }
  assertEquals(linesOf(colouredPlot(characters("🐈漢e\u0301", 1), { title: "x" })), ["🐈漢e◌\u0301"]);
});

Deno.test("wide characters have two columns", () => {
  assertEquals(backgroundsOf(colouredPlot(characters("a漢🐈é", 2), { title: "x" })), [["l6", 16, 48]]);
  assertEquals(linesOf(colouredPlot(characters("漢".repeat(40), 2), { title: "x" })), [
    "漢".repeat(38),
    "漢漢",
  ]);
});

Deno.test("a picture is 640 pixels wide, as high as its text, and of at most so many tokens", () => {
  const heightOf = (svg: string) => Number(svg.match(/height="([\d.]+)"/)![1]);
  const [one, two] = [76, 77].map((length) =>
    colouredPlot(characters("a".repeat(length), 1), { title: "x" })
  );
  assertEquals(heightOf(two) - heightOf(one), 21);
  const long = colouredPlot(characters("a".repeat(MOST_COLOURED.picture + 1), 1), { title: "x".repeat(500) });
  assertStringIncludes(long, ">Shown are the first 4,000 of 4,001 tokens.</text>");
  assertEquals(linesOf(long).join("").length, 4000);
  for (const { name, attributes } of elementsOf(long)) {
    if (name === "rect") {
      assert(Number(attributes.x ?? 0) + Number(attributes.width) <= 640, attributes.class);
    }
  }
  assertStringIncludes(long, 'width="640"');
  assertEquals(colouredPlot([], { title: "x" }), colouredPlot([], { title: "x" }));
});
