import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { Lock } from "../commands/files/lock.ts";
import { LabFolder, recordOf } from "../commands/lab/lab_folder.ts";
import type { LabDescription, Variant } from "../commands/lab_report/lab_types.ts";
import type { LabState } from "../commands/lab/lab_progress.ts";
import type { PlannedVariant } from "../commands/lab/planned_runs.ts";
import { type LabOptions, runLab } from "../commands/lab/run_lab.ts";
import type { Ending, StartTrain } from "../commands/lab/train_process.ts";
import { inFolder, small, story, succeed } from "./_command.ts";

const names = ["a", "b", "c"], done: Ending = { code: 0, error: "" };
const variants = names.map((name): Variant => ({ name, title: name, question: "", flags: [] }));
const lab: LabDescription = {
  name: "x",
  kind: "sweep",
  title: "A sweep",
  flags: [],
  seeds: [1, 2],
  variants,
};
const planned = variants.map((variant): PlannedVariant => ({
  ...{ variant, settings: {}, flags: [`--${variant.name}`], textFingerprint: "f", steps: 900, work: 1 },
  block: variant.name === "c" ? { path: "my/c.ts", name: "c.ts", sha256: "00" } : undefined,
}));

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Copies the run that the arguments name from one that is whole, or from one with a checkpoint. */
async function copyRun(from: string, args: readonly string[]): Promise<void> {
  const to = args.at(-1)!.replace(/^--\w+=/, "");
  await Deno.mkdir(join(to, "last"), { recursive: true });
  await Deno.copyFile(join(from, "run.json"), join(to, "run.json")); // first, as train writes it
  for (const folder of [".", "last"]) {
    for await (const { name, isFile } of Deno.readDir(join(from, folder))) {
      if (isFile) await Deno.copyFile(join(from, folder, name), join(to, folder, name));
    }
  }
}

/** What a lab does, in the order of its steps: starts and ends of runs, and lines that are shown. */
interface Told {
  readonly calls: string[][];
  readonly lines: string[];
  most: number;
}

/** Runs the lab in a folder with a train that takes no time, and behaves as asked for some runs. */
async function runWith(
  path: string,
  behave: (name: string, args: readonly string[], isStopped: () => boolean) => Promise<Ending>,
  options: Partial<LabOptions> = {},
): Promise<Told & { text: string }> {
  const told: Told = { calls: [], lines: [], most: 0 };
  let running = 0;
  const start: StartTrain = (args) => {
    let isStopped = false;
    told.calls.push([...args]);
    told.most = Math.max(told.most, ++running);
    const name = args[0].slice(2) + args.find((arg) => arg.startsWith("--seed="))!.slice(7);
    const ended = behave(name, args, () => isStopped).finally(() => running--);
    return { ended, stop: () => isStopped = true };
  };
  using folder = await LabFolder.open(path, recordOf(lab, planned, "wasm"));
  await runLab(folder, planned, {
    ...{ seeds: lab.seeds, device: "wasm", jobs: 2, threads: 1, start, interrupt: { status: undefined } },
    evaluate: () => Promise.reject(new Error("this text is no tales")),
    progress: { update: () => {}, print: (line) => told.lines.push(line) },
    ...options,
  });
  return { ...told, text: await Deno.readTextFile(`${path}/results.jsonl`).catch(() => "") };
}

/** Two real runs: one that is whole, and one that was stopped after its first step. */
const templates = await Deno.makeTempDir(),
  whole = `${templates}/runs/whole`,
  begun = `${templates}/runs/begun`;
globalThis.addEventListener("unload", () => Deno.removeSync(templates, { recursive: true }));
await Deno.writeTextFile(`${templates}/story.txt`, story(100));
const train = ["train", "--data", "story.txt", ...small, "--device", "cpu", "--steps", "2"];
await Promise.all([
  succeed([...train, "--name", "whole"], { cwd: templates }),
  succeed([...train, "--name", "begun", "--stop-after", "1"], { cwd: templates }),
]);

