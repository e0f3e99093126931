import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { epochsOf, withEpochLosses } from "../commands/recipes/run_epochs.ts";
import type { Session } from "../commands/recipes/recipe.ts";
import type { MetricsRecord } from "../training/tensorboard_events.ts";
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

/** As much of a session as the epochs of a run need. */
function sessionOf(settings: object, batchesPerEpoch: number): Session {
  const all = {
    accumulation: 1,
    steps: 100,
    evaluationInterval: "epoch",
    saveInterval: "epoch",
    ...settings,
  };
  return { recipe: { batches: { batchesPerEpoch }, state: { settings: all } } } as unknown as Session;
}

const sizesOf = (settings: object, batchesPerEpoch: number) => {
  const { batches, state } = sessionOf(settings, batchesPerEpoch).recipe;
  return { batches, settings: state.settings };
};

const reportsOf = (losses: readonly number[], first = 1) =>
  losses.map((loss, i) => ({ step: first + i, epoch: 0, loss, gradientNorm: 1, learningRate: 1 }));

const meansOf = (records: readonly Partial<MetricsRecord>[]) =>
  records.flatMap(({ step, completedEpochs, epochLoss }) =>
    epochLoss === undefined ? [] : [[step, completedEpochs, epochLoss]]
  );

Deno.test("each epoch has the mean of its own steps, however the reports come in", () => {
  const losses = [3.1, 2.9, 2.5, 2.25, 2.1, 1.7, 1.3, 1.1];
  const expected = [[3, 1, (3.1 + 2.9 + 2.5) / 3], [5, 2, (2.25 + 2.1) / 2], [8, 3, (1.7 + 1.3 + 1.1) / 3]];
  const whole = sessionOf({ accumulation: 2 }, 5);
  assertEquals(meansOf(withEpochLosses(whole, reportsOf(losses))), expected);
  for (const cut of [1, 2, 3, 4, 7]) {
    const session = sessionOf({ accumulation: 2 }, 5),
      before = withEpochLosses(session, reportsOf(losses.slice(0, cut)));
    // what a checkpoint keeps
    const resumed = {
      ...sessionOf({ accumulation: 2 }, 5),
      epochLoss: JSON.parse(JSON.stringify(session.epochLoss)),
    };
    const after = withEpochLosses(resumed, reportsOf(losses.slice(cut), cut + 1));
    assertEquals(meansOf([...before, ...after]), expected, `cut after ${cut}`);
  }
});

Deno.test("an epoch that is not known from its first step has no mean, and the next one has", () => {
  const session = sessionOf({}, 3), reports = reportsOf([2, 3, 4, 5, 6], 2);
  assertEquals(meansOf(withEpochLosses(session, reports)), [[6, 2, 5]]);
});

Deno.test("losses are summed in any run, and recorded in one that is validated at each epoch", () => {
  const session = sessionOf({ evaluationInterval: 10 }, 2.5), reports = reportsOf([3, 2, 1, 5]);
  assertEquals(withEpochLosses(session, reports), reports);
  assertEquals(session.epochLoss, { steps: 1, sum: 5 });
});

Deno.test("an epoch that is shorter than a step is a step", () => {
  const session = sessionOf({ accumulation: 5 }, 2);
  assertEquals(meansOf(withEpochLosses(session, reportsOf([3, 2, 1]))), [[1, 2, 3], [2, 5, 2], [3, 7, 1]]);
});

Deno.test("with kept epochs, last/ is saved at the end of each, and as often as without", () => {
  const steps = Array.from({ length: 100 }, (_, i) => i + 1);
  const { isSaved, keptAfter, total } = epochsOf(sizesOf({}, 33.5));
  assertEquals(steps.filter(isSaved), [10, 20, 30, 34, 40, 50, 60, 67, 70, 80, 90, 100]);
  assertEquals(steps.flatMap((step) => keptAfter(step) ?? []), ["epoch-1", "epoch-2"]);
  assertEquals(total, 2);
  const plain = epochsOf(sizesOf({ saveInterval: 40 }, 33.5));
  assertEquals([steps.filter(plain.isSaved), steps.flatMap((step) => plain.keptAfter(step) ?? [])], [
    [40, 80],
    [],
  ]);
});

/** Epochs of 2.53 steps of two batches. */
const line = words(
  "train --data story.txt --context_length 16 --layers 1 --heads 2 --model_dim 16 --learning_rate 0.01 --dropout 0.2 " +
    "--batch_size 32 --accumulation 10 --validate_every epoch --log_interval 4 --device cpu",
);

