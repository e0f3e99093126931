import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { type PresetName, PRESETS_BY_NAME } from "../commands/settings/presets.ts";
import { chooseSettings, withLength } from "../commands/settings/settings.ts";
import {
  expectCharacters,
  fitContext,
  noteOfEpochs,
  type TokenCounts,
  warnOfLearningRate,
} from "../commands/settings/text_fit.ts";
import { trainFlags } from "../commands/settings/train_flags.ts";
import { words } from "./_command.ts";

const flagsOf = (line: string) => parseFlags(trainFlags, words(line));

function fit(line: string, preset: PresetName, tokens: TokenCounts) {
  return fitContext(chooseSettings(flagsOf(line), preset), flagsOf(line), tokens);
}

Deno.test("a text of 500 characters is enough for every preset, a shorter one is refused with what is enough", () => {
  expectCharacters("a.txt", 500);
  assertThrows(
    () => expectCharacters("a.txt", 499),
    RangeError,
    "Cannot train on a.txt: 499 characters are too few; at least 500 are needed, and a few thousand are better",
  );
  for (const preset of Object.keys(PRESETS_BY_NAME) as PresetName[]) {
    const { model } = PRESETS_BY_NAME[preset];
    const { contextLength } = fit("", preset, { training: 450, validation: 50 });
    assertEquals(contextLength, Math.min(model.contextLength, 224), preset);
  }
});

Deno.test("a text that is long enough changes nothing and needs no note", () => {
  const tokens = { training: 513, validation: 257 };
  assertEquals(fit("", "tiny", tokens), { contextLength: 256, notes: [] });
  assertEquals(fit("--context_length 160", "mini-gpt", tokens), { contextLength: 160, notes: [] });
});

Deno.test("a context that is too long gives way, and the note names the flag", () => {
  const shorter = fit("", "tiny", { training: 512, validation: 300 });
  assertEquals(shorter, {
    contextLength: 255,
    notes: [
      "context 255 instead of the preset's 256: half of the 512 training tokens; --context-length sets another",
    ],
  });
  assertEquals(fit("--context_length 256", "tiny", { training: 450, validation: 300 }).contextLength, 256);
  const asked = fit("--context_length 256", "tiny", { training: 200, validation: 300 });
  assertEquals(asked, {
    contextLength: 199,
    notes: ["context 199 instead of --context-length 256: the training text has 200 tokens"],
  });
});

Deno.test("a validation text shorter than the context is one window, and the note names the flags", () => {
  const { contextLength, notes } = fit("", "tiny", { training: 1374, validation: 153 });
  assertEquals([contextLength, notes.length], [256, 1]);
  assertEquals(
    notes[0],
    "validation on one window of 152 tokens, shorter than the context: --validation-fraction or --validation gives more",
  );
  assertEquals(fit("", "roberta-mini", { training: 1374, validation: 100 }).notes, []);
  const own = fit("--validation held_out.txt", "tiny", { training: 1374, validation: 153 }).notes;
  assertMatch(own[0], /: a longer --validation text gives more$/);
});

for (
  const [line, tokens, message] of [
    [
      "",
      { training: 15, validation: 10 },
      "Cannot train on 15 tokens: at least 16 are needed; give a longer text",
    ],
    [
      "--validation_fraction 0.98",
      { training: 10, validation: 490 },
      "give a longer text or a smaller --validation-fraction",
    ],
    [
      "--validation_fraction 0.01",
      { training: 495, validation: 5 },
      "Cannot validate on 5 tokens: at least 8 are needed; --validation-fraction 0.04 is enough",
    ],
    ["--validation_fraction 0.999", { training: 1, validation: 499 }, "Cannot train on 1 token:"],
    ["--validation a.txt", { training: 495, validation: 1 }, "Cannot validate on 1 token:"],
    ["", { training: 20, validation: 2 }, "at least 8 are needed; give a longer text"],
    [
      "--validation a.txt",
      { training: 495, validation: 7 },
      "Cannot validate on 7 tokens: at least 8 are needed; give a longer --validation text",
    ],
  ] as const
) {
  Deno.test(`parts with too few tokens are refused with what is enough: ${message}`, () => {
    assertThrows(() => fit(line, "tiny", tokens), RangeError, message);
  });
}

Deno.test("the fraction that a message gives is enough", () => {
  for (const all of [40, 100, 500, 5000]) {
    const error = assertThrows(() => fit("", "tiny", { training: all - 7, validation: 7 }), RangeError);
    const fraction = Number(error.message.match(/--validation-fraction ([\d.]+)/)?.[1]);
    const validation = Math.floor(all * fraction);
    fit("", "tiny", { training: all - validation, validation });
  }
});

Deno.test("a learning rate far from the preset's is warned of, with the preset's", () => {
  const warn = (line: string, preset: PresetName) =>
    warnOfLearningRate(chooseSettings(flagsOf(line), preset));
  assertEquals(
    warn("--lr 0.0003", "tiny"),
    "--learning-rate 0.0003 is 33 times smaller than the preset's 0.01: a model of this size will learn slowly",
  );
  assertEquals(
    warn("--lr 0.003", "mini-transformer-lab"),
    "--learning-rate 0.003 is 10 times larger than the preset's 0.0003: the model may learn nothing",
  );
  for (const near of ["", "--lr 0.00125", "--lr 0.08", "--optimizer sgd", "--optimizer sgd --lr 0.3"]) {
    assertEquals(warn(near, "tiny"), undefined, near);
  }
  assertMatch(warn("--optimizer sgd --lr 0.01", "tiny")!, /30 times smaller than the preset's 0.3/);
});

Deno.test("epochs that are too few steps are noted, with how many are needed", () => {
  const note = (line: string, perEpoch: number, preset: PresetName = "short-text") => {
    const flags = flagsOf(line), settings = withLength(chooseSettings(flags, preset), flags, perEpoch);
    return noteOfEpochs(settings, flags, perEpoch);
  };
  assertEquals(
    note("--epochs 10", 2.5),
    "10 epochs of this text are 25 steps, too few to learn it: leave --epochs out, or give --epochs 200 for 500 steps",
  );
  assertMatch(
    note("--epochs 1 --accumulation 2", 2)!,
    /^1 epoch of this text is 1 step, .* --epochs 500 for 500 steps$/,
  );
  for (const fine of ["--epochs 100", "--steps 10", ""]) assertEquals(note(fine, 2.5), undefined, fine);
  assertMatch(note("--epochs 10", 2.5, "gpt2")!, / for 500 steps$/);
});
