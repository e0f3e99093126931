import { assert, assertEquals, assertThrows } from "@std/assert";
import { choosePreset, PRESETS_BY_NAME } from "../commands/settings/presets.ts";
import { chooseSettings, withLength } from "../commands/settings/settings.ts";
import type { TrainFlags } from "../commands/settings/train_flags.ts";
import { encodeCorpus, readCorpus } from "../commands/texts/corpus.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { choicesOf, FIELDS, presetNames, summaryOf, usualPreset } from "../page/choices.ts";
import { encodeSource, ownSource, talesSource } from "../page/compute/corpus.ts";
import { checkChoices, hasSample, settingsOf } from "../page/compute/settings.ts";

const allNames = [...presetNames("causal"), ...presetNames("mlm")];

Deno.test("the page chooses the preset that the command chooses, for every length of a text", () => {
  for (const objective of ["causal", "mlm"] as const) {
    for (const characters of [undefined, 500, 20_000, 20_001, 299_999, 300_000]) {
      const command = choosePreset({ objective }, { characters, hardwareGpu: false });
      assertEquals(usualPreset(objective, characters), command, `${objective} ${characters}`);
    }
  }
});

Deno.test("settings of every preset are those of the command, also with other choices", () => {
  for (const name of allNames) {
    for (const changes of [{}, { steps: 37, learningRate: 0.004, modelDim: 48, heads: 4, seed: 9 }]) {
      const choices = { ...choicesOf(name), ...changes };
      const command = withLength(chooseSettings(changes as TrainFlags, name), changes, 100);
      assertEquals(settingsOf(choices) as unknown, command);
      assertEquals(JSON.stringify(settingsOf(choices)), JSON.stringify(command), name);
    }
  }
});

Deno.test("the tales, their split and their ids are those of the command", async () => {
  const source = { data: [], validation: [], validationFraction: 0.1, replaceInvalid: false };
  const corpus = await readCorpus(source),
    tokenizer = CharTokenizer.fromText([...corpus.training, ...corpus.validation].join(""));
  const command = await encodeCorpus(corpus, tokenizer, undefined),
    page = encodeSource(talesSource(), "causal");
  assertEquals(page.tokenizer.fingerprint, tokenizer.fingerprint);
  assert(
    Deno.inspect([page.training.length, page.validation.length]) ===
      Deno.inspect([command.training.length, command.validation.length]),
  );
  assert(page.training.every((id, index) => id === command.training[index]));
  assert(page.validation.every((id, index) => id === command.validation[index]));
  assertEquals(page.optimalLoss, corpus.optimalLoss);
  assertEquals(page.textFingerprint, corpus.fingerprint);
});

Deno.test("a text is split between characters, and a masked model has no optimum", () => {
  const text = "ab".repeat(249) + "c🙂".repeat(200);
  for (let shift = 0; shift < 30; shift++) {
    const { training, validation, tokenizer } = encodeSource(ownSource("x".repeat(shift) + text), "causal");
    assertEquals(
      tokenizer.decode(training) + tokenizer.decode(validation),
      "x".repeat(shift) + text,
    );
  }
  const { tokenizer, training, optimalLoss } = encodeSource({ text, optimalLoss: 0.1 }, "mlm");
  assertEquals([optimalLoss, training.at(-1)], [undefined, tokenizer.idOf("</s>")]);
});

Deno.test("a short text is refused in one line, one of 500 characters is not", () => {
  const message = "Cannot train on 499 characters: at least 500 are needed; paste a longer text";
  assertThrows(() => ownSource("a".repeat(499)), RangeError, message);
  assertThrows(() => ownSource("a"), RangeError, "Cannot train on 1 character: at least");
  assertEquals(ownSource("a".repeat(500)).text.length, 500);
});

Deno.test("choices outside their range are refused by their label, and presets are inside", () => {
  const preset = choicesOf("tiny"),
    refuse = (changes: object, message: string) =>
      assertThrows(() => checkChoices({ ...preset, ...changes }), RangeError, message);
  refuse({ layers: 0 }, "Layers is 0: enter a whole number from 1 to 24");
  refuse({ layers: 1.5 }, "Layers is 1.5: enter a whole number");
  refuse({ steps: NaN }, "Steps is empty: enter a whole number from 1 to 1000000");
  refuse({ learningRate: 2 }, "Learning rate is 2: enter a number from 0.000001 to 1");
  refuse({ heads: 5 }, "Heads is 5, which does not divide width 64: enter 1, 2, 4, 8, 16, 32, 64");
  for (const name of allNames) checkChoices(choicesOf(name));
  assertEquals(Object.keys(FIELDS).length, Object.keys(preset).length - 1);
});

Deno.test("presets that a page has no memory for are left out, all others have a summary", () => {
  const left = Object.keys(PRESETS_BY_NAME).filter((name) => !(allNames as string[]).includes(name));
  assertEquals(left, ["gpt1", "gpt2", "roberta-base"]);
  for (const name of allNames) assert(summaryOf(name).length > 10, name);
});

Deno.test("samples come early, at every validation and at the end", () => {
  const steps = Array.from({ length: 620 }, (_, index) => index + 1).filter((step) => hasSample(step, 620));
  assertEquals(steps, [1, 20, 62, 100, 124, 186, 248, 310, 372, 434, 496, 558, 620]);
});
