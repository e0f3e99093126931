import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { architectureNote } from "../commands/settings/feed_forward.ts";
import { choosePreset } from "../commands/settings/presets.ts";
import { chooseSettings } from "../commands/settings/settings.ts";
import { trainFlags } from "../commands/settings/train_flags.ts";
import { inFolder, story, succeed, words } from "./_command.ts";

const flagsOf = (line: string) => parseFlags(trainFlags, words(line));
const settingsOf = (line: string) =>
  chooseSettings(flagsOf(line), choosePreset(flagsOf(line), { hardwareGpu: false }));

Deno.test("a feed-forward network of another width takes GPT-2 where GPT-1 was not asked for, and says so", () => {
  const cases: [line: string, architecture: string, note: RegExp | undefined][] = [
    ["", "gpt2", undefined],
    ["--ff_mult 2", "gpt2", undefined],
    ["--preset mini-gpt", "gpt1", undefined],
    ["--preset mini-gpt --ff_mult 4", "gpt1", undefined],
    ["--preset mini-gpt --feed_forward_dim 512", "gpt1", undefined],
    [
      "--preset mini-gpt --ff_mult 2",
      "gpt2",
      /^--ff-mult 2 needs architecture gpt2: .* of gpt1 is always 4 times/,
    ],
    ["--preset mini-gpt --feed_forward_dim 100", "gpt2", /^--feed-forward-dim 100 needs architecture gpt2/],
    ["--preset gpt1 --ff_mult 2 --architecture gpt2", "gpt2", undefined],
    ["--preset gpt2 --ff_mult 2", "gpt2", undefined],
    ["--objective mlm --ff_mult 2", "roberta", undefined],
    ["--architecture gpt1 --ff_mult 2 --block a.ts", "gpt1", undefined],
    ["--preset mini-gpt --ff_mult 2 --block a.ts", "gpt1", undefined],
  ];
  for (const [line, architecture, note] of cases) {
    const settings = settingsOf(line), said = architectureNote(flagsOf(line), settings);
    assertEquals(settings.architecture, architecture, line);
    if (note === undefined) assertEquals(said, undefined, line);
    else assertMatch(said!, note, line);
  }
});

for (
  const [line, flag] of [
    ["--preset gpt1 --ff_mult 2", "--ff-mult 2"],
    ["--architecture gpt1 --ff_mult 3", "--ff-mult 3"],
    ["--architecture gpt1 --feed_forward_dim 100", "--feed-forward-dim 100"],
  ]
) {
  Deno.test(`train ${line} is refused by the flag`, () => {
    const { message } = assertThrows(() => settingsOf(line), UsageError);
    assertEquals(
      message,
      `${flag}: the feed-forward network of gpt1 is always 4 times as wide as the model; leave the flag out, or give ` +
        "--architecture gpt2",
    );
  });
}

Deno.test("such a run is trained, resumed with the same flag, and repeated from its run.json", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(60));
    const sizes =
      "--n_layers 1 --num_heads 2 --embed_dim 16 --ff_mult 2 --seq_len 16 --batch_size 4 --device cpu";
    const said = await succeed(
      words(`train --data story.txt --preset mini-gpt ${sizes} --steps 2 --stop_after 1`),
      { cwd },
    );
    assertMatch(said, /^model +gpt2, 1 layer/m);
    assertMatch(said, /^note +--ff-mult 2 needs architecture gpt2/m);
    assertMatch(
      await succeed(words("train --resume --ff_mult 2 --device cpu"), { cwd }),
      /^done +step 2 of 2/m,
    );
    const again = await succeed(words("train --config runs/story/run.json --device cpu --dry-run"), { cwd });
    assertMatch(again, /^model +gpt2, 1 layer/m);
    assertEquals(/^note /m.test(again), false);
  }));
