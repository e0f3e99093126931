import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { builtInTales, splitTexts } from "../checkpoints/runs/texts.ts";

Deno.test("parts of texts join to the texts, and no character is cut", () => {
  const texts = fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 9 }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(texts, fc.double({ min: 0, max: 1, noNaN: true }), (texts, fraction) => {
      const [before, after] = splitTexts(texts, fraction);
      assertEquals([...before, ...after].join(""), texts.join(""));
      for (const text of [...before, ...after]) assert(text !== "" && text.isWellFormed());
      const wanted = fraction * texts.join("").length;
      assert(Math.abs(before.join("").length - wanted) <= 2);
    }),
    { numRuns: 40 },
  );
});

Deno.test("the built-in tales are the same each time, with the loss that is possible on them", () => {
  const { text, natsPerCharacter } = builtInTales();
  assertEquals(text, builtInTales().text);
  assert(text.length >= 1_250_000 && natsPerCharacter > 0 && natsPerCharacter < 0.2);
});