/** What a run leaves of its epochs. */
async function epochsIn(run: string): Promise<Record<string, unknown>> {
  const folders = (await Array.fromAsync(Deno.readDir(run))).map(({ name }) => name)
    .filter((name) => /^epoch-\d+$/.test(name)).sort();
  const files: Record<string, unknown> = {};
  for (const name of folders) {
    for (const file of ["model.safetensors", "optimizer.safetensors", "training_state.json"]) {
      files[`${name}/${file}`] = await Deno.readFile(`${run}/${name}/${file}`);
    }
  }
  return { ...await resultOf(run), ...files, folders, table: await Deno.readTextFile(`${run}/epochs.md`) };
}

Deno.test({
  name:
    "a run in epochs that is killed or stopped anywhere, and resumed, has the table and the checkpoints of a whole one",
  ignore: Deno.build.os === "windows", // has no signals to send
  fn: () =>
    inFolder(async (cwd) => {
      await Deno.writeTextFile(`${cwd}/story.txt`, story(600));
      const start = [...line, "--save_every", "epoch", "--epochs", "6", "--name"];
      const said = await succeed([...start, "whole"], { cwd });
      const whole = await epochsIn(`${cwd}/runs/whole`);
      assertEquals(whole.folders, [1, 2, 3, 4, 5, 6].map((number) => `epoch-${number}`));
      const table = whole.table as string;
      assertEquals(table.match(/^\| +\d+ \|/gm)!.length, 6);
      for (const row of table.match(/^\| .*\d .*$/gm)!) {
        const cells = row.split("|").map((cell) => cell.trim()).filter(Boolean);
        assertMatch(said, new RegExp(`^ +${cells.join(" +")}$`, "m"), "on the screen, too");
      }
      const ends = [...said.matchAll(/^epoch (\d)\/6 {2}loss \d.*val \d.* \(ppl .*\)$/gm)].map(([, number]) =>
        number
      );
      assertEquals(ends, ["1", "2", "3", "4", "5", "6"]);
      assertMatch(said, /^Epoch {2}Train Loss {2}Val Loss {2}Train Perplexity {2}Val Perplexity$/m);
      assertMatch(
        said,
        /^epochs +[\d.]+ steps each: validated at the end of each; a checkpoint of each is kept, 1 MB in epoch-N/m,
      );
      assertMatch(said, /^training .*\nepochs .*\nbaselines .*\n(note .*\n)*run .*$/m);
      assertMatch(said, /last\/, best\/ and epoch-1\/ … epoch-6\/ \(Hugging Face folders\), .*epochs\.md/);

      const records = (await metricsOf(`${cwd}/runs/whole`)).map((line) => JSON.parse(line) as MetricsRecord);
      const boundaries = meansOf(records).map(([step]) => step as number);
      for (const stop of [boundaries[1], boundaries[3] - 1]) {
        const name = `stopped-${stop}`;
        await succeed([...start, name, "--stop_after", String(stop)], { cwd });
        await succeed(["train", "--resume", `runs/${name}`, "--device", "cpu"], { cwd });
        assertEquals(await epochsIn(`${cwd}/runs/${name}`), whole, name);
      }

      const child = commandOf([...start, "killed"], { cwd }).spawn();
      await until(() => Deno.stat(`${cwd}/runs/killed/epoch-2/config.json`).then(() => true, () => false));
      child.kill("SIGKILL");
      await child.output();
      await succeed(["train", "--resume", "runs/killed", "--device", "cpu"], { cwd });
      assertEquals(await epochsIn(`${cwd}/runs/killed`), whole, "killed");

      // back to an epoch by its name, with the same settings: the same end
      const again = await succeed(words("train --resume runs/killed/epoch-3 --device cpu"), { cwd });
      assertMatch(again, /^Resuming runs\/killed\/epoch-3 at step \d+\.$/m);
      assertMatch(again, /^Later checkpoints are renamed: .*epoch-4\/ to epoch-4\.earlier\/, epoch-5\/ /m);
      assertEquals(await epochsIn(`${cwd}/runs/killed`), whole, "from epoch-3");
      await Deno.stat(`${cwd}/runs/killed/epoch-6.earlier/model.safetensors`);
    }),
});

