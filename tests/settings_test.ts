import { languageConfig } from "../checkpoints/runs/language_settings.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { chooseSettings, stepsOf, type TrainSettings, withLength } from "../commands/settings/settings.ts";
import { type TrainFlags, trainFlags } from "../commands/settings/train_flags.ts";
import { choosePreset, type PresetName, PRESETS_BY_NAME } from "../commands/settings/presets.ts";
import { describeOptimizer } from "../commands/recipes/language_report.ts";
import { type NamedRule, type OptimizerName, OPTIMIZERS } from "../training/optimizers.ts";
import { presetTraining } from "../training/presets/preset.ts";
import { words } from "./_command.ts";

const flagsOf = (line: string) => parseFlags(trainFlags, words(line));

function settingsOf(line: string, preset: PresetName = "tiny", batchesPerEpoch = 100): TrainSettings {
  return withLength(chooseSettings(flagsOf(line), preset), flagsOf(line), batchesPerEpoch);
}

Deno.test("what is not given is the preset's", () => {
  for (const [name, { model, training }] of Object.entries(PRESETS_BY_NAME)) {
    const settings = settingsOf("", name as PresetName);
    for (const [field, value] of Object.entries({ ...model, ...training })) {
      assertEquals(settings[field as keyof TrainSettings], value, `${name}: ${field}`);
    }
  }
});

Deno.test("the model of settings has their sizes; only that of a GPT has a choice of head", () => {
  const { vocabSize, layers, modelDim, tied, ...causal } = languageConfig(
    settingsOf("--layers 3 --model_dim 32"),
    40,
  );
  assertEquals([vocabSize, layers, modelDim, tied], [40, 3, 32, settingsOf("").tied]);
  assertEquals(causal.dropoutRate, settingsOf("").dropoutRate);
  assertEquals("tied" in languageConfig(settingsOf("", "roberta-tiny"), 40), false);
});

Deno.test("what follows from a value follows from one that is given", () => {
  assertEquals(
    PRESETS_BY_NAME["mini-gpt"].training.minLearningRate,
    PRESETS_BY_NAME["mini-gpt"].training.learningRate / 10,
  );
  assertEquals(settingsOf("--lr 0.5", "mini-gpt").minLearningRate, 0.05);
  assertEquals(settingsOf("--lr 0.5 --min_lr 0.001", "mini-gpt").minLearningRate, 0.001);
  assertEquals(settingsOf("--model_dim 32 --heads 4").feedForwardDim, 128);
  assertEquals(settingsOf("--model_dim 32 --ff_mult 2").feedForwardDim, 64);

  const { warmupSteps, evaluationInterval, sampleInterval, saveInterval } = settingsOf("--steps 35");
  assertEquals([warmupSteps, evaluationInterval, sampleInterval, saveInterval], [3, 4, 8, 4]);
  assertEquals(settingsOf("--steps 100000").evaluationInterval, 250);
  assertEquals(settingsOf("--steps 35 --eval_interval 5").sampleInterval, 10);
  assertEquals(settingsOf("--epochs 0.5 --accumulation 3").steps, Math.ceil(50 / 3));
});

Deno.test("another optimizer takes the learning rates and the weight decay that suit it", () => {
  const { learningRate, minLearningRate, weightDecay, momentum } = settingsOf("--optimizer sgd", "mini-gpt");
  const expected = presetTraining(PRESETS_BY_NAME["mini-gpt"].training, "sgd");
  assertEquals([learningRate, weightDecay], [expected.learningRate, expected.weightDecay]);
  assertEquals([minLearningRate, momentum], [expected.minLearningRate, 0.9]);
  const given = settingsOf("--optimizer sgd --lr 0.5 --momentum 0.5", "mini-gpt");
  assertEquals([given.learningRate, given.minLearningRate, given.momentum], [0.5, 0.05, 0.5]);
});

