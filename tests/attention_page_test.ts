import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { attentionFrame, attentionPage, keptFrames, pageUpTo } from "../plots/attention_page.ts";

const options = { title: "mine", tokens: ["a", " b"], layers: 1, heads: 2 };
const maps = [
  { layer: 0, head: 0, weights: Float32Array.of(1, 0, 0.25, 0.75) },
  { layer: 0, head: 1, weights: Float32Array.of(1, 0, 1, 0) },
];

Deno.test("a frame has the weights as bytes, and stands on one line", () => {
  assertEquals(
    attentionFrame(120, maps),
    `<script>frame(120,"${Uint8Array.of(255, 0, 64, 191, 255, 0, 255, 0).toBase64()}")</script>\n`,
  );
});

Deno.test("the same options give the same page", () => {
  assertEquals(attentionPage(options), attentionPage({ ...options }));
});

Deno.test("no text of a page is taken for HTML or code, and the page asks for nothing else", () => {
  const words = [
    "</script><script>alert(1)</script>",
    "<!--",
    "<script",
    "\u2028",
    "\u202e",
    "&lt;",
    '"',
    "\\",
    "`${1}",
  ];
  for (const word of words) {
    const page = attentionPage({ ...options, title: word, tokens: [word, "x"] });
    assertEquals(page.match(/<\/?script/g), ["<script", "</script"], word);
    assertEquals(page.includes("<!--"), false, word);
    const [, json] = page.match(/^const ABOUT = (.*);$/m)!;
    assertEquals(JSON.parse(json).tokens.length, 2);
    const title = page.match(/<title>(.*)<\/title>/)![1];
    assert(!/[<>]/.test(title) && !/[\u2028\u202e]/.test(page), title);
  }
  const page = attentionPage(options);
  assertStringIncludes(page, "default-src 'none'");
  assertEquals(page.match(/https?:|\bsrc=|@import|url\(/g), null);
});

Deno.test("frames up to a step are kept, and nothing else that is in the file", () => {
  const [first, second, third] = [0, 10, 200].map((step) => attentionFrame(step, maps));
  const page = attentionPage(options) + first + second + third;
  assertEquals(keptFrames(page, 10), first + second);
  assertEquals(keptFrames(page, Infinity), first + second + third);
  assertEquals(keptFrames(page + third.slice(0, 20), Infinity), first + second + third);
  for (
    const other of [
      "<script>frame(1,alert(1))</script>",
      '<script>frame(1,"AA");alert(1)</script>',
      ' <script>frame(1,"AA")</script>',
      '<script>frame(-1,"AA")</script>',
      '<script>frame(1,"A<A")</script>',
    ]
  ) assertEquals(keptFrames(`${first}${other}\n${second}`, 100), first + second, other);
});

Deno.test("a page is cut after a step, also within a line", () => {
  const [first, second] = [0, 10].map((step) => attentionFrame(step, maps)), head = attentionPage(options);
  for (
    const [page, step, cut] of [
      [head + first + second, 9, head + first],
      [head + first + second, 10, head + first + second],
      [head + first + second.slice(0, -9), 10, head + first],
      [head + first.slice(0, 20), 10, head],
      [head, 10, head],
      ["", 10, ""],
    ] as const
  ) assertEquals(pageUpTo(page, step), cut);
});
