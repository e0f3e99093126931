import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { longestCopy } from "../inference/longest_copy.ts";
import { makeTales } from "../data/tales.ts";

/** The longest common stretch by definition: every stretch of the text is looked up. */
function longestNaively(text: string, others: readonly string[]): number {
  const characters = Array.from(text);
  let longest = 0;
  for (let start = 0; start < characters.length; start++) {
    for (let end = start + 1; end <= characters.length; end++) {
      const stretch = characters.slice(start, end).join("");
      if (end - start > longest && others.some((other) => other.includes(stretch))) longest = end - start;
    }
  }
  return longest;
}

Deno.test("the longest copy is as long as the longest stretch that a search of all stretches finds", () => {
  // few letters, so that much is repeated; some of them take two UTF-16 units
  const text = fc.string({ unit: fc.constantFrom("a", "b", "🙂", "🙃"), maxLength: 30 });
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 3 }), (text, others) => {
      const copy = longestCopy(text, others);
      assert(copy === "" || text.includes(copy) && others.some((other) => other.includes(copy)), copy);
      assert(copy.isWellFormed(), copy);
      assertEquals(Array.from(copy).length, longestNaively(text, others));
    }),
    { numRuns: 5000, seed: 1 },
  );
});

Deno.test("a copy does not join the end of one text to the beginning of the next, and keeps spaces and line ends", () => {
  assertEquals(longestCopy("abcdef", ["xabc", "defy"]), "abc");
  assertEquals(longestCopy("on the\n mat", ["sat on the\n hat"]), "on the\n ");
  assertEquals(longestCopy("", ["abc"]), "");
  assertEquals(longestCopy("abc", []), "");
});

Deno.test("lone surrogates, which no well-formed text has, are characters like others", () => {
  assertEquals(longestCopy("a\ud83d", ["b\ud83d"]), "\ud83d");
  assertEquals(longestCopy("\ud83dx", ["🙂x"]), "x");
});

Deno.test("a generated text is compared with a megabyte in a moment", () => {
  const training = makeTales({ seed: 1, characters: 1_000_000 }).text;
  const copied = training.slice(700_000, 702_000);
  const begun = performance.now();
  assertEquals(longestCopy(`#${copied}#`, [training]), copied);
  // about 0.1 s; quadratic time would be hours
  assert(performance.now() - begun < 20_000);
});
