/** Several processes at once, in one folder or on one run. */

import { words } from "../_command.ts";
import { type Reference, referenceOf } from "./aftermath.ts";
import { type Ending, faultOfRefusal, kill, lookAt, runChild } from "./children.ts";
import { difference, resultOf } from "./results.ts";
import { longResume, type Stage, trainLine } from "./scenarios.ts";
import type { Trial } from "./trials.ts";

/** A run that lasts long enough for two processes to meet on it, and how it goes alone. */
export interface Meeting {
  /** The run. */
  readonly stage: Stage;
  /** How it goes alone. */
  readonly alone: Reference;
}

const count = 20;
const refusal = /at work|locked|lock|process \d+|something already/;

/** Trials of `train` and `tokenizer train` started together. */
export function startTrials(train: Stage, trainAlone: Reference, tokenizer: Stage): Trial[] {
  const group = "started together", flags = "--tokenizer bpe --vocab_size 270";
  const expected = new Map(trainAlone.result);
  expected.delete("attention.html"); // whose maps are not asked for here
  const start = (name: string) =>
    train.inCopy(async (cwd) => {
      const endings = await Promise.all(
        Array.from({ length: count }, () => runChild(trainLine(flags, { name }), { cwd })),
      );
      const names = (await Array.fromAsync(Deno.readDir(`${cwd}/runs`), ({ name }) => name)).sort();
      for (const name of names) {
        const result = await resultOf(cwd, { target: `runs/${name}` });
        const unlike = difference(result, expected);
        if (unlike) return `of ${names.length} runs, ${name}: ${unlike}`;
      }
      const done = endings.filter(({ code }) => code === 0), wanted = name === "" ? count : 1;
      if (done.length !== wanted) {
        return `${done.length} of ${count} ended well, expected ${wanted}: ${said(endings)}`;
      }
      if (names.length !== wanted) return `${names.length} folders, expected ${wanted}: ${names}`;
      return endings.filter(({ code }) => code !== 0).map((ending) => faultOfRefusal(ending, refusal)).find(
        Boolean,
      );
    });
  return [
    { group, name: `${count} of train without a name`, attempt: () => start("") },
    { group, name: `${count} of train with one --name`, attempt: () => start("--name one") },
    { group, name: `${count} of train with one --out`, attempt: () => start("--out runs/one") },
    ...[false, true].map((isThere): Trial => ({
      group,
      name: `two of tokenizer train ${isThere ? "over one that is there" : "in a new folder"}`,
      attempt: () => tokenizersTogether(tokenizer, isThere),
    })),
  ];
}

function tokenizersTogether(stage: Stage, isThere: boolean): Promise<string | undefined> {
  const target = "tokenizers/tk", sizes = [275, 262];
  const line = (size: number) =>
    words(`tokenizer train --data story.txt --out ${target} --vocab-size ${size} --min-frequency 1`);
  return stage.inCopy(async (cwd) => {
    const possible: Map<string, string>[] = [];
    for (const size of sizes) {
      await runChild(line(size), { cwd });
      possible.push(await resultOf(cwd, { target }));
    }
    if (!isThere) await Deno.remove(`${cwd}/${target}`, { recursive: true });
    const endings = await Promise.all(sizes.map((size) => runChild(line(size), { cwd })));
    const result = await resultOf(cwd, { target });
    if (possible.every((one) => difference(result, one) !== undefined)) {
      return "what is left is neither of the two";
    }
    if (endings.every(({ code }) => code !== 0)) return `none ended well: ${said(endings)}`;
    return endings.filter(({ code }) => code !== 0).map((ending) => faultOfRefusal(ending)).find(Boolean);
  });
}

/** Trials of processes that meet on one run. */
export function meetingTrials({ stage, alone }: Meeting, pairs: number): Trial[] {
  return [
    ...Array.from({ length: pairs }, (_, i): Trial => ({
      group: "pairs of --resume",
      name: `pair ${i + 1}`,
      attempt: () => resumeTogether(stage, alone),
    })),
    ...(["SIGCONT", "SIGKILL"] as const).map((signal): Trial => ({
      group: "a run that stands still",
      name: `then ${signal}`,
      attempt: () => resumeBesideStopped(stage, alone, signal),
    })),
    { group: "readers of a run at work", name: "generate", attempt: () => readWhileTraining(stage, alone) },
  ];
}

function resumeTogether(stage: Stage, alone: Reference): Promise<string | undefined> {
  return stage.inCopy(async (cwd) => {
    const endings = await Promise.all([1, 2].map(() => runChild(longResume, { cwd })));
    const done = endings.filter(({ code }) => code === 0);
    if (done.length !== 1) return `${done.length} of two went on: ${said(endings)}`;
    const fault = faultOfRefusal(endings.find(({ code }) => code !== 0)!, refusal);
    return fault ?? difference(await resultOf(cwd, stage.scenario), alone.result);
  });
}

/** A process that is stopped in the middle holds the run as long as it exists, and no longer. */
function resumeBesideStopped(stage: Stage, alone: Reference, then: "SIGCONT" | "SIGKILL") {
  return stage.inCopy(async (cwd) => {
    let child: Deno.ChildProcess | undefined;
    const at = alone.operations.length >> 1;
    const first = runChild(longResume, {
      cwd,
      orders: { mode: "signal", signal: "SIGSTOP", at },
      meanwhile: (process) => child = process,
    });
    while (!(await lookAt(child!.pid, "stat")).startsWith("T")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const second = await runChild(longResume, { cwd });
    kill(child!, then);
    await first;
    const fault = faultOfRefusal(second, refusal);
    if (fault) return `beside a stopped process, a second one ${fault}`;
    if (then === "SIGKILL") {
      const { code, stderr } = await runChild(longResume, { cwd });
      if (code !== 0) return `after the process was killed, another one fails: ${stderr}`;
    }
    return difference(await resultOf(cwd, stage.scenario), alone.result);
  });
}

function readWhileTraining(stage: Stage, alone: Reference): Promise<string | undefined> {
  return stage.inCopy(async (cwd) => {
    let isOver = false;
    const training = runChild(longResume, { cwd }).finally(() => isOver = true);
    while (!isOver) {
      const line = words("generate --checkpoint runs/r --max_new_tokens 2 --device cpu");
      const { code, stderr } = await runChild(line, { cwd });
      if (code !== 0) return `generate fails beside training: ${stderr}`;
    }
    const { code, stderr } = await training;
    if (code !== 0) return `training fails beside a reader: ${stderr}`;
    return difference(await resultOf(cwd, stage.scenario), alone.result);
  });
}

function said(endings: readonly Ending[]): string {
  const texts = new Set(endings.filter(({ code }) => code !== 0).map(({ stderr }) => stderr.slice(0, 200)));
  return [...texts].slice(0, 3).join(" | ");
}

/** Prepares a run to meet on. */
export async function prepareMeeting(stage: Stage): Promise<Meeting> {
  return { stage, alone: await referenceOf(stage) };
}