Deno.test("a model of tales is evaluated when its run has ended, and that is its result", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/x`, evaluations: (readonly [string, readonly string[]])[] = [];
    const recall = { positions: 5, loss: 2, optimal: 0 };
    const { text } = await runWith(path, async (name, args) => {
      await copyRun(whole, args);
      const file = `${args.at(-1)!.replace("--out=", "")}/metrics.jsonl`,
        lines = await Deno.readTextFile(file);
      const withSkills = lines.replace(/"validationLoss":/g, '"skills":{},"validationLoss":');
      if (name === "c1") await Deno.writeTextFile(file, withSkills);
      return done;
    }, {
      evaluate: (folder, flags) => {
        evaluations.push([folder, flags]);
        return Promise.resolve({ loss: 0.5, optimal: 0.25, skills: { recall } });
      },
    });
    assertEquals(evaluations, [[
      `${path}/runs/c-seed-1`,
      ["--block=my/c.ts", "--device=wasm", "--threads=1"],
    ]]);
    const results = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    const [{ loss, optimal, skills }] = results.filter((result) => result.skills);
    assertEquals({ loss, optimal, skills }, { loss: 0.5, optimal: 0.25, skills: { recall } });
  }));

Deno.test("a run says itself how many steps it has, where the plan had to guess", () =>
  inFolder(async (cwd) => {
    const seen = new Set<string>();
    const progress = {
      print: () => {},
      update: ({ ended, running, waiting }: LabState) => {
        for (const { step, steps } of running) seen.add(`running ${step}/${steps}`);
        for (const { step, steps } of ended) seen.add(`ended ${step}/${steps}`);
        for (const { step, steps } of waiting) seen.add(`waiting ${step}/${steps}`);
      },
    };
    let isFull = true;
    const work = async (name: string, args: readonly string[]) => {
      if (name === "a1" && isFull) return { code: 1, error: "the disk is full" };
      await copyRun(whole, args);
      await pause(500); // longer than between two looks
      return done;
    };
    await runWith(`${cwd}/x`, work, { progress });
    assert(seen.has("waiting undefined/900") && seen.has("running 2/2"), [...seen].join());
    assert(!seen.has("running 2/900") && !seen.has("ended 2/900"), [...seen].join());
    // so do those that were done before
    isFull = false;
    seen.clear();
    await runWith(`${cwd}/x`, work, { progress });
    assert(seen.has("ended 2/2") && !seen.has("ended 2/900"), [...seen].join());
  }));

Deno.test("a lab runs each variant with each seed, skips what is done, and repeats what has failed", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/x`;
    const work = async (name: string, args: readonly string[]) => {
      if (name === "a2") {
        return { code: 1, error: "The loss at step 2 is NaN and its gradient's norm NaN (seed 2): x" };
      }
      if (name === "b1") return { code: 1, error: "the disk is full" };
      await pause(name === "a1" ? 60 : 1); // another order
      await copyRun(whole, args);
      return done;
    };
    const first = await runWith(path, work);
    assertEquals(first.calls.length, 6);
    assertEquals(first.most, 2);
    assertEquals(first.calls.find((args) => args.includes("--a") && args.includes("--seed=1")), [
      "--a",
      "--seed=1",
      "--device=wasm",
      "--threads=1",
      `--out=${path}/runs/a-seed-1`,
    ]);
    const c1 = first.calls.find(([name]) => name === "--c");
    assertEquals(c1?.slice(0, 3), ["--c", "--block=my/c.ts", "--seed=1"]);
    const results = first.text.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(
      results.map(({ variant, seed, run, diverged, reason }) => [variant, seed, run, diverged, reason]),
      [
        ["a", 1, "runs/a-seed-1", false, undefined],
        ["a", 2, "runs/a-seed-2", true, "The loss at step 2 is NaN and its gradient's norm NaN"],
        ["b", 1, "runs/b-seed-1", false, "the disk is full"],
        ["b", 2, "runs/b-seed-2", false, undefined],
        ["c", 1, "runs/c-seed-1", false, undefined],
        ["c", 2, "runs/c-seed-2", false, undefined],
      ],
    );
    assertEquals([results[0].steps, results[0].flags, results[1].steps], [2, ["--a"], 1]);
    assertMatch(first.lines.join("\n"), /^1\/6 b, seed 1: failed: the disk is full$/m);

    const second = await runWith(path, async (_, args) => {
      await copyRun(whole, args);
      return done;
    });
    assertEquals(second.calls, [[
      "--b",
      "--seed=1",
      "--device=wasm",
      "--threads=1",
      `--out=${path}/runs/b-seed-1`,
    ]]);
    assertMatch(
      second.lines.join("\n"),
      /^6\/6 b, seed 1: loss [\d.]+, 0s$|^6\/6 b, seed 1: loss [\d.]+, 1s$/,
    );
    const others = (text: string) =>
      text.split("\n").filter((line) => !line.startsWith('{"variant":"b","seed":1'));
    assertEquals(others(second.text), others(first.text));

    // the same in another order and number, from what a killed lab leaves: whole runs, begun ones, and lines without them
    const other = `${cwd}/y`, place = (name: string) => [`--out=${other}/runs/${name}`];
    await LabFolder.open(other, recordOf(lab, planned, "wasm")).then((folder) => folder[Symbol.dispose]());
    await copyRun(whole, place("a-seed-1"));
    await copyRun(begun, place("b-seed-1"));
    await Deno.mkdir(`${other}/runs/c-seed-1`); // had not reached its first checkpoint
    const third = await runWith(other, async (name, args) => {
      if (name === "a2") return await work(name, args);
      await copyRun(whole, args);
      return done;
    }, { jobs: 1 });
    assertEquals(third.most, 1);
    assertEquals(third.calls.map(([name, ...args]) => [name, args.at(-1)]), [
      ["--b", `--resume=${other}/runs/b-seed-1`],
      ["--c", `--out=${other}/runs/c-seed-1`],
      ["--a", `--out=${other}/runs/a-seed-2`],
      ["--b", `--out=${other}/runs/b-seed-2`],
      ["--c", `--out=${other}/runs/c-seed-2`],
    ]);
    assertEquals(third.text, second.text);
  }));

