/** A run folder from somebody else, with links, pipes and devices where files are expected. */

import { basename, dirname } from "@std/path";
import { words } from "../_command.ts";
import type { Reference } from "./aftermath.ts";
import { type Ending, runChild } from "./children.ts";
import type { Stage } from "./scenarios.ts";
import { plant, treeOf } from "./trees.ts";
import type { Trial } from "./trials.ts";

/** What stands under a name; `victim` is a folder outside the run, with files in it. */
const traps: Readonly<Record<string, (path: string, victim: string) => Promise<void>>> = {
  "a link to a file": (path, victim) => Deno.symlink(`${victim}/diary.txt`, path),
  "a link to a folder": (path, victim) => Deno.symlink(`${victim}/letters`, path),
  "a link to nothing": (path, victim) => Deno.symlink(`${victim}/not_yet.txt`, path),
  "a link to /dev/zero": (path) => Deno.symlink("/dev/zero", path),
  "a link to /dev/full": (path) => Deno.symlink("/dev/full", path),
  "a link to itself": (path) => Deno.symlink(basename(path), path),
  "a named pipe": async (path) => {
    const { code } = await new Deno.Command("mkfifo", { args: [path] }).output();
    if (code !== 0) throw new Error(`mkfifo ends with ${code}`);
  },
};

/** Links to what was there: a reader finds the real thing, and a writer must leave it alone. */
const elsewhere = "a link to the same elsewhere";

const names = [
  ...[
    "samples.txt",
    "metrics.jsonl",
    "run.json",
    "loss_curve.svg",
    "attention.png",
    "attention.html",
    "sample_generation.txt",
    "training.ids",
    "validation.ids",
    ".miniformer.lock",
  ],
  ...["last", "best", "last/config.json", "last/model.safetensors", "last/optimizer.safetensors"],
  ...[
    "last/training_state.json",
    "last/tokenizer.json",
    "last/README.md",
    "last/loss_curve.png",
    "best/model.safetensors",
    "samples.txt.new",
    "last.new",
  ],
  ...["last.old", "metrics.jsonl.new"],
];

const commands = [
  "train --resume runs/r --device cpu",
  "generate --checkpoint runs/r --max_new_tokens 2 --device cpu",
  "evaluate --checkpoint runs/r --data story.txt --device cpu",
  "doctor runs/r",
];

/** Trials on a resumed run, whose operations name what is written. */
export function linkTrials(stage: Stage, { operations }: Reference): Trial[] {
  const written = operations.flatMap(({ kind, path }) =>
    ["open", "mkdir", "rename", "writeTextFile"].includes(kind) ? path.split(" to ") : []
  ).filter((path) => path.startsWith("runs/r/")).map((path) => path.slice("runs/r/".length));
  return [...new Set([...names, ...written])].flatMap((name) =>
    [...Object.keys(traps), elsewhere].flatMap((trap) =>
      commands.map((line): Trial => ({
        group: `links and devices, ${line.split(" ")[0]}`,
        name: `${name} is ${trap}`,
        attempt: () => fallInto(stage, name, trap, line),
      }))
    )
  );
}

function fallInto(stage: Stage, name: string, trap: string, line: string): Promise<string | undefined> {
  return stage.inCopy(async (cwd) => {
    const victim = `${cwd}/victim`, path = `${cwd}/runs/r/${name}`.replace(/\/\.$/, "");
    await plant(cwd, ["victim/diary.txt", "victim/letters/first.txt", "victim/letters/config.json"]);
    await Deno.mkdir(dirname(path), { recursive: true });
    if (trap === elsewhere) {
      const isThere = await Deno.rename(path, `${victim}/moved`).then(() => true, () => false);
      if (!isThere) return;
      await Deno.symlink(`${victim}/moved`, path);
    } else {
      await Deno.remove(path, { recursive: true }).catch(() => {});
      await traps[trap](path, victim);
    }
    const before = await treeOf(victim);
    const ending = await runChild(words(line), { cwd, limit: 20, memory: 2 });
    const after = await treeOf(victim);
    for (const [path, content] of after) {
      if (before.get(path) !== content) return `victim/${path} was ${before.has(path) ? "changed" : "made"}`;
    }
    for (const path of before.keys()) if (!after.has(path)) return `victim/${path} was removed`;
    return faultOf(ending);
  });
}

/** It may work or refuse, but neither hang nor fall over. */
function faultOf({ code, stdout, stderr, overdue }: Ending): string | undefined {
  const quoted = JSON.stringify(stderr.slice(0, 300));
  if (overdue) return "hangs";
  if (code === 0) return;
  if (![1, 2].includes(code)) return `ends with ${code}: ${quoted}`;
  if (stderr === "" && stdout.includes("runs/r")) return; // doctor lists what is wrong
  if (!stderr.startsWith("error: ") || stderr.includes("\n")) return `does not say one line: ${quoted}`;
  if (stderr.length > 1000) return `says ${stderr.length} characters: ${quoted}`;
}
