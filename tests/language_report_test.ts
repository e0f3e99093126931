import { assertEquals } from "@std/assert";
import {
  describeArchitecture,
  describeNames,
  describeOptimizer,
  describeUse,
} from "../commands/recipes/language_report.ts";

Deno.test("the texts of a run are named, the first two of many", () => {
  const names = (data: string[], validation: string[] = []) =>
    describeNames({ data, validation, validationFraction: 0.1, replaceInvalid: false });
  assertEquals(names([]), "the built-in tales");
  assertEquals(names(["a"], ["b", "c"]), "a, b, c");
  assertEquals(names(["a", "b", "c"], ["d"]), "a, b and 2 others");
});

Deno.test("a model is used on words of the validation text", () => {
  const corpus = {
    training: [],
    validation: ["it is. One sunny day we all went to the sea."],
    fingerprint: "",
  };
  const [, generate] = describeUse("runs/mine", corpus, false), [, fill] = describeUse("m", corpus, true);
  assertEquals(
    generate,
    'deno task generate --checkpoint runs/mine --prompt "One sunny day" --temperature 0.8 --max_new_tokens 300',
  );
  assertEquals(fill, 'deno task fill-mask --checkpoint m --text "One sunny day <mask> all"');
  const none = { ...corpus, validation: ["1 2 3"] };
  assertEquals(describeUse("m", none, true)[1], 'deno task fill-mask --checkpoint m --text "<mask>"');
});

Deno.test("a model with parts of its own is named after them", () => {
  const experiment = { name: "my_block", sha256: "0".repeat(64) };
  assertEquals(describeArchitecture({ architecture: "gpt1" }, experiment), "gpt1 with my_block");
  assertEquals(describeArchitecture({ architecture: "gpt1" }), "gpt1");
});

Deno.test("an optimizer that was chosen is named with its settings, and the default one is not", () => {
  assertEquals(describeOptimizer({}), "");
  assertEquals(describeOptimizer({ optimizer: "sgd", momentum: 0.5 }), "sgd with momentum 0.5, ");
  assertEquals(
    describeOptimizer({ optimizer: "adamw", beta1: 0.9, beta2: 0.99 }),
    "adamw with beta1 0.9, beta2 0.99, epsilon 1e-8, ",
  );
});
