import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { escapeHtml, labPage } from "../commands/lab_report/lab_page.ts";

const EVIL = `</style><script>alert("1")</script>&'\x1b[31m`;

Deno.test("texts are escaped, wherever they stand", () => {
  const page = labPage(EVIL, EVIL, [{
    heading: EVIL,
    texts: [EVIL],
    entries: [{ name: EVIL, text: EVIL }],
    table: { headings: [EVIL], rows: [[{ text: EVIL }, { text: EVIL, strong: true, heat: 1, hint: EVIL }]] },
    commands: [{ name: EVIL, lines: [EVIL] }],
    notes: [EVIL],
  }]);
  assert(!page.includes("<script>") && !page.includes("\x1b"));
  assertEquals(page.match(/<\/style>/g)!.length, 1, "that of the page");
  assertEquals(page.split(escapeHtml(EVIL)).length - 1, 14);
  assertEquals(escapeHtml(`<a href="b">&'`), "&#60;a href=&#34;b&#34;&#62;&#38;&#39;");
});

Deno.test("the page asks for nothing: no script, no address, and a policy that forbids them", () => {
  const page = labPage("a lab", "lead", [{ heading: "none" }]);
  assertStringIncludes(
    page,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
  );
  assert(!/<script|<link|<img|https?:|url\(/.test(page));
  assertMatch(page, /prefers-color-scheme: dark/);
  assertMatch(page, /<meta name="viewport"/);
});

Deno.test("rows have names, cells their colour and hint", () => {
  const page = labPage("a lab", "", [{
    heading: "skills",
    table: {
      headings: ["variant", "recall"],
      rows: [[{ text: "a" }, { text: "1", heat: 0.5, strong: true, hint: "± 0.1" }], [{ text: "b" }, {
        text: "2",
        heat: -2,
      }], [{ text: "c" }, { text: "3", heat: 0 }]],
    },
  }]);
  assertStringIncludes(
    page,
    `<tr><th scope="row">a</th><td class="worse" style="--share: 50%" title="± 0.1"><b>1</b></td></tr>`,
  );
  assertStringIncludes(
    page,
    `<tr><th scope="row">b</th><td class="better" style="--share: 100%">2</td></tr>`,
  );
  assertStringIncludes(page, `<tr><th scope="row">c</th><td>3</td></tr>`);
});

Deno.test("pictures keep their own names, and can shrink", () => {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" class="marks" width="600" height="300" viewBox="0 0 600 300"><clipPath id="clip0"/><g clip-path="url(#clip0)"/></svg>\n`;
  const page = labPage("two", "", [1, 2].map((n) => ({ heading: `${n}`, picture: { name: `${n}`, svg } })));
  assertEquals([...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id), ["p0-clip0", "p1-clip0"]);
  assertEquals([...page.matchAll(/url\(#([^)]*)\)/g)].map(([, id]) => id), ["p0-clip0", "p1-clip0"]);
  assertStringIncludes(page, `style="--width: 600px" viewBox="0 0 600 300"`);
});
