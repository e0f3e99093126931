import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { describeEarlyStop, expectPatience, warnOfMemorizing } from "../commands/runs/patience.ts";
import type { ResumedRun } from "../commands/runs/run_state.ts";
import type { MetricsRecord } from "../training/tensorboard_events.ts";
import { inFolder, metricsOf, miniformer, story, succeed, words } from "./_command.ts";

/** Records of steps with a training loss and, where there is a second number, a validation loss. */
function recordsOf(...losses: readonly (readonly [number, number?])[]): MetricsRecord[] {
  return losses.map(([loss, validationLoss], index) => ({
    ...{ step: index + 1, epoch: 0, loss, gradientNorm: 1, learningRate: 1, seconds: 0 },
    ...validationLoss === undefined ? {} : { validationLoss },
  }));
}

Deno.test("patience counts validations since the best, and nothing else", () => {
  const after = (patience: number | undefined, ...losses: (number | undefined)[]) =>
    describeEarlyStop(patience, recordsOf(...losses.map((loss) => [1, loss] as const)));
  assertEquals(after(2, 3, undefined, 2, undefined, undefined, 2.1), undefined);
  assertEquals(
    after(2, 3, undefined, 2, undefined, 2.1, undefined, 2),
    "--patience 2: 2 validations after step 3 had no lower loss",
  );
  assertEquals(after(1, 2, 3), "--patience 1: the validation after step 1 had no lower loss");
  assertEquals(after(2, 3, 4, 2, 4), undefined);
  for (const none of [0, undefined]) assertEquals(after(none, 1, 2, 3, 4), undefined);
  assertEquals(after(1), undefined);
});

Deno.test("a run that has stopped itself is resumed with more patience only", () =>
  inFolder(async (folder) => {
    const lines = recordsOf([1, 2], [1, 3], [1, 1]).map((record) => JSON.stringify(record) + "\n");
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, lines.join(""));
    const resumed = { path: "runs/mine", folder, step: 2 } as ResumedRun;
    await assertRejects(
      () => expectPatience(resumed, 1),
      RangeError,
      "Cannot resume runs/mine: it was stopped by --patience 1: the validation after step 1 had no lower loss; " +
        "give a larger --patience, or --patience 0 to go on to the end",
    );
    for (const patience of [0, 2, undefined]) await expectPatience(resumed, patience);
    await expectPatience({ ...resumed, step: 3 }, 1);
  }));

Deno.test("learning by heart is warned of once: validation loss risen, training loss fallen", () => {
  const records = recordsOf([3, 3], [2.5], [2.1, 2.5], [1.9, 2.7], [1.6], [1.2, 3], [0.9, 3.5]);
  const warned = records.map((_, index) => warnOfMemorizing(records.slice(0, index + 1)));
  assertEquals(warned.map((warning) => warning !== undefined), [
    false,
    false,
    false,
    false,
    false,
    true,
    false,
  ]);
  assertMatch(
    warned[5]!,
    /^warning: .* has risen from 2\.50 at step 3 to 3\.00, while the training loss fell from 2\.30 to 1\.40; /,
  );
  // noise, a text that is too hard, a run that still learns, and one whose losses jump before it has learned anything
  for (
    const fine of [
      recordsOf([2, 2], [1.5, 2.1]),
      recordsOf([2, 2], [2, 3]),
      recordsOf([2, 2], [1.5, 1.9], [1, 1.8]),
      recordsOf([3.5, 2.9], [3, 5.6], [4, 2.9], [3, 4.1]),
    ]
  ) {
    assertEquals(
      fine.map((_, index) => warnOfMemorizing(fine.slice(0, index + 1))),
      fine.map(() => undefined),
    );
  }
});

Deno.test("a run stops by its patience, says so, and goes on as one that was never stopped", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(40));
    const line =
      "train --data story.txt --device cpu --context_length 8 --layers 1 --heads 1 --model_dim 8 " +
      "--batch_size 2 --learning_rate 2 --steps 12 --eval_interval 1 --sample_interval 5 --schedule constant";
    const whole = await succeed(words(`${line} --name whole`), { cwd });
    const said = await succeed(words(`${line} --name early --patience 3`), { cwd });
    const [, step] = said.match(/^done +step (\d+) of 12,/m)!;
    assertMatch(said, /^stopped +by --patience 3: 3 validations after step \d+ had no lower loss$/m);
    assertMatch(said, /^resume +deno task train --resume runs\/early --patience 0$/m);
    assertEquals(/^stopped/m.test(whole), false);
    const all = await metricsOf(`${cwd}/runs/whole`);
    assertEquals(await metricsOf(`${cwd}/runs/early`), all.slice(0, Number(step)));

    // interrupted before that, it stops at the same step
    await succeed(words(`${line} --name broken --patience 3 --stop_after ${Number(step) - 1}`), { cwd });
    await succeed(words("train --resume runs/broken --device cpu"), { cwd });
    assertEquals(await metricsOf(`${cwd}/runs/broken`), all.slice(0, Number(step)));

    const { code, stderr } = await miniformer(words("train --resume runs/early --device cpu"), { cwd });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "it was stopped by --patience 3");
    const more = said.match(/^resume +deno task (.*)$/m)![1];
    await succeed(words(`${more} --device cpu`), { cwd });
    assertEquals(await metricsOf(`${cwd}/runs/early`), all);
    const read = (name: string) => Deno.readFile(`${cwd}/runs/${name}/last/model.safetensors`);
    assertEquals(await read("early"), await read("whole"));
    assertEquals(
      await Deno.readTextFile(`${cwd}/runs/early/samples.txt`),
      await Deno.readTextFile(`${cwd}/runs/whole/samples.txt`),
    );
  }));