Deno.test("an optimizer that is new in the table has its own settings, and those of others are refused", () => {
  const table = OPTIMIZERS as Record<string, NamedRule>;
  table.lion = { ...OPTIMIZERS.sgd, defaults: { beta1: 0.95 } };
  try {
    const lion = (flags: object) =>
      chooseSettings({ ...flags, optimizer: "lion" } as unknown as TrainFlags, "tiny");
    const { beta1, beta2, epsilon, momentum } = lion({});
    assertEquals([beta1, beta2, epsilon, momentum], [0.95, undefined, undefined, undefined]);
    assertEquals(lion({ beta1: 0.5 }).beta1, 0.5);
    assertThrows(
      () => lion({ epsilon: 1e-6 }),
      UsageError,
      "--epsilon is for --optimizer adamw: leave it out",
    );
    assertThrows(
      () => lion({ momentum: 0.5 }),
      UsageError,
      "--momentum is for --optimizer sgd: leave it out",
    );
    const message = "--beta1 is for --optimizer adamw or --optimizer lion: leave it out";
    assertThrows(() => settingsOf("--optimizer sgd --beta1 0.5"), UsageError, message);
    const described = { ...lion({}), optimizer: "lion" as OptimizerName };
    assertEquals(describeOptimizer(described), "lion with beta1 0.95, ");
  } finally {
    delete table.lion;
  }
});

Deno.test("epochs are counted in steps, rounded up, and not given beside them", () => {
  assertEquals(stepsOf({ epochs: 3 }, 50.25), 151);
  const message = "--epochs 1000000 makes 1e+11 steps: expected at most 1000000000";
  assertThrows(() => stepsOf({ epochs: 1e6 }, 1e5), UsageError, message);
  const { steps, warmupSteps, evaluationInterval } = settingsOf("--epochs 3 --accumulation 2", "tiny", 100.5);
  assertEquals([steps, warmupSteps, evaluationInterval], [151, 15, "epoch"]);
});

Deno.test("masks are chosen for a model that fills them, and for no other", () => {
  const { maskRate, maskRule, lines } = settingsOf("--mask_rate 0.3 --lines", "roberta-tiny");
  assertEquals([maskRate, maskRule, lines], [0.3, "huggingface", true]);
  assertEquals("maskRate" in settingsOf(""), false);
});

for (
  const [line, message, preset] of [
    [
      "--heads 5 --model_dim 12",
      "--heads is 5, which does not divide --model-dim 12: expected one of 1, 2, 3, 4, 6, 12",
    ],
    ["--lr 0.001 --min_lr 0.01", "--min-learning-rate is 0.01: expected at most --learning-rate 0.001"],
    ["--ff_mult 2 --feed_forward_dim 9", "--feed-forward-dim and --feed-forward-multiple say the same"],
    ["--steps 1 --epochs 1", "--steps and --epochs both say how long to train"],
    ["--momentum 0.5", "--momentum is for --optimizer sgd: leave it out"],
    ["--optimizer sgd --epsilon 1e-6", "--epsilon is for --optimizer adamw: leave it out"],
    ["--vocab_size 300", "--vocab-size is for --tokenizer bpe"],
    ["--mask_rule fairseq", "--mask-rule is for --objective mlm"],
    ["--architecture gpt2", "--architecture gpt2 is for --objective causal", "roberta-tiny"],
  ] as [string, string, PresetName?][]
) {
  Deno.test(`train ${line} is refused${preset ? ` with ${preset}` : ""}`, () => {
    assertThrows(() => settingsOf(line, preset), UsageError, message);
  });
}

Deno.test("the preset is that of objective, text and device, unless it is named; it must fit the objective", () => {
  const chosen = (flags: Parameters<typeof choosePreset>[0], hardwareGpu: boolean) =>
    [undefined, 1527, 20_000, 20_001, 299_999, 300_000].map((characters) =>
      choosePreset(flags, { characters, hardwareGpu })
    );
  const short = ["short-text", "short-text"], medium = ["medium-text", "medium-text"];
  assertEquals(chosen({}, false), ["tiny", ...short, ...medium, "long-text"]);
  assertEquals(chosen({}, true), ["tiny", ...short, ...medium, "mini-transformer-lab"]);
  const masked = ["roberta-short", "roberta-short", "roberta-tiny", "roberta-tiny"];
  assertEquals(chosen({ objective: "mlm" }, false), ["roberta-tiny", ...masked, "roberta-tiny"]);
  assertEquals(chosen({ architecture: "roberta" }, true), ["roberta-mini", ...masked, "roberta-mini"]);
  assertEquals(new Set(chosen({ preset: "gpt2" }, true)), new Set(["gpt2"]));
  const choose = () => choosePreset({ objective: "mlm", preset: "tiny" }, { hardwareGpu: false });
  assertThrows(choose, UsageError, "--preset tiny is for --objective causal: expected one of roberta-");
});
