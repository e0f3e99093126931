import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import { finetuneFlags } from "../commands/settings/finetune_flags.ts";
import { chooseFinetuning } from "../commands/settings/finetune_settings.ts";
import { resumeSettings } from "../commands/settings/resume_settings.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { words } from "./_command.ts";

const flagsOf = (line: string) => parseFlags(finetuneFlags, words(line));
const sizes = {
  modelDim: 64,
  contextLength: 9,
  causal: true,
  labels: ["a", "b", "c"],
  classes: [0, 0, 1, 2],
};
const choose = (line: string, changes: Partial<typeof sizes> = {}) =>
  chooseFinetuning(flagsOf(line), { ...sizes, ...changes });

Deno.test("an epoch sees every text, and each is validated and saved", () => {
  const classes = Array.from({ length: 100 }, (_, i) => i % 3);
  const { steps, evaluationInterval, saveInterval, warmupSteps } = choose("--batch_size 8 --accumulation 3", {
    classes,
  });
  assertEquals([steps, evaluationInterval, saveInterval, warmupSteps], [13, "epoch", 5, 0]);
  assertEquals(choose("--epochs 20", { classes }).warmupSteps, 7);
  assertEquals(choose("--save_every epoch", { classes }).saveInterval, "epoch");
});

Deno.test("a wider model learns more slowly, and only a GPT also predicts the next token", () => {
  const rates = [16, 64, 256, 768].map((modelDim) => choose("", { modelDim }).learningRate);
  assertEquals(rates, [0.002, 0.002, 0.0002, 0.000032]);
  assertEquals([choose("").auxiliaryWeight, choose("", { causal: false }).auxiliaryWeight], [0.5, 0]);
  assertThrows(() => choose("--auxiliary_weight 1", { causal: false }), UsageError, "is for a GPT");
});

Deno.test("BPE-dropout and pooling are settings where they are given; a GPT has no pooling", () => {
  const given = choose("--bpe-dropout 0.2 --pooling mean", { causal: false });
  assertEquals([given.bpeDropout, given.pooling], [0.2, "mean"]);
  assertEquals(["bpeDropout", "pooling"].filter((name) => name in choose("", { causal: false })), []);
  for (const pooling of ["mean", "first"]) {
    assertThrows(
      () => choose(`--pooling ${pooling}`),
      UsageError,
      "--pooling is for a RoBERTa: a GPT classifies by",
    );
  }
});

Deno.test("classes weigh the same, what is given, or by how rare they are", () => {
  assertEquals("classWeights" in choose(""), false);
  assertEquals(choose("--class_weights c=2 a=0.5 b=1").classWeights, [0.5, 1, 2]);
  const [often, rare, other] = choose("--class_weights balanced").classWeights!;
  assertEquals([rare, other], [2 * often, 2 * often]);
  assertThrows(
    () => choose("--class_weights a=0 b=0 c=0"),
    UsageError,
    "--class-weights are 0 for every class in the data",
  );
  for (const wrong of ["d=1", "a=1.2.3", "a", "a=-1", `a=${"9".repeat(400)}`]) {
    const message = `--class-weights has "${wrong}": expected balanced, or LABEL=NUMBER with one of a, b, c`;
    assertThrows(() => choose(`--class_weights ${wrong}`), UsageError, message);
  }
  assertThrows(
    () => choose("--class_weights a=1 b=2"),
    UsageError,
    '--class-weights has no weight for "c": expected balanced, or LABEL=NUMBER for each of a, b, c',
  );
  assertThrows(
    () => choose("--class_weights a=1 b=2 c=3 a=1"),
    UsageError,
    '--class-weights names "a" twice: expected each label once',
  );
});

Deno.test("epochs that make more steps than a run may have are refused", () => {
  const classes = new Array(1e4).fill(0);
  assertThrows(
    () => choose("--epochs 1e6 --batch_size 1", { classes }),
    UsageError,
    "--epochs 1000000 makes 1e+10 steps: expected at most 1000000000",
  );
});

Deno.test("a resumed run may only be longer", () => {
  const settings = choose("--batch_size 2");
  const resume = (line: string) =>
    resumeSettings({ path: "runs/a", step: 3, state: { settings } }, flagsOf(line), 2);
  assertEquals(resume(""), settings);
  assertEquals(resume("--batch_size 2 --seed 1"), settings, "what was given before may be given again");
  assertEquals(resume("--epochs 10"), { ...settings, epochs: 10, steps: 20 });
  assertThrows(() => resume("--epochs 1"), RangeError, "3 steps of 2; raise --epochs");
  for (const line of ["--checkpoint runs/a", "--class_weights balanced", "--name other"]) {
    assertThrows(() => resume(line), UsageError, "cannot be given with --resume");
  }
  for (const line of ["--seed 2", "--truncate", "--from-scratch"]) {
    assertThrows(() => resume(line), UsageError, "but the run was started with");
  }
});
