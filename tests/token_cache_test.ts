import { assertEquals } from "@std/assert";
import { cachedIds } from "../commands/texts/token_cache.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";

Deno.test("ids are encoded once for a text and a tokenizer, and again when the file is not theirs", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/run/train.ids`, ids = Uint32Array.of(0, 1, 2);
    const tokenizer = CharTokenizer.fromText("abc"), other = CharTokenizer.fromText("abcd");
    /** Whether documents are encoded by a call. */
    const isEncoded = async (used: CharTokenizer, documents: string[]) => {
      let encoded = false;
      const watched = Object.create(used, {
        fingerprint: { value: used.fingerprint },
        idOf: { value: (token: string) => used.idOf(token) },
        encode: { value: (text: string) => (encoded = true, used.encode(text)) },
      });
      assertEquals(await cachedIds(path, watched, documents), ids);
      return encoded;
    };
    assertEquals(await isEncoded(tokenizer, ["ab", "c"]), true, "missing");
    assertEquals(await isEncoded(tokenizer, ["ab", "c"]), false);
    assertEquals(await isEncoded(tokenizer, ["a", "bc"]), true, "of other documents");
    assertEquals(await isEncoded(other, ["a", "bc"]), true, "of another tokenizer");
    assertEquals(await isEncoded(other, ["a", "bc"]), false);

    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 1] ^= 1;
    for (const damaged of [bytes, bytes.subarray(0, 43)]) {
      await Deno.writeFile(path, damaged);
      assertEquals(await isEncoded(other, ["a", "bc"]), true, "damaged");
    }
    assertEquals(await isEncoded(other, ["a", "bc"]), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
