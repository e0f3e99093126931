import { assertStringIncludes, assertThrows } from "@std/assert";
import { finetuneFlags } from "../commands/settings/finetune_flags.ts";
import { chooseLength, chooseSettings } from "../commands/settings/settings.ts";
import { checkSettings } from "../commands/settings/state_settings.ts";
import { type TrainFlags, trainFlags } from "../commands/settings/train_flags.ts";
import { inFolder, miniformer, removeSums, small, story, succeed } from "./_command.ts";

Deno.test("the settings of every preset are accepted, and none that the command line refuses", () => {
  const none = {} as TrainFlags;
  for (
    const preset of ["tiny", "shakespeare-char-cpu", "shakespeare-char", "mini-gpt", "gpt1", "gpt2"] as const
  ) {
    checkSettings(chooseLength(chooseSettings(none, preset), none, 1), trainFlags);
  }
  checkSettings({ unknown: -1, constructor: 5, batchSize: "4" }, trainFlags);
  const cases: [name: string, value: unknown, message: string][] = [
    ["batchSize", 0, "settings.batchSize is 0: expected a whole number at least 1"],
    ["batchSize", 0.5, "settings.batchSize is 0.5: expected a whole number"],
    ["accumulation", -1, "settings.accumulation is -1: expected a whole number at least 1"],
    ["dropoutRate", 1, "settings.dropoutRate is 1: expected a number at least 0, below 1"],
    ["seed", 2 ** 53, "settings.seed is 9007199254740992: expected a whole number"],
  ];
  for (const [name, value, message] of cases) {
    assertThrows(() => checkSettings({ [name]: value }, trainFlags), TypeError, message);
  }
  assertThrows(() => checkSettings({ batchSize: 0 }, finetuneFlags), TypeError, "settings.batchSize is 0");
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
        "training_state.json: settings.batchSize is -1: expected a whole",
      ],
      [
        [/"beta1": [\d.]+/, '"beta1": 1e999'],
        "training_state.json: settings.beta1 is Infinity, expected a value of",
      ],
      [[/"data": \[/, `"data": [${deep},`], "training_state.json: source.data is [[[…]],"],
      [
        [/"settings": \{/, `"settings": ${deep}, "old": {`],
        "training_state.json: settings is [[[…]]], expected",
      ],
      [
        [/"preset": "tiny"/, `"preset": {"a": "${"x".repeat(1e5)}"}`],
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
