import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import { sweepOf } from "../commands/lab/sweep.ts";

Deno.test("a sweep has a variant for each combination, and one value goes to all", () => {
  const { title, flags, variants } = sweepOf({
    learningRate: "1e-3,3e-3",
    data: ["a,b.txt", "c.txt"],
    layers: "1,2,4",
    steps: "50",
    tied: "false",
    optimizer: undefined,
  });
  assertEquals(title, "Sweep of learning-rate, layers");
  assertEquals(flags, ["--data=a,b.txt", "--data=c.txt", "--steps=50", "--no-tied"]);
  assertEquals(variants.map(({ name }) => name), [
    "learning-rate=1e-3_layers=1",
    "learning-rate=1e-3_layers=2",
    "learning-rate=1e-3_layers=4",
    "learning-rate=3e-3_layers=1",
    "learning-rate=3e-3_layers=2",
    "learning-rate=3e-3_layers=4",
  ]);
  assertEquals(variants[5].flags, ["--learning-rate=3e-3", "--layers=4"]);
  assertEquals(variants[5].title, "learning rate 3e-3, layers 4");
});

Deno.test("words, switches and paths are swept, too; a path is called by its last part", () => {
  const names = (values: Record<string, string>) =>
    sweepOf(values).variants.map(({ name, flags }) => [name, ...flags]);
  assertEquals(names({ tied: "true,false" }), [["tied=true", "--tied"], ["tied=false", "--no-tied"]]);
  assertEquals(names({ optimizer: "adamw,sgd" })[1], ["optimizer=sgd", "--optimizer=sgd"]);
  assertEquals(names({ block: "my blocks/a b.ts,c.ts" }), [
    ["block=a-b", "--block=my blocks/a b.ts"],
    ["block=c", "--block=c.ts"],
  ]);
  assertEquals(names({ block: "a/x.ts,b/x.ts,y.ts" }), [
    ["block=x-1", "--block=a/x.ts"],
    ["block=x-2", "--block=b/x.ts"],
    ["block=y", "--block=y.ts"],
  ]);
  assertEquals(sweepOf({ block: "a\n.ts,\x1b[2J.ts" }).variants.map(({ title }) => title), [
    "block a\\n.ts",
    "block \\x1b[2J.ts",
  ]);
  assertEquals(names({ validationFraction: "0.1,.25" })[1][0], "validation-fraction=.25");
});

Deno.test("a sweep of nothing, and values that train refuses, are refused", () => {
  const refuse = (values: Record<string, string>, message: string) =>
    assertThrows(() => sweepOf(values), UsageError, message);
  refuse({ layers: "2" }, "There is nothing to sweep: give a flag several values, such as --lr 1e-3,3e-3");
  refuse({ layers: "1,0" }, "--layers is 0: expected a whole number at least 1");
  refuse({ layers: "1,,2" }, "--layers is empty");
  refuse({ optimizer: "adamw,adam" }, '--optimizer is "adam": expected one of');
  const many = Array.from({ length: 1000 }, (_, index) => index + 1).join();
  refuse(
    { layers: many, heads: many, batchSize: many },
    "The values of --layers, --heads have 1000000 combinations: expected at most 1000",
  );
  refuse({ learningRate: "1e-3,0.001" }, "--learning-rate is 1e-3,0.001: it has 0.001 twice");
});
