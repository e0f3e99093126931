import { assertEquals } from "@std/assert";
import { BYTE_SYMBOLS } from "../tokenizers/bpe/byte_symbols.ts";
import { TokenBytes } from "../tokenizers/bpe/token_bytes.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("TokenBytes: tokens stand for bytes, literal ones and those with other characters for themselves", () => {
  const tokens = ["Ġa", undefined, "<s>", "ÃĀ", "日", "Ã"],
    bytes = new TokenBytes(tokens, new Set(["<s>", "Ã"]));
  const expected = [" a", "", "<s>", "", "日", "Ã"].map(encode);
  expected[3] = Uint8Array.of(0xc3, 0);
  const target = new Uint8Array(20);
  for (const [id, own] of expected.entries()) {
    assertEquals(bytes.of(id), own);
    assertEquals(bytes.lengthOf(id), own.length);
    assertEquals(bytes.copy(id, target.fill(9), 3), own.length);
    assertEquals(target.slice(0, 4 + own.length), Uint8Array.of(9, 9, 9, ...own, 9));
  }
});

Deno.test("TokenBytes: a vocabulary of any size fits", () => {
  const tokens = Array.from({ length: 3000 }, (_, id) => BYTE_SYMBOLS[id % 256].repeat(1 + id % 5));
  const bytes = new TokenBytes(tokens, new Set());
  for (const id of [0, 1, 255, 256, 2999]) {
    assertEquals(bytes.of(id), new Uint8Array(1 + id % 5).fill(id % 256));
  }
});
