import { assertStringIncludes, assertThrows } from "@std/assert";
import { type PresetName, PRESETS_BY_NAME } from "../commands/settings/presets.ts";
import { expectSchema, settingsSchema } from "../commands/settings/saved_settings.ts";
import {
  chooseSettings,
  OPTIONAL_TRAIN_SETTINGS,
  RUN_SETTINGS,
  TRAIN_SETTINGS,
  withLength,
} from "../commands/settings/settings.ts";
import { type TrainFlags, trainFlags } from "../commands/settings/train_flags.ts";
import { inFolder, miniformer, removeSums, small, story, succeed } from "./_command.ts";

const schema = settingsSchema(trainFlags, [...RUN_SETTINGS, ...TRAIN_SETTINGS], OPTIONAL_TRAIN_SETTINGS);

Deno.test("the settings of every preset are accepted, and none that the command line refuses", () => {
  const none = {} as TrainFlags;
  for (const preset of Object.keys(PRESETS_BY_NAME) as PresetName[]) {
    expectSchema(schema, withLength(chooseSettings(none, preset), none, 1), "a.json");
  }
  const settings = chooseSettings(none, "tiny");
  expectSchema(schema, { ...settings, unknown: -1, constructor: 5 }, "a.json");
  expectSchema(schema, { ...settings, evaluationInterval: "epoch", saveInterval: "epoch" }, "a.json");
  const cases: [name: string, value: unknown, message: string][] = [
    ["batchSize", 0, "a.json: batchSize is 0, expected a whole number at least 1"],
    ["batchSize", 0.5, "batchSize is 0.5, expected a whole number"],
    ["batchSize", "4", 'batchSize is "4", expected a whole number'],
    ["batchSize", undefined, "batchSize is missing"],
    ["accumulation", -1, "accumulation is -1, expected a whole number at least 1"],
    ["dropoutRate", 1, "dropoutRate is 1, expected a number at least 0, below 1"],
    ["seed", 2 ** 53, "seed is 9007199254740992, expected a whole number"],
    ["schedule", "steep", 'schedule is "steep", expected one of cosine, linear, constant'],
    ["tied", 1, "tied is 1, expected true or false"],
    [
      "saveInterval",
      "epochs",
      'saveInterval is "epochs", expected a whole number at least 1, at most 1000000000, or epoch',
    ],
    [
      "saveInterval",
      0,
      "saveInterval is 0, expected a whole number at least 1, at most 1000000000, or epoch",
    ],
  ];
  for (const [name, value, message] of cases) {
    const wrong = { ...settings, [name]: value };
    assertThrows(() => expectSchema(schema, wrong, "a.json"), TypeError, message);
  }
});

Deno.test("of a flag that takes several numbers a file holds a list, each within the bounds", () => {
  const flags = { heat: { kind: "numbers", description: "", atLeast: 0, atMost: 9 } } as const;
  const heat = settingsSchema(flags, ["heat"]);
  expectSchema(heat, { heat: [0, 1.5] }, "a.json");
  assertThrows(() => expectSchema(heat, { heat: 1 }, "a.json"), TypeError, "heat is 1, expected a list");
  const message = "heat.1 is 10, expected a number at least 0, at most 9";
  assertThrows(() => expectSchema(heat, { heat: [1, 10] }, "a.json"), TypeError, message);
});

Deno.test("a run whose state was edited is refused by file and field", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(60));
    await succeed(["train", "--data", "story.txt", ...small, "--device", "cpu", "--steps", "1"], { cwd });
    const path = `${cwd}/runs/story/last/training_state.json`;
    await removeSums(path);
    const state = await Deno.readTextFile(path);
    const deep = "[".repeat(50_000) + "]".repeat(50_000);
    const edits: [edit: [from: RegExp, to: string], message: string][] = [
      [
        [/"batchSize": \d+/, '"batchSize": -1'],
        "training_state.json: settings.batchSize is -1, expected a whole",
      ],
      [
        [/"beta1": [\d.]+/, '"beta1": 1e999'],
        "training_state.json: settings.beta1 is Infinity, expected a number",
      ],
      [[/"data": \[/, `"data": [${deep},`], "training_state.json: source.data.0 is [[["],
      [
        [/"settings": \{/, `"settings": ${deep}, "old": {`],
        "training_state.json: settings.batchSize is missing",
      ],
      [
        [/"preset": "[-a-z]+"/, `"preset": {"a": "${"x".repeat(1e5)}"}`],
        "training_state.json: settings.preset is",
      ],
    ];
    for (const [[from, to], message] of edits) {
      await Deno.writeTextFile(path, state.replace(from, to));
      const outcome = await miniformer(
        ["train", "--resume", "runs/story", "--steps", "2", "--device", "cpu"],
        { cwd },
      );
      assertStringIncludes(outcome.stderr, message, message);
      assertStringIncludes(outcome.stderr, "error: Cannot use runs/story/last: ");
    }
  }));
