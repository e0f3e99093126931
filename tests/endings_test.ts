import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { commandOf, inFolder, miniformer, resultOf, story, succeed, until, words } from "./_command.ts";

const ignore = Deno.build.os === "windows"; // has neither these signals nor /dev/full

const line = words(
  "train --data story.txt --context_length 16 --layers 1 --heads 2 --model_dim 16 --learning_rate 0.01 --seed 5 " +
    "--dropout 0.2 --batch_size 64 --eval_interval 10 --save_interval 20 --sample_interval 15 --device cpu",
);

/** Runs a test in a folder with a text, and gives it what the run makes of it when nothing happens. */
const withRun = (body: (cwd: string, whole: Record<string, unknown>) => Promise<void>) =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
    await succeed([...line, "--steps", "40", "--name", "whole"], { cwd });
    await body(cwd, await resultOf(`${cwd}/runs/whole`));
  });

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const resume = (run: string) => ["train", "--resume", run, "--device", "cpu"];

Deno.test("a run whose output pipe is closed is saved, and ends with an error that says so", {
  ignore,
}, () =>
  withRun(async (cwd, whole) => {
    const child = commandOf([...line, "--steps", "40", "--name", "head"], { cwd }).spawn();
    const reader = child.stdout.getReader();
    for (let shown = ""; !shown.includes("\nstep ");) shown += text((await reader.read()).value!);
    await reader.cancel();
    const stderr = text(new Uint8Array(await new Response(child.stderr).arrayBuffer()));
    assertEquals((await child.status).code, 1);
    const [, step] = stderr.match(
      /^error: Cannot write to standard output: its reader has exited; runs\/head\/last holds step (\d+)$/m,
    ) ?? [];
    assert(Number(step) < 40, stderr);
    await succeed(resume("runs/head"), { cwd });
    assertEquals(await resultOf(`${cwd}/runs/head`), whole);
  }));

Deno.test("a run that cannot print its first line keeps nothing", { ignore }, () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
    const wrapper = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
    const { code, stderr } = await miniformer(line, { cwd, wrapper });
    assertEquals([code, stderr], [1, "error: Cannot write to standard output: the disk is full\n"]);
    await assertRejects(() => Deno.stat(`${cwd}/runs`), Deno.errors.NotFound);
  }));

Deno.test(
  "a run that cannot write its records saves them in its checkpoint",
  { ignore },
  () =>
    withRun(async (cwd, whole) => {
      const run = `${cwd}/runs/full`,
        child = commandOf([...line, "--steps", "40", "--name", "full"], { cwd }).spawn();
      await until(() => Deno.stat(`${run}/metrics.jsonl`).then(() => true, () => false));
      await Deno.rename(`${run}/metrics.jsonl`, `${run}/aside`);
      await Deno.mkdir(`${run}/metrics.jsonl`);
      const { code, stderr } = await child.output();
      assertEquals(code, 1);
      assertMatch(
        text(stderr),
        /error: Cannot write runs\/full\/metrics.jsonl: it is a folder, not a file; runs\/full\/last holds step \d+\n$/,
      );
      await Deno.remove(`${run}/metrics.jsonl`);
      await Deno.rename(`${run}/aside`, `${run}/metrics.jsonl`);
      await succeed(resume("runs/full"), { cwd });
      assertEquals(await resultOf(run), whole);
    }),
);

for (
  const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129], ["SIGKILL", 137]] as const
) {
  Deno.test(
    `${signal} before the first step leaves nothing that keeps a new run from starting`,
    { ignore },
    () =>
      inFolder(async (cwd) => {
        await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
        await succeed([...line, "--name", "good", "--steps", "1"], { cwd });
        // Encoding comes after the folder was made, and takes a while.
        await Deno.writeTextFile(`${cwd}/long.txt`, story(60_000));
        const begin = [
          "train",
          "--data",
          "long.txt",
          "--tokenizer",
          "bpe",
          "--steps",
          "1",
          ...line.slice(3, 15),
        ];
        const child = commandOf([...begin, "--name", "early"], { cwd }).spawn();
        await until(() => Deno.stat(`${cwd}/runs/early/.miniformer.lock`).then(() => true, () => false));
        child.kill(signal);
        const { code: actual, stderr } = await child.output();
        assertEquals(actual, code);
        if (signal !== "SIGKILL") {
          assertStringIncludes(text(stderr), "Stopped before the first step: nothing is kept.");
          await assertRejects(() => Deno.stat(`${cwd}/runs/early`), Deno.errors.NotFound);
        }
        const generated = await miniformer(["generate", "--device", "cpu", "--max_new_tokens", "1"], { cwd });
        assertEquals(generated.code, 0, generated.stderr); // it takes the newest run that has saved something
        await succeed([...begin, "--name", "early", "--device", "cpu"], { cwd });
      }),
  );
}

Deno.test("runs started together get a folder each; of several that ask for one folder, one gets it", () =>
  inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/story.txt`, story(300));
    const start = (...args: string[]) =>
      Promise.all(Array.from({ length: 6 }, () => miniformer([...line, "--steps", "3", ...args], { cwd })));
    const each = await start();
    assertEquals(each.map(({ code, stderr }) => [code, stderr]), each.map(() => [0, ""]));
    const runs = (await Array.fromAsync(Deno.readDir(`${cwd}/runs`))).map(({ name }) => name).sort();
    assertEquals(runs, ["story", "story-2", "story-3", "story-4", "story-5", "story-6"]);
    const results = await Promise.all(runs.map((name) => resultOf(`${cwd}/runs/${name}`)));
    for (const result of results) assertEquals(result, results[0]);

    const one = await start("--name", "mine"), refused = one.filter(({ code }) => code !== 0);
    assertEquals(refused.length, 5);
    for (const { stderr } of refused) {
      assertMatch(
        stderr,
        /^error: Cannot start a run in runs\/mine: (process \d+ on \S+ \(since \S+\) is using it|something already exists there)/,
      );
      assertEquals(stderr.trim().split("\n").length, 1);
    }
    assertEquals((await resultOf(`${cwd}/runs/mine`)).model, results[0].model);
  }));

Deno.test("of two processes that resume one run, one is refused", () =>
  withRun(async (cwd, whole) => {
    for (const name of ["first", "second"]) {
      await succeed([...line, "--steps", "40", "--name", name, "--stop_after", "20"], { cwd });
      const outcomes = await Promise.all([0, 1].map(() => miniformer(resume(`runs/${name}`), { cwd })));
      assertEquals(outcomes.map(({ code }) => code).sort(), [0, 1]);
      const { stderr } = outcomes.find(({ code }) => code === 1)!;
      assertMatch(
        stderr,
        /^error: Cannot resume runs\/\w+: (process \d+ on .* is using it; wait until it ends|it has done)/,
      );
      assertEquals(await resultOf(`${cwd}/runs/${name}`), whole);
    }
  }));
