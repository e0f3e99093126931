import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import {
  commandOf,
  editState,
  inFolder,
  metricsOf,
  miniformer,
  resultOf,
  small,
  story,
  succeed,
  until,
  words,
} from "./_command.ts";
import { learningRateAt } from "../training/schedule.ts";
import { hasAdapter } from "./_testing.ts";

/** Dropout and accumulation are on, and everything happens in the first half and in the second. */
const settings = words(
  "train --data story.txt --context_length 16 --layers 1 --heads 2 --model_dim 16 --learning_rate 0.01 --seed 5 " +
    "--dropout 0.2 --accumulation 2 --steps 40 --eval_interval 10 --save_interval 20 --sample_interval 15 " +
    "--attention_every",
);

async function stepOf(run: string): Promise<number | undefined> {
  const text = await Deno.readTextFile(`${run}/last/training_state.json`).catch(() => undefined);
  return text && JSON.parse(text).step;
}

for (
  const [device, objective, precision = "f32"] of [
    ...[["cpu", "causal"], ["wasm", "causal"], ["webgpu", "causal"]],
    ...[["wasm", "mlm"], ["webgpu", "mlm"]],
    ...[["cpu", "causal", "f16"], ["wasm", "mlm", "f16"], ["webgpu", "causal", "f16"]],
  ]
) {
  const ignore = device === "webgpu" && !hasAdapter;
  // the first half on another number of threads than the rest, which the records name at the end
  const threads = (count: number) => device === "wasm" ? ["--threads", `${count}`] : [];
  const on = [...settings, "--batch_size", "4", "--device", device, "--objective", objective];
  if (precision === "f16") on.push("--precision", precision);

  Deno.test(
    `two runs are equal, and so is one that was stopped and resumed [${objective}, ${device}, ${precision}]`,
    { ignore },
    () =>
      inFolder(async (cwd) => {
        await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
        await succeed([...on, ...threads(2), "--name", "whole"], { cwd });
        const whole = await resultOf(`${cwd}/runs/whole`);
        assertEquals((whole.metrics as string[]).length, 40);
        const steps = Array.from((whole.frames as string).matchAll(/frame\((\d+)/g), ([, step]) => step);
        assertEquals(steps, ["0", "10", "20", "30", "40"]);

        await succeed([...on, ...threads(2), "--name", "again"], { cwd });
        assertEquals(await resultOf(`${cwd}/runs/again`), whole);

        const half = await succeed([...on, ...threads(3), "--name", "half", "--stop_after", "20"], { cwd });
        assertStringIncludes(half, "deno task train --resume runs/half");
        assertEquals(await stepOf(`${cwd}/runs/half`), 20);
        await succeed(["train", "--resume", "runs/half", "--device", device, ...threads(2)], { cwd });
        assertEquals(await resultOf(`${cwd}/runs/half`), whole);
      }),
  );
}

/** Starts a run, ends it by a signal when it has so many records, and checks how it ended. */
async function endBy(signal: Deno.Signal, line: readonly string[], { cwd, run, lines }: {
  readonly cwd: string;
  readonly run: string;
  readonly lines: number;
}): Promise<void> {
  const child = commandOf(line, { cwd }).spawn();
  await until(async () => (await metricsOf(`${cwd}/${run}`).catch(() => [])).length > lines);
  child.kill(signal);
  const { code, stdout } = await child.output(), step = await stepOf(`${cwd}/${run}`);
  assertEquals(code, { SIGKILL: 137, SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal as string], signal);
  if (signal === "SIGKILL") return;
  assertMatch(
    new TextDecoder().decode(stdout),
    new RegExp(
      `\nStopped: step ${step} of \\d+ is saved in ${run}/last.\nResume it: deno task ${
        line[0]
      } --resume ${run}\n`,
    ),
  );
  assertEquals((await metricsOf(`${cwd}/${run}`)).length, step, "no step after the one that is saved");
}

for (
  const { device, batchSize, signals } of [
    // slow enough to be caught between two steps
    { device: "cpu", batchSize: "128", signals: ["SIGKILL"] },
    { device: "wasm", batchSize: "256", signals: ["SIGKILL", "SIGINT", "SIGTERM", "SIGHUP"] },
    { device: "webgpu", batchSize: "16", signals: ["SIGKILL"] },
  ] as const
) {
  Deno.test({
    name: `a run that was ended at any moment and resumed equals an uninterrupted one [${device}]`,
    ignore: Deno.build.os === "windows" || device === "webgpu" && !hasAdapter, // Windows has no signals to send
    fn: () =>
      inFolder(async (cwd) => {
        await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
        const start = [...settings, "--batch_size", batchSize, "--device", device, "--name"];
        await succeed([...start, "whole"], { cwd });
        const whole = await resultOf(`${cwd}/runs/whole`);
        for (const signal of signals) {
          const run = `runs/${signal}`, lines = signal === "SIGKILL" ? 22 : 2;
          await endBy(signal, [...start, signal], { cwd, run, lines });
          if (signal === "SIGKILL") {
            assertEquals(await stepOf(`${cwd}/${run}`), 20);
            assert((await metricsOf(`${cwd}/${run}`)).length > 20, "lines after the checkpoint were written");
          }
          await succeed(["train", "--resume", `${run}/last`, "--device", device], { cwd });
          assertEquals(await resultOf(`${cwd}/${run}`), whole, signal);
        }
      }),
  });
}

Deno.test({
  name: "fine-tuning that was ended by Ctrl-C says how to resume, and is resumed as if nothing had happened",
  ignore: Deno.build.os === "windows", // has no signals to send
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
      const labelled = story(80).trimEnd().split("\n").map((line) => `${line}\t${line.includes("mat")}\n`);
      await Deno.writeTextFile(`${cwd}/train.tsv`, labelled.join(""));
      const model = words(
        "--name mlm --objective mlm --context_length 32 --model_dim 16 --heads 2 --layers 1",
      );
      await succeed([...words("train --data story.txt --steps 1 --device cpu"), ...model], { cwd });
      const flags = "--data train.tsv --dropout 0.2 --accumulation 2 --epochs 10 --device cpu";
      const start = words(`finetune --checkpoint runs/mlm ${flags} --name`);
      await succeed([...start, "whole"], { cwd });
      await endBy("SIGINT", [...start, "stopped"], { cwd, run: "runs/stopped", lines: 2 });
      await succeed(words("finetune --resume runs/stopped --device cpu"), { cwd });
      assertEquals(await resultOf(`${cwd}/runs/stopped`), await resultOf(`${cwd}/runs/whole`));
      await Deno.stat(`${cwd}/runs/stopped/confusion_matrix.svg`);
    }),
});

