import { assert, assertEquals } from "@std/assert";
import { IdList } from "../tokenizers/base_tokenizer.ts";
import { PreTokenCache } from "../tokenizers/bpe/pre_token_cache.ts";
import { seededNumbers } from "./_tokenizer_data.ts";

/** What is remembered of a word; remembers it if it is new. */
function idsOf(
  cache: PreTokenCache,
  word: string,
  ids: readonly number[],
): { known: boolean; ids: number[] } {
  const entry = cache.find(`<${word}>`, 1, 1 + word.length), known = cache.has(entry), list = new IdList();
  if (!known) cache.set(entry, Int32Array.from([...ids, 7, 7]), ids.length);
  list.push(5);
  cache.copy(entry, list);
  assertEquals(list.ids[0], 5, "ids are added behind those that are there");
  return { known, ids: [...list.ids.subarray(1, list.length)] };
}

Deno.test("PreTokenCache gives back the ids that were set, of any number", () => {
  const below = seededNumbers(15), cache = new PreTokenCache(), expected = new Map<string, number[]>();
  for (let i = 0; i < 10_000; i++) {
    const word = String(below(3000)),
      ids = expected.get(word) ?? Array.from({ length: below(6) }, () => below(9));
    assertEquals(idsOf(cache, word, ids), { known: expected.has(word), ids });
    expected.set(word, ids);
    assertEquals(cache.size, expected.size);
  }
});

Deno.test("PreTokenCache forgets everything when it is full, by number or by length, and continues", () => {
  const longWord = (index: number) => String(index).padEnd(1 << 12, "x");
  for (const [most, wordOf] of [[1 << 17, String], [1 << 9, longWord]] as const) {
    const cache = new PreTokenCache();
    for (let index = 0; index < most; index++) idsOf(cache, wordOf(index), [index]);
    assertEquals(cache.size, most);
    assertEquals(idsOf(cache, wordOf(most), [1, 2]), { known: false, ids: [1, 2] });
    assertEquals(cache.size, 1);
    assertEquals(idsOf(cache, wordOf(0), [3]), { known: false, ids: [3] });
    assert(idsOf(cache, wordOf(most), []).known);
  }
});
