import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { colouredPage, type ColouredToken, MOST_COLOURED } from "../plots/mod.ts";

const HOSTILE = [
  "</script><script>alert(1)</script>",
  "<!--",
  "<img src=x onerror=alert(1)>",
  "\u2028",
  "\u202e",
  "&lt;",
  '"',
  "'",
  "\\",
  "`${1}",
  "\x00\x1b[2J",
  "\ud800",
  "שלום",
  "a".repeat(10_000),
];

const spansOf = (page: string) =>
  Array.from(
    page.match(/<div id="text"[^>]*>([^]*?)<\/div>/)![1].matchAll(
      /<span(?: class="(\w+)")?>([^<]*)<\/span>/g,
    ),
    ([, level, text]) => [level, text],
  );

const aboutOf = (page: string) => JSON.parse(page.match(/^const ABOUT = (.*);$/m)![1]);

Deno.test("a page has the text, the level of each token, and the figures of its tokens", () => {
  const tokens: ColouredToken[] = [
    { text: "a" },
    { text: " b", loss: 0.0512345, optimal: 0, skill: "recall" },
    { text: "c\n", loss: 3, optimal: 1.5, skill: "plot" },
    { text: "d", loss: 1, optimal: 3, skill: "recall" },
  ];
  const page = colouredPage(tokens, { title: "mine", subtitle: "a text" });
  assertEquals(spansOf(page), [["faint", "a"], [undefined, " b"], ["l5", "c↵\n"], ["l0", "d"]]);
  assertEquals(aboutOf(page), {
    skills: ["recall", "plot"],
    figures: [[null, null, null], [0.05123, 0, 0], [3, 1.5, 1], [1, 3, 0]],
  });
  for (
    const text of ["<h1>mine</h1>", "<p>a text</p>", ">−1…−0.1</span>", "loss above the optimum, in nats"]
  ) {
    assertStringIncludes(page, text);
  }
  assertStringIncludes(
    page,
    "<p>3 predicted tokens: mean loss 1.3504 nats, optimal 1.5000, excess -0.1496</p>",
  );
  assertEquals(
    page,
    colouredPage(tokens.map((token) => ({ ...token })), { title: "mine", subtitle: "a text" }),
  );
});

Deno.test("no text of a page is taken for HTML or code, and the page asks for nothing else", () => {
  for (const word of HOSTILE) {
    const tokens = [{ text: word, loss: 1, optimal: 0, skill: word }, { text: "x", loss: 1 }];
    const page = colouredPage(tokens, { title: word, subtitle: word });
    assertEquals(page.match(/<\/?script/g), ["<script", "</script"], word);
    assertEquals(page.match(/<!--|<img/g), null, word);
    // deno-lint-ignore no-control-regex
    assert(!/[\u2028\u202e\x00\x1b]/.test(page) && page.isWellFormed(), word);
    assertEquals([spansOf(page).length, aboutOf(page).figures.length], [2, 2]);
  }
  const page = colouredPage([{ text: "a", loss: 1 }], { title: "x" });
  assertStringIncludes(page, "default-src 'none'");
  assertEquals(page.match(/https?:|\bsrc=|@import|url\(/g), null);
});

Deno.test("a page for dark and light, of at most so many tokens", () => {
  const tokens = Array.from({ length: MOST_COLOURED.page + 5 }, () => ({ text: "a", loss: 1 }));
  const page = colouredPage(tokens, { title: "long" });
  assertEquals(spansOf(page).length, MOST_COLOURED.page);
  assertStringIncludes(page, "<p>Shown are the first 20,000 of 20,005 tokens.</p>");
  assertStringIncludes(page, "@media (prefers-color-scheme: dark) {\nbody { background: #17191d;");
});

Deno.test("the script of a page shows the figures of the token that is pointed at", () => {
  const page = colouredPage(
    [{ text: "a" }, { text: "b\n", loss: Math.log(4), optimal: 0, skill: "recall" }],
    {
      title: "x",
    },
  );
  const listeners: Record<string, (event: unknown) => void> = {},
    box = { left: 0, top: 0, bottom: 9, width: 9, height: 9 };
  const element = (textContent: string) => ({
    textContent,
    classList: new Set<string>(),
    style: {},
    getClientRects: () => [box],
    getBoundingClientRect: () => box,
    scrollIntoView() {},
  });
  const children = ["a", "b↵\n"].map((text) => ({ ...element(text), classList: { add() {}, remove() {} } }));
  const listen = (name: string, listener: (event: unknown) => void) => listeners[name] = listener;
  const parts: Record<string, ReturnType<typeof element> | object> = {
    text: { children, addEventListener: listen },
    pointed: element(""),
  };
  const script = page.match(/<script>\n([^]*)<\/script>/)![1];
  const run = new Function("document", "innerWidth", "innerHeight", "addEventListener", script);
  run({ getElementById: (id: string) => parts[id] }, 800, 600, () => {});
  const pointed = parts.pointed as { textContent: string };
  listeners.mousemove({ target: children[1] });
  assertEquals(
    pointed.textContent,
    "token 2: b↵\nmodel: p 0.25, loss 1.386\noracle: p 1, loss 0.000\nexcess: 1.386\nskill: recall",
  );
  listeners.keydown({ key: "ArrowLeft", preventDefault() {} });
  assertEquals(pointed.textContent, "token 1: a\nnot predicted");
  listeners.mouseleave({});
  assertEquals(pointed.textContent, "");
});
