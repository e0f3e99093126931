import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ARCHITECTURES,
  buildModel,
  expectKind,
  kindOf,
  type ModelConfig,
  type ModelKind,
} from "../models/families.ts";
import { GptClassifier } from "../models/classifiers/gpt_classifier.ts";
import { RobertaClassifier } from "../models/classifiers/roberta_classifier.ts";
import { Gpt } from "../models/gpt.ts";
import { MaskedLanguageModel } from "../models/masked_language_model.ts";

const sizes = {
  vocabSize: 11,
  contextLength: 8,
  layers: 1,
  heads: 2,
  modelDim: 12,
  feedForwardDim: 24,
  dropoutRate: 0.1,
};
const labels = ["even", "odd"];

/** A configuration of every model, what it is for, and its class. */
const ALL: [config: ModelConfig, kind: ModelKind, model: new (...config: never[]) => object][] = [
  [{ ...sizes, architecture: "gpt1" }, "causal", Gpt],
  [{ ...sizes, architecture: "gpt2" }, "causal", Gpt],
  [{ ...sizes, architecture: "roberta" }, "masked", MaskedLanguageModel],
  [{ ...sizes, architecture: "bert" }, "masked", MaskedLanguageModel],
  [{ ...sizes, architecture: "gpt1", labels }, "classifier", GptClassifier],
  [{ ...sizes, architecture: "gpt2", labels }, "classifier", GptClassifier],
  [{ ...sizes, architecture: "roberta", labels }, "classifier", RobertaClassifier],
  [{ ...sizes, architecture: "bert", labels }, "classifier", RobertaClassifier],
];

for (const [config, kind, model] of ALL) {
  const name = `${kind} ${config.architecture}`;

  Deno.test(`buildModel: ${name} is built, and keeps its configuration`, () => {
    const built = buildModel(config);
    assert(built instanceof model);
    assertEquals(built.config, config);
    assertThrows(() => buildModel({ ...config, heads: 5 }), RangeError, "Cannot divide modelDim 12");
  });

  Deno.test(`expectKind: ${name} is what it is and nothing else`, () => {
    assertEquals(kindOf(config), kind);
    for (const other of ["causal", "masked", "classifier"] as const) {
      if (other === kind) assert(expectKind(config, other) === config);
      else assertThrows(() => expectKind(config, other), TypeError, "; expected a");
    }
  });
}

Deno.test("expectKind says what a model is, and what was expected", () => {
  assertThrows(
    () => expectKind({ ...sizes, architecture: "roberta" }, "causal"),
    TypeError,
    "This is a masked language model, which fills <mask>; expected a causal language model, which predicts the next token",
  );
  assertThrows(
    () => expectKind({ ...sizes, architecture: "gpt1", labels }, "masked"),
    TypeError,
    "This is a classifier; expected a masked language model",
  );
});

Deno.test("ARCHITECTURES are those of the table", () => {
  assertEquals(new Set(ARCHITECTURES), new Set(ALL.map(([{ architecture }]) => architecture)));
});