Deno.test({
  name: "a save that meets the limit of file sizes leaves the checkpoint before, which can be resumed",
  ignore: Deno.build.os === "windows", // has no limit of file sizes
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
      const run = `${cwd}/runs/full`;
      const plain = settings.filter((word) => word !== "--attention_every"); // its page is beyond the limit, too
      await succeed([...plain, "--device", "cpu", "--name", "full", "--stop_after", "20"], { cwd });
      const wrapper = ["sh", "-c", 'trap "" XFSZ; ulimit -f 16; exec "$@"', "sh"];
      const resume = ["train", "--resume", run, "--device", "cpu"];
      const { code, stderr } = await miniformer(resume, { cwd, wrapper });
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /^error: Cannot save .*\/(best|last): .*what was there before is unharmed; .*\/last holds step 20\n?$/,
      );
      assertEquals(await stepOf(run), 20);
      const left = (await Array.fromAsync(Deno.readDir(run))).map(({ name }) => name).sort();
      assertEquals(left, [
        ...["attention.png", "attention.svg", "best", "last", "loss_curve.png", "loss_curve.svg"],
        ...["metrics.jsonl", "run.json", "sample_generation.txt", "samples.txt"],
      ]);
      await succeed(resume, { cwd });
      assertEquals(await stepOf(run), 40);
    }),
});

Deno.test("a resumed run may be longer; its learning rate follows the new end", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/my_novel.txt`, story(300));
    const start = ["train", "--data", "my_novel.txt", ...small, "--device", "cpu", "--epochs", "0.1"];
    assertMatch(await succeed(start, { cwd }), /done +step 11 of 11,/);
    // what was better before stays the best
    const statePath = `${cwd}/runs/my_novel/last/training_state.json`;
    const best = { step: 3, validationLoss: 0.25 };
    await editState(statePath, (state) => ({ ...state, best }));
    const longer = await succeed(
      ["train", "--data", "my_novel.txt", "--resume", "runs/my_novel", "--epochs", "0.2", "--device", "cpu"],
      { cwd },
    );
    assertStringIncludes(longer, "Resuming runs/my_novel/last at step 11.");
    assertStringIncludes(longer, "The learning rate is now scheduled for 21 steps, not 11");
    assertEquals(JSON.parse(await Deno.readTextFile(statePath)).best, best);
    assertStringIncludes(longer, "best      step 3, kept in runs/my_novel/best");
    const steps = (await metricsOf(`${cwd}/runs/my_novel`)).map((line) => JSON.parse(line).step);
    assertEquals(steps, Array.from({ length: 21 }, (_, i) => i + 1));
  }));

Deno.test("a resumed run may have another learning rate, which holds from the next step on and is kept", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/my_novel.txt`, story(300));
    const start = ["train", "--data", "my_novel.txt", ...small, "--device", "cpu", "--steps", "12"];
    await succeed([...start, "--min_lr", "0.001", "--warmup_steps", "0", "--stop_after", "5"], { cwd });
    const line = ["train", "--resume", "runs/my_novel", "--device", "cpu"];
    const changed = await succeed([...line, "--lr", "0.005", "--stop_after", "8"], { cwd });
    assertStringIncludes(changed, "The peak learning rate is now 0.005, not 0.01, from step 6 on.");
    assertFalse((await succeed(line, { cwd })).includes("learning rate is now"));
    const rates = (await metricsOf(`${cwd}/runs/my_novel`)).map((line) => JSON.parse(line).learningRate);
    const schedule = { schedule: "cosine", minLearningRate: 0.001, warmupSteps: 0, steps: 12 } as const;
    const expected = rates.map((_, step) => {
      const peak = step < 5 ? 0.01 : 0.005;
      return learningRateAt({ ...schedule, learningRate: peak, minLearningRate: peak / 10 }, step);
    });
    assertEquals(rates, expected);
  }));
