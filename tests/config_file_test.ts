import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { readConfig, withConfig } from "../commands/settings/config_file.ts";
import { trainFlags } from "../commands/settings/train_flags.ts";
import { inFolder } from "./_command.ts";

const given = (...args: string[]) => parseFlags(trainFlags, args);

Deno.test("values of a file fill in flags that were not given, under any spelling of their names", () => {
  const file = { seed: 1, layers: 3, "learning-rate": 0.5, batch_size: 2 };
  for (const json of [file, { command: "train", settings: file }]) {
    const { seed, layers, learningRate, batchSize } = withConfig(
      trainFlags,
      given("--seed", "2"),
      json,
      "a.json",
    );
    assertEquals([seed, layers, learningRate, batchSize], [2, 3, 0.5, 2]);
  }
});

Deno.test("a flag takes the place of another in the file that says the same", () => {
  const { steps, epochs } = withConfig(trainFlags, given("--epochs", "3"), { steps: 5 }, "a.json");
  assertEquals([steps, epochs], [undefined, 3]);
});

Deno.test("what is no flag, belongs on the command line, or is no value of the flag is refused", () => {
  const refused = (json: unknown, message: string) =>
    assertThrows(() => withConfig(trainFlags, given(), json, "a.json"), TypeError, message);
  refused({ layer: 3 }, "a.json: layer is no setting of this command");
  refused({ block: "a.ts" }, "a.json: block is no setting of this command");
  refused({ layers: 0 }, "a.json: layers is 0, expected a whole number at least 1");
  refused([1], "a.json: expected an object");
  refused(3, "a.json: its content is 3, expected an object");
});

Deno.test({
  name: "a pipe or a folder is refused before it is opened: opening a pipe would wait forever",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const pipe = `${folder}/pipe.json`;
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      const cases = [[pipe, "it is a pipe, not a file; save its output"], [
        folder,
        "it is a folder, not a file",
      ]];
      for (const [path, message] of cases) {
        const reading = readConfig(trainFlags, given("--config", path));
        await assertRejects(() => reading, Error, `Cannot read ${path}: ${message}`);
      }
    }),
});
