import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { pageBeginning } from "../plots/page_beginning.ts";

Deno.test("a page may run a script only if it has one, and fetch nothing", () => {
  const policyOf = (page: string) =>
    page.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1];
  const plain = { heading: "A &amp; B", style: "p { color: red }" };
  assertEquals(policyOf(pageBeginning(plain)), "default-src 'none'; style-src 'unsafe-inline'");
  assertEquals(
    policyOf(pageBeginning({ ...plain, isScripted: true })),
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
  );
});

Deno.test("a page begins with its title and style, and its body is open", () => {
  const page = pageBeginning({ heading: "A &amp; B", style: "p { color: red }" });
  assertMatch(page, /^<!doctype html>\n<html lang="en">\n/);
  assertStringIncludes(page, "<title>A &amp; B</title>\n<style>p { color: red }</style>\n</head>\n<body>\n");
});
