import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/hugging_face/hugging_face.ts";
import { CAUSAL_SPECIAL_TOKENS, MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import {
  encodeDocuments,
  fingerprintOfDocuments,
  readTokenFile,
  writeTokenFile,
} from "../tokenizers/token_file.ts";
import { seededNumbers } from "./_tokenizer_data.ts";

const tokenizer = "0123456789abcdef";
const text = "00000000000000ff";

Deno.test("ids come back, small and large", () => {
  const below = seededNumbers(9);
  for (const bound of [2, 0xffff, 0x10000, 0x10001, 2 ** 24]) {
    const ids = Uint32Array.from({ length: 1000 }, () => below(bound));
    ids[500] = bound - 1;
    const bytes = writeTokenFile({ ids, tokenizer, text });
    assertEquals(bytes.length, 40 + 1000 * (bound <= 0x10000 ? 2 : 4));
    assertEquals(readTokenFile(bytes), { ids, tokenizer, text });
    // Not all bytes begin where their buffer does.
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    assertEquals(readTokenFile(shifted.subarray(3)).ids, ids);
  }
  assertEquals(readTokenFile(writeTokenFile({ ids: new Uint32Array(), tokenizer, text })).ids.length, 0);
});

Deno.test("any changed byte of the ids, and any lost one, is noticed", () => {
  const bytes = writeTokenFile({ ids: Uint32Array.of(1, 2, 300), tokenizer, text });
  for (let i = 40; i < bytes.length; i++) {
    const altered = bytes.slice();
    altered[i] ^= 1;
    assertThrows(() => readTokenFile(altered), RangeError, "altered");
  }
  assertThrows(() => readTokenFile(bytes.subarray(0, 45)), RangeError, "has 45 bytes, expected 46");
  assertThrows(() => readTokenFile(bytes.subarray(0, 20)), RangeError, "not a token file");
  assertThrows(() => readTokenFile(new Uint8Array(100)), RangeError, "not a token file");
});

Deno.test("documents end with the token that ends one", () => {
  const causal = CharTokenizer.fromText("ab", { specialTokens: CAUSAL_SPECIAL_TOKENS });
  assertEquals([...encodeDocuments(causal, ["ab", "", "b"])], [1, 2, 0, 0, 2, 0]);
  const masked = CharTokenizer.fromText("ab", { specialTokens: MASKED_SPECIAL_TOKENS });
  assertEquals([...encodeDocuments(masked, ["a", "b"])], [4, 2, 5, 2]);
  const ofBert = loadTokenizer({ "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n" });
  assertEquals([...encodeDocuments(ofBert, ["a", "a a"])], [4, 3, 4, 4, 3]);
  assertEquals([...encodeDocuments(CharTokenizer.fromText("ab"), ["a", "b"])], [0, 1]);
});

Deno.test("the fingerprint of documents knows their borders", () => {
  assertNotEquals(fingerprintOfDocuments(["ab", "c"]), fingerprintOfDocuments(["a", "bc"]));
  assertNotEquals(fingerprintOfDocuments(["abc"]), fingerprintOfDocuments(["abc", ""]));
  assertEquals(fingerprintOfDocuments(["ab", "c"]), fingerprintOfDocuments(new Set(["ab", "c"])));
});
