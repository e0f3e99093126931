import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { inFile, readBytes, readJson } from "../training/checkpoint_files.ts";

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
