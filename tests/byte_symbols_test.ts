import { assert, assertEquals } from "@std/assert";
import { BYTE_SYMBOLS, bytesOfToken, writeUtf8 } from "../tokenizers/bpe/byte_symbols.ts";
import { randomText, seededNumbers } from "./_tokenizer_data.ts";

Deno.test("every byte has a printable character of its own, and the way back", () => {
  assertEquals(BYTE_SYMBOLS.length, 256);
  assertEquals(new Set(BYTE_SYMBOLS).size, 256);
  for (const [byte, symbol] of BYTE_SYMBOLS.entries()) {
    assert(/^[^\p{White_Space}\p{Cc}\p{Cf}]$/u.test(symbol), `byte ${byte}`);
    assertEquals(bytesOfToken(symbol), Uint8Array.of(byte));
  }
  assertEquals([" ", "\n", "!", "~", "\u00ad", "ÿ"].map((c) => BYTE_SYMBOLS[c.charCodeAt(0)]), [..."ĠĊ!~Ńÿ"]);
});

Deno.test("a character that stands for no byte makes a token no bytes", () => {
  assertEquals(bytesOfToken("Ġthe"), new TextEncoder().encode(" the"));
  assertEquals(bytesOfToken(""), new Uint8Array());
  for (const token of ["a b", "a\n", "日", "\u00ad", "\u0144", "😀"]) {
    assertEquals(bytesOfToken(token), undefined);
  }
});

Deno.test("writeUtf8 writes what the platform writes, of any stretch", () => {
  const below = seededNumbers(11), bytes = new Uint8Array(200), encoder = new TextEncoder();
  for (let i = 0; i < 5000; i++) {
    const text = randomText(below, below(30)), start = below(text.length + 1);
    const end = start + below(text.length + 1 - start);
    const length = writeUtf8(text, start, end, bytes);
    assertEquals(bytes.slice(0, length), encoder.encode(text.slice(start, end)), JSON.stringify(text));
  }
});
