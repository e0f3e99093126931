import { assertEquals, assertThrows } from "@std/assert";
import { ConfigReader } from "../checkpoints/hugging_face/config_reader.ts";
import { labelTables } from "../checkpoints/hugging_face/shared_fields.ts";

const file = new ConfigReader({
  count: 3,
  none: null,
  zero: 0,
  half: 0.5,
  text: "3",
  initializer_range: 0.5,
  low: 0.25,
  high: 0.75,
});

Deno.test("ConfigReader: what is left out, or null, is what it usually is", () => {
  assertEquals([file.count("count", 7, 9), file.count("none", 7, 9), file.count("missing", 7, 9)], [3, 7, 7]);
  assertEquals([file.initialStd(), new ConfigReader({}).initialStd()], [0.5, 0.02]);
  assertEquals([file.rate("low"), file.rate("missing", 0.1), file.rate("none", 0.1), file.rate("zero")], [
    0.25,
    0.1,
    0.1,
    0,
  ]);
  assertEquals([file.positive("half"), file.positive("missing", 3)], [0.5, 3]);
  assertEquals([file.optional("half", (name) => file.rate(name)), file.optional("none", () => 1)], [
    0.5,
    undefined,
  ]);
  assertEquals([file.id("count", 4), file.id("zero", 4), file.id("none", 4)], [3, 0, undefined]);
  file.expect("missing", 1);
  file.expect("half", 0.5);
  for (const empty of [undefined, null, {}, []]) new ConfigReader({ empty }).expect("empty", undefined);
});

Deno.test("ConfigReader names the field, what stands there, and what should", () => {
  const refuse = (read: () => unknown, message: string) => assertThrows(read, TypeError, message);
  for (const name of ["zero", "half"]) {
    refuse(
      () => file.count(name, 1, 9),
      `${name} is ${name === "zero" ? 0 : 0.5}, expected a positive integer`,
    );
  }
  refuse(() => file.count("text", 1, 9), 'text is "3", expected a positive integer');
  refuse(() => file.count("count", 1, 2), "count is 3, expected a positive integer up to 2");
  for (const value of ["0.02", -1, Infinity, [0.02]]) {
    const std = () => new ConfigReader({ initializer_range: value }).initialStd();
    refuse(
      std,
      `initializer_range is ${
        value === Infinity ? value : JSON.stringify(value)
      }, expected a number of 0 or more`,
    );
  }
  refuse(() => file.rate("count"), "count is 3, expected a number from 0 to below 1");
  refuse(() => file.positive("zero"), "zero is 0, expected a positive number");
  refuse(
    () => file.meaning("text", [["a", 1], ["b", 2]], "a"),
    'text is "3", expected "a" or "b"',
  );
  refuse(
    () => new ConfigReader({ architectures: ["C"] }).expectClass(["A", "B"]),
    'architectures names "C": expected "A" or "B"',
  );
  refuse(() => file.id("count", 3), "count is 3, expected an id below the vocabulary size 3");
  refuse(() => file.expect("half", 1), "half is 0.5, only 1 is supported");
  refuse(() => file.expect("half", undefined), "half is 0.5, no such field is supported");
});

Deno.test("ConfigReader: the labels of a classifier are those that labelTables wrote", () => {
  const architectures = ["AnyForSequenceClassification"], labels = ["bad", "good", "so so"];
  const read = (json: Record<string, unknown>) => new ConfigReader({ architectures, ...json }).labels();
  assertEquals(read(JSON.parse(JSON.stringify(labelTables(labels)))), labels);
  assertEquals(read({}), ["LABEL_0", "LABEL_1"]);
  assertEquals(read({ architectures: ["AnyForMaskedLM"], ...labelTables(labels) }), undefined);
  assertEquals(new ConfigReader({}).labels(), undefined);
  assertThrows(() => read({ id2label: { 1: "b" } }), TypeError, "id2label has no name for class 0");
  assertThrows(() => read({ id2label: "ab" }), TypeError, 'id2label is "ab", expected an object');
  assertThrows(() => read({ id2label: {} }), TypeError, "id2label names 0 classes");
  assertThrows(
    () => read({ num_labels: 1e8 }),
    TypeError,
    "num_labels is 100000000, expected a positive integer up to",
  );
  assertThrows(() => read({ architectures: 5 }), TypeError, "architectures is 5, expected a list of names");
  assertThrows(
    () => read({ architectures: [5] }),
    TypeError,
    "architectures is [5], expected a list of names",
  );
  assertEquals(read(JSON.parse(JSON.stringify(labelTables(["__proto__", "constructor"])))), [
    "__proto__",
    "constructor",
  ]);
});

Deno.test("ConfigReader: choices, names, lists and rates are what they should be, or refused", () => {
  const file = new ConfigReader({
    yes: true,
    no: false,
    name: "b",
    list: ["x", ""],
    rate: 0.5,
    mixed: ["x", 1],
  });
  assertEquals([file.choice("yes"), file.choice("no"), file.choice("missing")], [true, false, undefined]);
  assertEquals(file.oneOf("name", ["a", "b"]), "b");
  assertEquals(file.oneOf("absent", ["a", "b"], "a"), "a");
  assertEquals([file.texts("list", 2), file.texts("missing", 2)], [["x", ""], undefined]);
  assertEquals([file.rate("rate"), file.rate("missing", 0.25)], [0.5, 0.25]);
  const refuse = (read: () => unknown, message: string) => assertThrows(read, TypeError, message);
  refuse(() => file.choice("name"), 'name is "b", expected true or false');
  refuse(() => file.oneOf("name", ["a", "c"]), 'name is "b", expected "a" or "c"');
  refuse(() => file.oneOf("missing", ["a"]), 'missing is missing, expected "a"');
  refuse(() => file.texts("list", 1), 'list is ["x",""], expected a list of at most 1 texts');
  refuse(() => file.texts("mixed", 9), 'mixed is ["x",1], expected a list of at most 9 texts');
  refuse(() => file.rate("missing"), "missing is missing, expected a number from 0 to below 1");
  refuse(
    () => file.count("missing", undefined, 9),
    "missing is missing, expected a positive integer up to 9",
  );
});

Deno.test("ConfigReader: a field that was not read is refused where all must be", () => {
  const file = new ConfigReader({ size: 3, other: 1, elsewhere: 2 });
  file.count("size", 1, 9);
  assertThrows(() => file.expectNoOther(["elsewhere"]), TypeError, 'field "other" is unknown');
  file.count("other", 1, 9);
  file.expectNoOther(["elsewhere"]);
});
