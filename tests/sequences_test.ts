import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { fitSequences, packDocuments, padSequences } from "../data/sequences.ts";

const frame = { beginId: 0, endId: 2 };

Deno.test("packDocuments: full sequences that give the documents back", () => {
  const documents = [11, 1, 0, 30, 5].map((length, index) =>
    Uint32Array.from({ length }, (_, place) => 100 * (index + 1) + place)
  );
  for (const contextLength of [2, 3, 7, 8, 64]) {
    const packed = packDocuments(documents, { ...frame, contextLength });
    for (const [index, sequence] of packed.entries()) {
      assertEquals(sequence[0], 0);
      if (index < packed.length - 1) assertEquals(sequence.length, contextLength);
    }
    const stream = packed.flatMap((sequence) => [...sequence.subarray(1)]);
    const expected = documents.flatMap((document) => document.length ? [...document, 2] : []);
    assertEquals(stream, expected);
  }
});

Deno.test("packDocuments refuses no tokens, and sequences without room", () => {
  assertThrows(
    () => packDocuments([], { ...frame, contextLength: 8 }),
    RangeError,
    "Cannot pack documents without",
  );
  assertThrows(
    () => packDocuments([Uint32Array.of(5)], { ...frame, contextLength: 1 }),
    RangeError,
    "Cannot pack into sequences of 1 tokens",
  );
});

Deno.test("fitSequences: what fits stays, what is too long is refused or keeps its last token", () => {
  const short = Uint32Array.of(0, 5, 2), long = Uint32Array.of(0, 5, 6, 7, 8, 2);
  assertStrictEquals(fitSequences([short], { contextLength: 3 })[0], short);
  assertThrows(
    () => fitSequences([long, short, long.subarray(1)], { contextLength: 4 }),
    RangeError,
    "2 of 3 texts have more tokens than the 4 of the context, up to 6: truncate them, or use a longer context",
  );
  assertEquals(fitSequences([short, long], { contextLength: 4, truncate: true }), [
    short,
    Uint32Array.of(0, 5, 6, 2),
  ]);
  assertThrows(
    () => fitSequences([short, new Uint32Array()], { contextLength: 4 }),
    RangeError,
    "Sequence 2 is empty",
  );
});

Deno.test("padSequences: rows that are left over are padding of length 1", () => {
  const { inputs, lengths } = padSequences([Uint32Array.of(7, 8)], {
    batchSize: 2,
    contextLength: 3,
    padId: 9,
  });
  assertEquals([...inputs], [7, 8, 9, 9, 9, 9]);
  assertEquals([...lengths], [2, 1]);
});
