import { assert, assertEquals } from "@std/assert";
import { currentStep, divergenceOf, outcomeOf, stageOf, stepsOf } from "../commands/lab/run_outcome.ts";
import { editState, inFolder, small, story, succeed } from "./_command.ts";

const ending = (error: string, code = 1) => ({ code, error });

Deno.test("a run that diverges is known by what train says, and its steps do not depend on the clock", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const args = ["--data", "story.txt", ...small.slice(0, -2), "--device", "cpu", "--steps", "30"];
    const wild = [...args, "--lr", "1e6", "--clip-norm", "0", "--warmup-steps", "0", "--optimizer", "sgd"];
    const failure = await succeed(["train", ...wild], { cwd }).then(() => "", (error) => error.message);
    const line = failure.match(/^error: (.*)$/m)?.[1] ?? failure;
    const divergence = divergenceOf(ending(line));
    assert(divergence && divergence.steps >= 0 && divergence.steps < 30, line);
    assertEquals(
      /^The (validation )?loss at step \d+ is (NaN|Infinity|[\d.]+ and its gradient's norm \S+)( and .*)?$/
        .test(divergence.reason),
      true,
      divergence.reason,
    );
    const result = await outcomeOf(
      `${cwd}/runs/story`,
      { variant: "a", seed: 1, flags: ["--x"], run: "r" },
      { ending: ending(line) },
    );
    assertEquals([result?.diverged, result?.loss, result?.steps], [true, null, divergence.steps]);
  }));

Deno.test("what train says is taken apart: the steps before, and the reason without what depends on the folder", () => {
  const before =
    "The loss at step 57 is NaN and its gradient's norm Infinity (seed 2): lower the learning rate, or x; " +
    "lab/x/runs/a-seed-2/last holds step 50";
  assertEquals(divergenceOf(ending(before)), {
    steps: 56,
    reason: "The loss at step 57 is NaN and its gradient's norm Infinity",
  });
  const validation =
    "The validation loss at step 50 is Infinity (seed 2): lower the learning rate; no checkpoint";
  assertEquals(divergenceOf(ending(validation)), {
    steps: 50,
    reason: "The validation loss at step 50 is Infinity",
  });
  for (const other of ["", "Cannot read x: The loss at step 5 is NaN (seed 1)", "the disk is full"]) {
    assertEquals(divergenceOf(ending(other)), undefined);
  }
  assertEquals(divergenceOf(undefined), undefined);
});

Deno.test("a folder says how far its run is, and a complete run gives its figures", () =>
  inFolder(async (cwd) => {
    const run = `${cwd}/runs/story`, identity = { variant: "a", seed: 3, flags: [], run: "runs/a-seed-3" };
    assertEquals([await stageOf(run), await currentStep(run), await stepsOf(run)], [
      "new",
      undefined,
      undefined,
    ]);
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    const args = [
      "--data",
      "story.txt",
      ...small,
      "--device",
      "cpu",
      "--steps",
      "6",
      "--evaluation-interval",
      "2",
    ];
    await succeed(["train", ...args, "--stop-after", "4"], { cwd });
    assertEquals([await stageOf(run), await currentStep(run), await stepsOf(run)], ["begun", 4, 6]);
    assertEquals(await outcomeOf(run, identity, { stopped: true }), undefined, "it is to be resumed");
    const failed = await outcomeOf(run, identity, { ending: ending("the disk is full") });
    assertEquals([failed?.diverged, failed?.reason, failed?.loss], [false, "the disk is full", null]);
    const killed = await outcomeOf(run, identity, { ending: ending("", 137) });
    assertEquals(killed?.reason, "it ended with status 137 and said nothing");

    await succeed(["train", "--resume", "runs/story", "--device", "cpu"], { cwd });
    assertEquals([await stageOf(run), await currentStep(run)], ["complete", 6]);
    const lines = (await Deno.readTextFile(`${run}/metrics.jsonl`)).trimEnd().split("\n");
    const records = lines.map((line) => JSON.parse(line));
    const validated = records.filter(({ validationLoss }) => validationLoss !== undefined);
    const curve = validated.map(({ step, validationLoss: loss }) => ({ step, loss }));
    assertEquals(curve.map(({ step }) => step), [2, 4, 6]);
    const { parameters } = JSON.parse(await Deno.readTextFile(`${run}/run.json`));
    assert(parameters > 1000);
    const result = await outcomeOf(run, identity, { stopped: true });
    assertEquals(result, {
      ...{
        ...identity,
        parameters,
        seconds: records[5].seconds,
        steps: 6,
        diverged: false,
        reason: undefined,
      },
      ...{ loss: curve[2].loss, optimal: null, curve },
    });

    // skills of a validation are taken over; a torn line is none
    const skills = { recall: { positions: 9, loss: 0.5, optimal: 0 } };
    const skilled = [...lines.slice(0, 5), JSON.stringify({ ...records[5], skills }), '{"step":9,"lo'].join(
      "\n",
    );
    await Deno.writeTextFile(`${run}/metrics.jsonl`, skilled);
    assertEquals((await outcomeOf(run, identity))?.curve.map(({ skills }) => skills), [
      undefined,
      undefined,
      skills,
    ]);

    // without the last validation, an earlier one is not taken for it
    for (const kept of [lines.slice(0, 5), lines.slice(0, 4), []]) {
      await Deno.writeTextFile(`${run}/metrics.jsonl`, kept.join("\n"));
      const { loss, reason } = await outcomeOf(run, identity) ?? {};
      assertEquals([loss, reason], [null, "its metrics.jsonl lacks the validation of step 6"]);
    }

    // a run that has stopped itself is complete, too, and one that cannot be read is for train to refuse
    const state = `${run}/last/training_state.json`;
    const patient = (patience: number) => (state: Record<string, unknown>) => ({
      ...state,
      settings: { ...state.settings as object, steps: 9, patience },
    });
    await Deno.writeTextFile(
      `${run}/metrics.jsonl`,
      lines.join("\n").replaceAll(/("validationLoss":)[\d.]+/g, "$15"),
    );
    await editState(state, patient(2));
    assertEquals(await stageOf(run), "complete");
    await editState(state, patient(3));
    assertEquals(await stageOf(run), "begun");
    await Deno.writeTextFile(state, "torn");
    assertEquals(await stageOf(run), "begun");
  }));
