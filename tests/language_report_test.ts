import { assertEquals } from "@std/assert";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import type { PresetName } from "../commands/settings/presets.ts";
import { chooseSettings, withLength } from "../commands/settings/settings.ts";
import { trainFlags } from "../commands/settings/train_flags.ts";
import { PRESETS } from "../training/presets/gpt_presets.ts";
import { words } from "./_command.ts";
import {
  describeArchitecture,
  describeNames,
  describeOptimizer,
  describeSequences,
  describeUse,
  expectedResult,
} from "../commands/recipes/language_report.ts";

Deno.test("the texts of a run are named, the first two of many", () => {
  const names = (data: string[], validation: string[] = []) =>
    describeNames({ data, validation, validationFraction: 0.1, replaceInvalid: false });
  assertEquals(names([]), "the built-in tales");
  assertEquals(names(["a"], ["b", "c"]), "a, b, c");
  assertEquals(names(["a", "b", "c"], ["d"]), "a, b and 2 others");
  assertEquals(names(["a\n\x1b[1m.txt"]), "a\\n\\x1b[1m.txt");
});

Deno.test("a model is used on words of a text", () => {
  const texts = ["it is. One sunny day we all went ", "to the sea."];
  const [, generate] = describeUse("runs/mine", texts), [, fill] = describeUse("m", texts, () => true);
  assertEquals(
    generate,
    'deno task generate --checkpoint runs/mine --prompt "One sunny day" --temperature 0.8 --max_new_tokens 300',
  );
  assertEquals(fill, 'deno task fill-mask --checkpoint m --text "One sunny day <mask> all"');
  const short = describeUse("m", texts, (text) => text.length <= 16);
  assertEquals(short[1], 'deno task fill-mask --checkpoint m --text "day <mask> all"');
  for (const [text, most] of [["1 2 3", 99], [texts[0], 1]] as const) {
    const [, alone] = describeUse("m", [text], ({ length }) => length <= most);
    assertEquals(alone, 'deno task fill-mask --checkpoint m --text "<mask>"');
  }
});

Deno.test("a model with parts of its own is named after them", () => {
  const experiment = { name: "my_block", sha256: "0".repeat(64) };
  assertEquals(describeArchitecture({ architecture: "gpt1" }, experiment), "gpt1 with my_block");
  assertEquals(describeArchitecture({ architecture: "gpt1" }), "gpt1");
});

Deno.test("an optimizer that was chosen is named with its settings, and the default one is not", () => {
  assertEquals(describeOptimizer({}), "");
  assertEquals(describeOptimizer({ optimizer: "sgd", momentum: 0.5 }), "sgd with momentum 0.5, ");
  assertEquals(
    describeOptimizer({ optimizer: "adamw", beta1: 0.9, beta2: 0.99 }),
    "adamw with beta1 0.9, beta2 0.99, epsilon 1e-8, ",
  );
});

Deno.test("a result is expected on the text that it was measured on, with the preset's settings, and not else", () => {
  const { expectation } = PRESETS["shakespeare-char-cpu"], { textFingerprint: text, result } = expectation!;
  const expected = (line: string, preset: PresetName = "shakespeare-char-cpu", fingerprint = text) => {
    const flags = parseFlags(trainFlags, words(line));
    return expectedResult(withLength(chooseSettings(flags, preset), flags, 1000), fingerprint);
  };
  assertEquals(expected(""), result);
  assertEquals(expected("--seed 3 --eval_interval 7 --warmup_steps 100"), result);
  assertEquals(expected("", "shakespeare-char-cpu", "0".repeat(16)), undefined);
  assertEquals(expected("", "tiny"), undefined);
  for (const other of ["--steps 1999", "--layers 2", "--lr 0.001", "--accumulation 2", "--tokenizer bpe"]) {
    assertEquals(expected(other), undefined, other);
  }
});

Deno.test("an expected result may be of another tokenizer and length than the preset's", () => {
  const text = "0123456789abcdef",
    preset = {
      ...PRESETS["mini-gpt"],
      expectation: {
        result: "3.2",
        textFingerprint: text,
        settings: { tokenizer: "bpe", vocabSize: 1024, steps: 300, warmupSteps: 30 },
      },
    } as const;
  const expected = (line: string, batchesPerEpoch = 100) => {
    const flags = parseFlags(trainFlags, words(line));
    return expectedResult(
      withLength(chooseSettings(flags, "mini-gpt"), flags, batchesPerEpoch),
      text,
      preset,
    );
  };
  assertEquals(expected("--tokenizer bpe --epochs 3"), "3.2");
  assertEquals(expected("--tokenizer bpe --vocab_size 1024 --steps 300 --save-every epoch"), "3.2");
  for (const other of ["", "--epochs 3", "--tokenizer bpe", "--tokenizer bpe --epochs 4", "--steps 300"]) {
    assertEquals(expected(other), undefined, other);
  }
  assertEquals(expected("--tokenizer bpe --vocab_size 512 --epochs 3"), undefined);
  assertEquals(expected("--tokenizer bpe --epochs 3 --warmup_steps 0"), undefined);
});

Deno.test("the number of sequences is said of each text, and whether they may be shorter", () => {
  const sequences = { training: 452, validation: 51, length: 512 };
  assertEquals(
    describeSequences({ sequences }),
    "452 of 512 tokens in each epoch, 51 in the validation text",
  );
  const masked = { oneByOneBatches: () => [], unigramLoss: () => 0 };
  assertEquals(
    describeSequences({ sequences: { ...sequences, length: 1 }, masked }),
    "452 of up to 1 token in each epoch, 51 in the validation text",
  );
});