Deno.test("an epoch is taken by its name to train longer, to generate and to evaluate; doctor lists it", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(200));
    const train = words(
      "train --data story.txt --device cpu --name x --epochs 3 --batch_size 64 --save_every epoch",
    );
    await succeed([
      ...train,
      ...small.filter((word, i) => word !== "--batch_size" && small[i - 1] !== "--batch_size"),
    ], { cwd });
    const evaluate = words("evaluate --data story.txt --device cpu --checkpoint");
    const losses = [];
    for (const number of [1, 2, 3]) {
      losses.push(await succeed([...evaluate, `runs/x/epoch-${number}`], { cwd }));
    }
    assertEquals(new Set(losses).size, 3);
    await succeed(words("generate --checkpoint runs/x/epoch-2 --max_new_tokens 5 --device cpu"), { cwd });

    const longer = await succeed(words("train --resume runs/x/epoch-3 --epochs 5 --device cpu"), { cwd });
    assertStringIncludes(longer, "Resuming runs/x/epoch-3 at step ");
    assert(!/renamed|replaced/.test(longer), "nothing was later");
    const names = (await Array.fromAsync(Deno.readDir(`${cwd}/runs/x`))).map(({ name }) => name).sort();
    assertEquals(names, [
      ...["attention.png", "attention.svg", "best"],
      ...["epoch-1", "epoch-2", "epoch-3", "epoch-4", "epoch-5", "epochs.md", "last"],
      ...["loss_curve.png", "loss_curve.svg", "metrics.jsonl", "run.json"],
      ...["sample_generation.txt", "samples.txt"],
    ]);
    assertStringIncludes(await Deno.readTextFile(`${cwd}/runs/x/loss_curve.svg`), ">epoch</text>");

    const doctor = await succeed(["doctor", "runs/x"], { cwd });
    assertMatch(doctor, /^epoch-5\/ +step \d+ of \d+, all checksums match\nepoch-4\//m);
    assert(!doctor.includes("others"), doctor);
    const { stderr, code } = await miniformer(words("train --resume runs/x/epoch-7 --device cpu"), { cwd });
    assertEquals(code, 1);
    assertMatch(stderr, /^error: .*runs\/x\/epoch-7.*\n?$/);

    // without last/ and best/, the newest epoch is where the run is resumed
    for (const name of ["last", "best"]) await Deno.remove(`${cwd}/runs/x/${name}`, { recursive: true });
    const resumed = await succeed(words("train --resume runs/x --epochs 6 --device cpu"), { cwd });
    assertStringIncludes(resumed, "Resuming runs/x/epoch-5 at step ");
  }));

Deno.test("a run that was saved before epochs were counted goes on, and has rows from its next whole epoch on", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(600));
    await succeed([
      ...line.filter((word) => !/validate|^epoch$/.test(word)),
      "--eval_interval",
      "2",
      "--name",
      "old",
      "--steps",
      "4",
    ], { cwd });
    const path = `${cwd}/runs/old/last/training_state.json`;
    await editState(path, ({ epochLoss: _, ...state }) => state);
    await succeed(words("train --resume runs/old --steps 12 --validate_every epoch --device cpu"), { cwd });
    const table = await Deno.readTextFile(`${cwd}/runs/old/epochs.md`);
    const [first] = table.match(/^\| +\d+/gm)!.map((cell) => Number(cell.slice(1)));
    const perEpoch = Number(
      (await metricsOf(`${cwd}/runs/old`)).map((line) => JSON.parse(line)).at(-1).epoch,
    ) / 12;
    assertEquals(first, Math.floor(4 * perEpoch) + 2);
  }));

Deno.test("epochs that are shorter than a step, with a table of the last one in each", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(100));
    await succeed([...line, "--epochs", "7", "--save_every", "epoch", "--name", "short"], { cwd });
    const records = (await metricsOf(`${cwd}/runs/short`)).map((line) => JSON.parse(line) as MetricsRecord);
    const means = meansOf(records);
    assertEquals(means.map(([step]) => step), [1, 2, 3].slice(0, means.length));
    const folders = (await Array.fromAsync(Deno.readDir(`${cwd}/runs/short`))).map(({ name }) => name)
      .filter((name) => name.startsWith("epoch-")).sort();
    assertEquals(folders, means.map(([, number]) => `epoch-${number}`).sort());
  }));

Deno.test("what --save-every and --validate-every do not take is refused in one line", () =>
  inFolder(async (cwd) => {
    for (
      const [flag, value] of [["--save-every", "epochs"], ["--validate_every", "0"], ["--save_every", "-1"]]
    ) {
      const { code, stderr } = await miniformer(["train", flag, value], { cwd });
      assertEquals(code, 2);
      assertMatch(
        stderr,
        new RegExp(`^error: ${flag} is ${value}: expected a whole number at least 1, .*, or epoch\n`),
      );
    }
    const twice = await miniformer(words("train --save_every 5 --save_interval 5"), { cwd });
    assertStringIncludes(twice.stderr, "--save_every and --save_interval are the same flag");
  }));
