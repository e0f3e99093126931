import { assertEquals } from "@std/assert";
import { cachedIds } from "../commands/texts/token_cache.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";

Deno.test("ids are encoded once for a text and a tokenizer, and again when the file is not theirs", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/run/train.ids`;
    const tokenizer = CharTokenizer.fromText("abc");
    const other = CharTokenizer.fromText("abcd");
    const ids = Uint32Array.of(0, 1, 2);
    assertEquals(await cachedIds(path, tokenizer, ["ab", "c"]), { ids, origin: "missing" });
    assertEquals(await cachedIds(path, tokenizer, ["ab", "c"]), { ids, origin: "kept" });
    assertEquals(await cachedIds(path, tokenizer, ["a", "bc"]), { ids, origin: "stale" });
    assertEquals(await cachedIds(path, other, ["a", "bc"]), { ids, origin: "stale" });
    assertEquals(await cachedIds(path, other, ["a", "bc"]), { ids, origin: "kept" });

    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 1] ^= 1;
    await Deno.writeFile(path, bytes);
    assertEquals(await cachedIds(path, other, ["a", "bc"]), { ids, origin: "damaged" });
    await Deno.writeFile(path, bytes.subarray(0, 43));
    assertEquals(await cachedIds(path, other, ["a", "bc"]), { ids, origin: "damaged" });
    assertEquals(await cachedIds(path, other, ["a", "bc"]), { ids, origin: "kept" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