Deno.test("a signal, a closed terminal and a full disk stop the runs, which are saved and gone on with later", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/x`, interrupt: { status: number | undefined } = { status: undefined };
    const slow =
      (then: () => void, count = { slow: 0 }) =>
      async (name: string, args: readonly string[], isStopped: () => boolean) => {
        if (name === "a1") {
          await copyRun(whole, args);
          return done;
        }
        if (++count.slow === 2) setTimeout(then, 50); // a1 has ended, so its place is taken
        while (!isStopped()) await pause(5);
        await pause(20); // it saves its step
        await copyRun(begun, args);
        return { code: 143, error: "" };
      };
    const stopped = await runWith(path, slow(() => interrupt.status = 130), { interrupt });
    assertEquals(stopped.calls.length, 3, "no run is started after the signal");
    assertEquals(stopped.text.trimEnd().split("\n").map((line) => JSON.parse(line).run), ["runs/a-seed-1"]);
    let broken = false;
    const quiet = await runWith(path, slow(() => broken = true), { isBroken: () => broken });
    assertEquals(quiet.calls.map((args) => args.at(-1)).sort(), [
      `--resume=${path}/runs/b-seed-1`,
      `--resume=${path}/runs/c-seed-1`,
    ]);
    // the results cannot be saved: the other run is stopped, and none is started
    const other = `${cwd}/y`, calls: string[] = [], wait = slow(() => {});
    const attempt = () =>
      runWith(other, async (name, args, isStopped) => {
        calls.push(name);
        if (name === "a1") await Deno.mkdir(`${other}/results.jsonl/x`, { recursive: true });
        return await wait(name, args, isStopped);
      });
    await assertRejects(attempt, Error, `Cannot save ${other}/results.jsonl`);
    assertEquals(calls.sort(), ["a1", "b1"]);
    assert(await Deno.stat(`${other}/runs/b-seed-1/last`), "it was stopped and saved before the error");
  }));

Deno.test("a run that a killed lab has left behind is waited for, and not begun a second time", () =>
  inFolder(async (cwd) => {
    const path = `${cwd}/x`, run = `${path}/runs/a-seed-1`;
    await LabFolder.open(path, recordOf(lab, planned, "wasm")).then((folder) => folder[Symbol.dispose]());
    await Deno.mkdir(run);
    const lock = await Lock.take(`${run}/.miniformer.lock`);
    setTimeout(async () => {
      await copyRun(whole, [`--out=${run}`]);
      lock.release();
    }, 300);
    let isFirst = true;
    const told = await runWith(path, async (name, args) => {
      // it had not taken its lock yet when this lab looked, and is quicker than the run of this one
      const isTaken = name === "b1" && isFirst;
      await copyRun(isTaken ? begun : whole, args);
      if (!isTaken) return done;
      isFirst = false;
      return {
        code: 1,
        error: `Cannot start a run in ${path}/runs/b-seed-1: something already exists there; x`,
      };
    });
    assertMatch(
      told.lines.join("\n"),
      new RegExp(`^waiting for process ${Deno.pid} on .*, which is still training runs/a-seed-1$`, "m"),
    );
    assertEquals(told.calls.filter(([name]) => name === "--a").length, 1, "only that of the second seed");
    assertEquals(told.calls.filter(([name]) => name === "--b").map((args) => args.at(-1)!.split("=")[0]), [
      "--out",
      "--resume",
      "--out",
    ]);
    assert(!told.text.includes("reason"), told.text);
  }));
