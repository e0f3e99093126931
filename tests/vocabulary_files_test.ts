import { assertEquals, assertThrows } from "@std/assert";
import {
  addToken,
  parseJson,
  readMerges,
  readVocabulary,
} from "../tokenizers/hugging_face/vocabulary_files.ts";

Deno.test("parseJson: only an object will do, and the file is named", () => {
  assertEquals(parseJson("vocab.json", `{ "a": 0 }`), { a: 0 });
  assertThrows(() => parseJson("vocab.json", "{"), TypeError, "Cannot read vocab.json: it is not JSON");
  for (const other of ["[]", "null", "3", '"a"']) {
    assertThrows(
      () => parseJson("x.json", other),
      TypeError,
      `Cannot read x.json: it holds ${other}, expected an object`,
    );
  }
});

Deno.test("readVocabulary: ids may come in any order and leave gaps", () => {
  const { tokens, idOf } = readVocabulary("vocab.json", { c: 4, a: 0, b: 1 });
  assertEquals(tokens, ["a", "b", undefined, undefined, "c"]);
  assertEquals([...idOf], [["c", 4], ["a", 0], ["b", 1]]);
  assertThrows(
    () => readVocabulary("vocab.json", ["a"]),
    TypeError,
    'vocab.json: it is ["a"], expected an object',
  );
});

Deno.test("addToken: the same token with the same id changes nothing, a clash names both", () => {
  const vocabulary = readVocabulary("vocab.json", { a: 0, b: 1 });
  addToken("added", "a", 0, vocabulary);
  addToken("added", "c", 2, vocabulary);
  assertEquals(vocabulary.tokens, ["a", "b", "c"]);
  const refuse = (token: string, id: unknown, message: string, kind: ErrorConstructor = RangeError) =>
    assertThrows(() => addToken("added", token, id, vocabulary), kind, `Cannot read added: ${message}`);
  refuse("d", 1, '"d" has id 1, but that is the id of "b"');
  refuse("a", 5, '"a" has id 5, but it has id 0 already');
  for (const id of [-1, 1.5, 2 ** 24, "3", null]) {
    refuse(
      "d",
      id,
      `the id of "d" is ${JSON.stringify(id)}, expected a whole number from 0 to 16777215`,
      TypeError,
    );
  }
  refuse("d", undefined, 'the id of "d" is missing', TypeError);
  assertEquals(vocabulary.tokens, ["a", "b", "c"]);
});

Deno.test("readMerges: pairs and strings are the same, and all three tokens must be there", () => {
  const idOf = new Map(["a", "b", "ab", "b a"].map((token, id) => [token, id]));
  assertEquals(readMerges("merges", ["a b", ["a", "b"]], idOf), [[0, 1], [0, 1]]);
  assertThrows(
    () => readMerges("merges", ["a b c"], idOf),
    TypeError,
    'merge 0 is "a b c", expected two tokens',
  );
  assertThrows(() => readMerges("merges", [["a", "b"], ["a"]], idOf), TypeError, 'merge 1 is ["a"]');
  assertThrows(
    () => readMerges("merges", ["a x"], idOf),
    RangeError,
    'merge 0 names "x", which is not in the',
  );
  assertThrows(
    () => readMerges("merges", ["b b"], idOf),
    RangeError,
    'merge 0 names "bb", which is not in the',
  );
  assertThrows(() => readMerges("merges", {}, idOf), TypeError, "merges: it is {}, expected an array");
});

Deno.test("ids may have gaps, as long as a small file does not ask for millions of ids", () => {
  assertEquals(readVocabulary("vocab.json", { b: 100_001, a: 0 }).tokens.length, 100_002);
  assertThrows(
    () => readVocabulary("vocab.json", { a: 0, b: 100_003 }),
    RangeError,
    'Cannot read vocab.json: the id of "b" is 100003, which leaves more than 100000 ids unused',
  );
});

Deno.test("a file that is too long or nested too deep is refused, or read, without a flood", () => {
  const deep = `{"a": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  assertThrows(() => readVocabulary("vocab.json", parseJson("vocab.json", deep)), TypeError, "[[[…]]]");
  assertThrows(
    () => parseJson("vocab.json", " ".repeat(2 ** 26 + 1)),
    TypeError,
    "Cannot read vocab.json: it has",
  );
  const { message } = assertThrows(() => parseJson("vocab.json", "\x1b[31m\n"), TypeError);
  assertEquals(message.includes("\x1b"), false);
});
