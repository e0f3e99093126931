import { assertEquals } from "@std/assert";
import * as core from "../core/quoted.ts";
import * as tokenizers from "../tokenizers/quoted.ts";

Deno.test("core/quoted.ts and tokenizers/quoted.ts are the same code", async () => {
  const [core, tokenizers] = await Promise.all(["core", "tokenizers"].map(async (room) => {
    const code = await Deno.readTextFile(new URL(`../${room}/quoted.ts`, import.meta.url));
    return code.slice(code.indexOf(" * @module"));
  }));
  assertEquals(core, tokenizers);
});

for (const [room, { escaped, quoted, shortened }] of Object.entries({ core, tokenizers })) {
  Deno.test(`${room}/quoted: what a file holds becomes a short text on one line`, () => {
    assertEquals(quoted(undefined), "missing");
    assertEquals(quoted(null), "null");
    assertEquals(quoted(1.5), "1.5");
    assertEquals(quoted('a "b"'), '"a \\"b\\""');
    assertEquals(quoted(JSON.parse('{"__proto__": [1], "b": true}')), '{"__proto__":[1],"b":true}');
    assertEquals(shortened("a\u2028b\u202ec\ud800"), "a\\u2028b\\u202ec\ufffd");
    assertEquals(escaped("\r\n\t\x1b]0;"), "\\u000d\\u000a\\u0009\\u001b]0;");
  });

  Deno.test(`${room}/quoted: neither depth nor length of a value matters`, () => {
    const deep = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
    assertEquals(quoted(deep), "[[[…]]]");
    assertEquals(quoted("x".repeat(1e6)).length, 82);
    assertEquals(quoted(Array.from({ length: 1e5 }, () => "\u0000".repeat(1e3))).length, 80);
    const wide = Object.fromEntries(
      Array.from({ length: 1e4 }, (_, i) => ["k".repeat(500) + i, [i, [i, [i]]]]),
    );
    assertEquals(quoted(wide).length, 80);
  });
}
