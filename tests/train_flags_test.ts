import { assertEquals } from "@std/assert";
import type { Flag } from "../commands/cli/flags.ts";
import type { PresetName } from "../commands/settings/presets.ts";
import { expectSchema, settingsSchema } from "../commands/settings/saved_settings.ts";
import {
  chooseSettings,
  OPTIONAL_TRAIN_SETTINGS,
  RUN_SETTINGS,
  TRAIN_SETTINGS,
} from "../commands/settings/settings.ts";
import { type TrainFlags, trainFlags } from "../commands/settings/train_flags.ts";

const REQUIRED = [...RUN_SETTINGS, ...TRAIN_SETTINGS];
const SETTINGS = [...REQUIRED, ...OPTIONAL_TRAIN_SETTINGS];

/** Flags that decide where a run comes from, goes to or stops, or stand for other flags. */
const OTHERS = [
  ...[
    "attentionEvery",
    "block",
    "config",
    "data",
    "device",
    "dryRun",
    "epochs",
    "exportTorch",
    "feedForwardMultiple",
    "name",
    "objective",
  ],
  ...["out", "resume", "stopAfter", "tensorboard", "threads", "validation"],
];

Deno.test("every flag of train is a setting that a checkpoint keeps, or is known not to be", () => {
  assertEquals(Object.keys(trainFlags).sort(), [...SETTINGS, ...OTHERS].sort());
});

/** Another valid value of a flag. */
function another(flag: Flag, value: unknown): unknown {
  if (flag.kind === "boolean") return !value;
  if (flag.kind === "choice") return flag.choices.find((choice) => choice !== value);
  if (flag.kind === "text") return "other";
  const number = Number(value);
  return flag.kind === "integer" ? (number > 1 ? Math.floor(number / 2) : number + 1) : number / 2 || 1e-3;
}

Deno.test("every setting that is given as a flag takes effect", () => {
  const none = {} as TrainFlags,
    owners: Readonly<Record<string, [PresetName, Partial<TrainFlags>]>> = {
      ...{ maskRate: ["roberta-tiny", {}], maskRule: ["roberta-tiny", {}], lines: ["roberta-tiny", {}] },
      ...{ vocabSize: ["tiny", { tokenizer: "bpe" }], momentum: ["tiny", { optimizer: "sgd" }] },
    };
  for (const name of SETTINGS.filter((name) => name !== "preset")) {
    const [preset, besides] = owners[name] ?? ["tiny", {}], flags = { ...none, ...besides };
    const value = name === "vocabSize" ? 300 : another(trainFlags[name], chooseSettings(flags, preset)[name]);
    assertEquals(chooseSettings({ ...flags, [name]: value }, preset)[name], value, name);
  }
});

/** The settings of a run of `train` as the first checkpoints have them. A setting that is new since then is optional. */
const FIRST = {
  preset: "tiny",
  tokenizer: "char",
  ...{ validationFraction: 0.1, replaceInvalid: false, accumulation: 1, seed: 1, architecture: "gpt1" },
  ...{ contextLength: 160, layers: 2, heads: 4, modelDim: 48, feedForwardDim: 192, dropoutRate: 0 },
  ...{ initialStd: 0.1, tied: true, batchSize: 2, steps: 3300, learningRate: 0.01, minLearningRate: 0 },
  ...{ warmupSteps: 50, schedule: "cosine", beta1: 0.9, beta2: 0.99, weightDecay: 0.01, clipNorm: 1 },
  ...{ logInterval: 1, evaluationInterval: 250, sampleInterval: 500, saveInterval: 250 },
};

Deno.test("the settings of the first checkpoints are accepted: what is new is optional", () => {
  expectSchema(settingsSchema(trainFlags, REQUIRED, OPTIONAL_TRAIN_SETTINGS), FIRST, "training_state.json");
});
