import { assertEquals } from "@std/assert";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { commandLine, fewestFlags, type FlagRecord } from "../commands/settings/repeat.ts";
import { chooseSettings, withLength } from "../commands/settings/settings.ts";
import { type TrainFlags, trainFlags } from "../commands/settings/train_flags.ts";
import { type PresetName, PRESETS_BY_NAME } from "../commands/settings/presets.ts";

const settingsOf = (flags: FlagRecord, preset: PresetName) =>
  withLength(chooseSettings(flags as unknown as TrainFlags, preset), flags as unknown as TrainFlags, 1);

/** The words of a line as a shell reads them. */
async function shellWords(line: string): Promise<string[]> {
  const args = [
    "-c",
    `${line.replace(/^deno task \S+/, "set --")}\nfor word; do printf '%s\\0' "$word"; done`,
  ];
  const { stdout, success } = await new Deno.Command("sh", { args }).output();
  assertEquals(success, true, line);
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

const runs: [name: string, preset: PresetName, flags: FlagRecord, fewest: string][] = [
  ["a preset", "tiny", {}, ""],
  ["steps, which decide intervals and warmup", "tiny", { steps: 50 }, "--steps 50"],
  [
    "a width that the preset's heads do not divide",
    "tiny",
    { modelDim: 50, heads: 5 },
    "--model-dim 50 --heads 5",
  ],
  [
    "a multiple, which is a width",
    "mini-gpt",
    { feedForwardMultiple: 2 },
    "--architecture gpt2 --feed-forward-dim 256",
  ],
  [
    "another optimizer with its own setting",
    "tiny",
    { optimizer: "sgd", momentum: 0.5, learningRate: 0.1 },
    "--optimizer sgd --learning-rate 0.1 --momentum 0.5",
  ],
  [
    "a vocabulary",
    "gpt2",
    { tokenizer: "bpe", vocabSize: 300, tied: false },
    "--tokenizer bpe --no-tied --vocab-size 300",
  ],
  ["a learning rate, which moves its end", "mini-gpt", { learningRate: 0.005 }, "--learning-rate 0.005"],
  ["masks", "roberta-tiny", { maskRate: 0.3, lines: true }, "--mask-rate 0.3 --lines"],
  ["an interval", "tiny", { saveInterval: 7, seed: 3 }, "--seed 3 --save-interval 7"],
];

for (const [name, preset, flags, expected] of runs) {
  Deno.test(`the fewest flags that repeat a run: ${name}`, async () => {
    const settings = settingsOf(flags, preset), { preset: _, ...values } = settings;
    const fewest = fewestFlags(values, (flags) => settingsOf(flags, preset)),
      line = commandLine("train", fewest);
    assertEquals(line.replaceAll(/ \\\n +/g, " "), `deno task train ${expected}`.trimEnd());
    const parsed = parseFlags(trainFlags, await shellWords(line));
    const given = Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
    assertEquals(settingsOf(given, preset), settings);
  });
}

Deno.test("every preset is repeated by its name alone", () => {
  for (const preset of Object.keys(PRESETS_BY_NAME) as PresetName[]) {
    const { preset: _, ...values } = settingsOf({}, preset);
    assertEquals(fewestFlags(values, (flags) => settingsOf(flags, preset)), {}, preset);
  }
});

Deno.test("a shell reads a command line as it was, also names with quotes, spaces, line breaks and backticks", async () => {
  const data = [
    "it's a\\book.txt",
    "$(touch x) `y`.txt",
    "two\nlines.txt",
    '"quoted" & more;.txt',
    "plain.txt",
  ];
  const line = commandLine("train", { data, preset: "tiny", tied: true, lines: false, nothing: undefined });
  assertEquals(await shellWords(line), ["--data", ...data, "--preset", "tiny", "--tied", "--no-lines"]);
  const long = commandLine("train", { data: Array(30).fill("a long name.txt"), steps: 5 });
  assertEquals((await shellWords(long)).length, 33);
  assertEquals(long.split("\n").length, 3);
});
