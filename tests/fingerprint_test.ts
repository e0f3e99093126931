import { assertEquals, assertNotEquals } from "@std/assert";
import { fingerprintOf } from "../tokenizers/fingerprint.ts";

Deno.test("fingerprints are 64-bit FNV-1a", () => {
  // From the test vectors of the algorithm's authors.
  assertEquals(fingerprintOf(""), "cbf29ce484222325");
  assertEquals(fingerprintOf("a"), "af63dc4c8601ec8c");
  assertEquals(fingerprintOf("foobar"), "85944171f73967e8");
  assertEquals(fingerprintOf("chongo was here!\n"), "46810940eff5f915");
});

Deno.test("fingerprints equal those of arithmetic with big integers, of texts and of their bytes", () => {
  for (const text of ["ä€😀", "x".repeat(1000), "\0\0", "\0"]) {
    const bytes = new TextEncoder().encode(text);
    let hash = 0xcbf29ce484222325n;
    for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    assertEquals(fingerprintOf(text), hash.toString(16).padStart(16, "0"));
    assertEquals(fingerprintOf(bytes), fingerprintOf(text));
  }
  assertNotEquals(fingerprintOf("\0\0"), fingerprintOf("\0"));
});
