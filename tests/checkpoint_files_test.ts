import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { inFile, readBytes, readJson, trainingStateName } from "../checkpoints/checkpoint_files.ts";

const files = {
  "text.json": `{ "é": 1 }`,
  "bytes.json": new TextEncoder().encode(`{ "é": 1 }`),
  "list.json": "[1]",
  "null.json": "null",
  "cut.json": `{ "a": `,
};

Deno.test("files are text or bytes, read as either", () => {
  for (const name of ["text.json", "bytes.json"]) {
    assertEquals(readBytes(files, name), files["bytes.json"]);
    assertEquals(readJson(files, name), { "é": 1 });
  }
});

Deno.test("what is wrong in a file is told with its name, and what is missing is named", () => {
  const refuse = (name: string, message: string) => {
    assertThrows(() => readJson(files, name), TypeError, `${name}${message}`);
  };
  refuse("list.json", ": expected an object");
  refuse("null.json", ": expected an object");
  refuse("cut.json", ": ");
  refuse("none.json", " is missing");
  assertThrows(() => readBytes(files, "none.json"), TypeError, "none.json is missing");
  const cause = new RangeError("too long");
  const thrown = assertThrows(
    () =>
      inFile("x.bin", () => {
        throw cause;
      }),
    TypeError,
    "x.bin: too long",
  );
  assertStrictEquals(thrown.cause, cause);
});

Deno.test("a JSON file without end is refused by its size, and what is wrong in one is told on one line", () => {
  const long = { "config.json": " ".repeat(2 ** 23 + 1), "state.json": "\u2028\x1b[2J" };
  assertThrows(
    () => readJson(long, "config.json"),
    TypeError,
    "config.json: it has 8388609 bytes, expected at most",
  );
  const { message } = assertThrows(() => readJson(long, "state.json"), TypeError, "state.json: ");
  assertEquals(["\u2028", "\x1b"].some((character) => message.includes(character)), false, message);
  assertThrows(() => readJson(long, "constructor"), TypeError, "constructor is missing");
});

Deno.test("the state of an earlier checkpoint is found by its former name, unless the present one is there", () => {
  const former = { "trainer_state.json": "" }, present = { "training_state.json": "" };
  const names = [former, present, { ...former, ...present }, {}].map(trainingStateName);
  assertEquals(names, ["trainer_state.json", ...new Array(3).fill("training_state.json")]);
});
