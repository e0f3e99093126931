/** Folders that hold something that is not ours: nothing in them may be lost. */

import { words } from "../_command.ts";
import { runChild } from "./children.ts";
import type { Stage } from "./scenarios.ts";
import { harmTo, plant, treeOf } from "./trees.ts";
import type { Trial } from "./trials.ts";

const into = (folder: string) => `tokenizer train --data story.txt --vocab-size 270 --out ${folder}`;

/** What lies there, the command line, and whether it must refuse. */
const cases: readonly { name: string; there: readonly string[]; line: string; refused: boolean }[] = [
  {
    name: "a tokenizer's folder with a novel in it",
    there: ["vocab.json", "novel.txt", "thesis/chapter.txt"].map((name) => `tokenizers/tk/${name}`),
    ...{ line: into("tokenizers/tk"), refused: true },
  },
  ...["constructor", "__proto__", "toString", ".hidden", "vocab.json/novel.txt", "tokenizer.json.bak"].map((
    name,
  ) => ({
    name: `a folder that holds ${name}`,
    there: [`tokenizers/tk/${name}`],
    ...{ line: into("tokenizers/tk"), refused: true },
  })),
  { name: "the best checkpoint of a run", there: [], line: into("runs/r/best"), refused: true },
  { name: "the folder of a run", there: [], line: into("runs/r"), refused: true },
  { name: "a file", there: ["tokenizers/tk"], line: into("tokenizers/tk"), refused: true },
  {
    name: "backups beside a tokenizer",
    there: ["old", "new", "bak"].map((end) => `tokenizers/tk.${end}/vocab.json`),
    ...{ line: into("tokenizers/tk"), refused: false },
  },
  {
    name: "a lone backup",
    there: ["tokenizers/tk.old/tokenizer.json"],
    ...{ line: "tokenizer inspect --tokenizer tokenizers/tk", refused: true },
  },
  {
    name: "a folder that is not a run's",
    there: ["runs/x/novel.txt"],
    ...{ line: "train --data story.txt --steps 2 --device cpu --out runs/x", refused: true },
  },
  {
    name: "a folder with what looks like a run's and is not",
    there: ["runs/x/metrics.jsonl", "runs/x/samples.txt"],
    ...{ line: "train --data story.txt --steps 2 --device cpu --name x", refused: true },
  },
  {
    name: "a file named as if it were being written",
    there: ["runs/maps.json.new", "runs/maps.json.old"],
    line: 'attention --checkpoint runs/r --text "The cat" --device cpu --out runs/maps.json',
    refused: false,
  },
];

/** Trials on a folder with a run in `runs/r`. */
export function strangerTrials(stage: Stage): Trial[] {
  return cases.map(({ name, there, line, refused }) => ({
    group: "strangers' files",
    name,
    attempt: () =>
      stage.inCopy(async (cwd) => {
        await plant(cwd, there);
        const before = await treeOf(cwd);
        const { code, stderr } = await runChild(words(line), { cwd });
        const harm = await harmTo(before, cwd, /^$/);
        if (harm) return harm;
        if (refused === (code === 0)) return `ends with ${code}: ${stderr.slice(0, 300)}`;
      }),
  }));
}
