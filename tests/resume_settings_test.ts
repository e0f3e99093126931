import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { UsageError } from "../commands/cli/errors.ts";
import type { Flag } from "../commands/cli/flags.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { type Objective, objectiveOf } from "../models/families.ts";
import { type PresetName, PRESETS_BY_NAME } from "../commands/settings/presets.ts";
import { resumeSettings } from "../commands/settings/resume_settings.ts";
import { chooseSettings, withLength } from "../commands/settings/settings.ts";
import { type TrainFlags, trainFlags } from "../commands/settings/train_flags.ts";
import { words } from "./_command.ts";

const flagsOf = (line: string): TrainFlags => parseFlags(trainFlags, words(line));

function resume(flags: TrainFlags, step = 10, preset: PresetName = "tiny") {
  const none = flagsOf(""), settings = withLength(chooseSettings(none, preset), none, 100);
  return { settings, resumed: resumeSettings({ path: "runs/mine", step, state: { settings } }, flags, 100) };
}

/** A value of a flag that no run of this objective was started with. */
function unusual(flag: Flag, objective: Objective): unknown {
  if (flag.kind === "choice") {
    return flag.choices.findLast((choice) =>
      choice !== objective && !(choice === "roberta" && objective === "mlm")
    );
  }
  return flag.kind === "boolean"
    ? true
    : flag.kind === "list"
    ? ["other"]
    : flag.kind === "text"
    ? "other"
    : 7777;
}

Deno.test("without flags a resumed run keeps its settings", () => {
  const { settings, resumed } = resume(flagsOf(""));
  assertEquals(resumed, settings);
});

Deno.test("a flag that would change what the run computes is refused; these do not", () => {
  const accepted = (preset: PresetName) =>
    Object.entries(trainFlags).map(([name, flag]) => {
      const flags = {
        ...flagsOf(""),
        [name]: name === "tied" ? false : unusual(flag, objectiveOf(PRESETS_BY_NAME[preset].model)),
      };
      try {
        resume(flags, 10, preset);
        return name;
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        assertFalse(error.message.includes("undefined"), error.message);
        return undefined;
      }
    }).filter((name) => name !== undefined).sort();
  for (const preset of ["tiny", "roberta-tiny"] as const) {
    assertEquals(accepted(preset), [
      ...[
        "attentionEvery",
        "block",
        "config",
        "data",
        "device",
        "dryRun",
        "epochs",
        "evaluationInterval",
        "learningRate",
        "logInterval",
        "patience",
        "recompute",
        "resume",
      ],
      ...["sampleInterval", "saveInterval", "steps", "stopAfter", "tensorboard", "threads", "validation"],
    ]);
  }
});

Deno.test("what a new run refuses, a resumed one refuses in the same words", () => {
  const refused = (line: string, preset: PresetName, message: string) => {
    assertThrows(() => chooseSettings(flagsOf(line), preset), UsageError, message);
    assertThrows(() => resume(flagsOf(line), 10, preset), UsageError, message);
  };
  refused("--mask_rate 0.15", "tiny", "--mask-rate is for --objective mlm: leave it out");
  refused(
    "--architecture gpt1",
    "roberta-tiny",
    "--architecture gpt1 is for --objective causal: leave it out",
  );
  const same = "--feed-forward-dim and --feed-forward-multiple say the same: give one";
  refused("--ff_mult 4 --feed_forward_dim 256", "tiny", same);
});

Deno.test("what was given before may be given again", () => {
  const { settings } = resume(flagsOf(""));
  const line =
    `--seed ${settings.seed} --lr ${settings.learningRate} --ff_mult 4 --objective causal --preset tiny`;
  assertEquals(resume(flagsOf(line)).resumed, settings);
  const refused = (line: string, message: string) =>
    assertThrows(() => resume(flagsOf(line)), UsageError, `${message}: leave it out, or start a new run`);
  refused("--seed 2", "--seed is 2, but the run was started with 1");
  refused("--objective mlm", "--objective is mlm, but the run was started with causal");
  refused("--ff_mult 3", "--feed-forward-multiple is 3, but the run was started with 4");
});

Deno.test("a resumed run may have another peak learning rate, and the one at the end follows it", () => {
  const { settings } = resume(flagsOf("")), { learningRate, minLearningRate } = settings;
  const changed = { learningRate: learningRate / 4, minLearningRate: minLearningRate / 4 };
  assertEquals(resume(flagsOf(`--lr ${learningRate / 4}`)).resumed, { ...settings, ...changed });
  const refused = "--min-learning-rate follows a --learning-rate that is changed with --resume: leave it out";
  const line = `--lr ${learningRate / 4} --min_lr ${minLearningRate}`;
  assertThrows(() => resume(flagsOf(line)), UsageError, refused);
});

Deno.test("a resumed run may have more or less patience", () => {
  assertEquals(resume(flagsOf("--patience 3")).resumed.patience, 3);
  assertEquals(resume(flagsOf("--patience 0")).resumed.patience, 0);
  assertEquals("patience" in resume(flagsOf("")).resumed, false);
});

Deno.test("a resumed run may begin or cease to compute blocks again, which changes no bit", () => {
  assertEquals(resume(flagsOf("--recompute")).resumed.recompute, true);
  assertEquals(resume(flagsOf("--no-recompute")).resumed.recompute, false);
  assertEquals("recompute" in resume(flagsOf("")).resumed, false);
  const { settings } = resume(flagsOf("")), state = { settings: { ...settings, recompute: true } };
  const resumed = resumeSettings({ path: "runs/mine", step: 10, state }, flagsOf("--patience 2"), 100);
  assertEquals([resumed.recompute, resumed.patience], [true, 2]);
});

Deno.test("a run at its end is not resumed, and it is said which flag makes it longer", () => {
  const { settings: { steps } } = resume(flagsOf("")), path = "--resume runs/mine";
  const refused = (line: string, step: number, message: string) =>
    assertThrows(() => resume(flagsOf(line), step), RangeError, message);
  refused(
    path,
    steps,
    `Cannot resume runs/mine: it has done ${steps} steps of ${steps}; raise --steps or --epochs`,
  );
  refused(
    `${path} --stop_after 5`,
    10,
    "Cannot resume runs/mine: it has done 10 steps of 5; raise --stop-after",
  );
  // to stop later than the run ends makes it no longer
  refused(
    `${path} --stop_after ${steps + 5}`,
    steps,
    `it has done ${steps} steps of ${steps}; raise --steps or --epochs`,
  );
  assertEquals(resume(flagsOf(`--steps ${steps + 1}`), steps).resumed.steps, steps + 1);
});
