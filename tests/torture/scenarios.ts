/** The commands that are tortured: each takes a fraction of a second and does everything a long run does. */

import { story, succeed, words } from "../_command.ts";
import { copyTree } from "./trees.ts";

/** A command line, and the folder it runs in. */
export interface Scenario {
  /** Its name. */
  readonly name: string;
  /** The command line. */
  readonly line: readonly string[];
  /** The command line that resumes once a checkpoint was saved; where there is none, `line` is given again. */
  readonly resume?: readonly string[];
  /** The folder that it writes. */
  readonly target: "runs/r" | "tokenizers/tk";
  /** Files and folders of the user's that lie where temporary names might. */
  readonly strangers: readonly string[];
  /** Makes the texts and earlier runs that it works on. */
  prepare(folder: string): Promise<void>;
}

const sizes = "--context_length 8 --layers 1 --heads 2 --model_dim 8 --batch_size 2 --learning_rate 0.01";
const pace = "--steps 12 --eval_interval 4 --save_interval 3 --sample_interval 6 --dropout 0.2";

/** A new run of `train`. */
export function trainLine(more = "", { device = "cpu", name = "--name r" } = {}): string[] {
  return words(`train --data story.txt ${sizes} ${pace} --device ${device} ${name} ${more}`);
}

/** Writes the texts. */
async function writeTexts(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/story.txt`, story(60));
  const labelled = story(40).trimEnd().split("\n").map((line) => `${line}\t${line.includes("mat")}\n`);
  await Deno.writeTextFile(`${folder}/train.tsv`, labelled.join(""));
}

const beside = [
  "notes.txt",
  "story.txt.old",
  "runs/notes.txt",
  "runs/r.old/thesis.txt",
  "runs/r.new/thesis.txt",
];
const inside = [
  ...[
    "notes.txt",
    "thesis/chapter.txt",
    "last/notes.txt",
    "best/thesis/chapter.txt",
    "last.old/thesis.txt",
    "last.new/thesis.txt",
    "best.old/thesis.txt",
  ],
  ...[
    "best.new/thesis.txt",
    "samples.txt.new",
    "metrics.jsonl.new",
    "metrics.jsonl.old",
    "loss_curve.svg.new",
    "attention.html.new",
  ],
].map((name) => `runs/r/${name}`);
const besideTokenizer = [
  ...["notes.txt", "tokenizers/tk.old/novel.txt", "tokenizers/tk.new/novel.txt", "tokenizers/notes.txt"],
];

/** A scenario that begins with a run of 12 steps that was stopped after 6. */
function resumed(name: string, start: readonly string[], prepare = writeTexts): Scenario {
  const device = start[start.indexOf("--device") + 1];
  const resume = [start[0], "--resume", "runs/r", "--device", device];
  return {
    ...{ name, line: resume, resume, target: "runs/r", strangers: [...beside, ...inside] },
    async prepare(folder) {
      await prepare(folder);
      const env = { XDG_RUNTIME_DIR: "/tmp" };
      await succeed([...start, "--stop_after", "6"], { cwd: folder, env });
    },
  };
}

function begun(name: string, line: readonly string[], prepare = writeTexts): Scenario {
  const device = line[line.indexOf("--device") + 1];
  const resume = [line[0], "--resume", "runs/r", "--device", device];
  return { name, line, resume, target: "runs/r", strangers: beside, prepare };
}

/** A checkpoint to fine-tune, in `runs/base/`. */
async function writeBase(folder: string): Promise<void> {
  await writeTexts(folder);
  const line = words(
    `train --objective mlm --data story.txt ${sizes.replace("8", "32")} --device cpu --out runs/base`,
  );
  await succeed([...line, "--steps", "2"], { cwd: folder });
}

/** Epochs that are no whole number of steps, with a checkpoint of each. */
const epochsLine = words(
  `train --data story.txt ${sizes} --steps 12 --accumulation 30 --validate_every epoch --save_every epoch ` +
    "--sample_interval 6 --log_interval 5 --dropout 0.2 --device cpu --name r",
);

const finetuneLine = words(
  "finetune --checkpoint runs/base --data train.tsv --dropout 0.2 --batch_size 6 --epochs 2 --device cpu --name r",
);
const tokenizerLine = words("tokenizer train --data story.txt --vocab-size 275 --out tokenizers/tk");

/** Everything that is tortured on the CPU. */
export const scenarios: readonly Scenario[] = [
  begun("train", trainLine("--tokenizer bpe --vocab_size 270 --attention_every")),
  resumed("train --resume", trainLine("--tokenizer bpe --vocab_size 270 --attention_every")),
  begun("train epochs", epochsLine),
  {
    ...resumed("train --resume epochs", epochsLine),
    strangers: [...beside, ...inside, "runs/r/epoch-1/notes.txt"],
  },
  begun("train mlm", trainLine("--objective mlm")),
  begun("finetune", finetuneLine, writeBase),
  resumed("finetune --resume", finetuneLine, writeBase),
  {
    name: "tokenizer",
    line: tokenizerLine,
    target: "tokenizers/tk",
    strangers: besideTokenizer,
    prepare: writeTexts,
  },
  {
    ...{ name: "tokenizer again", line: tokenizerLine, target: "tokenizers/tk", strangers: besideTokenizer },
    async prepare(folder) {
      await writeTexts(folder);
      const other = words("tokenizer train --data story.txt --vocab-size 262 --out tokenizers/tk");
      await succeed(other, { cwd: folder });
    },
  },
];

/** The same on another device: WebAssembly has threads, and WebGPU takes seconds for each process. */
export const scenariosOn = (device: "wasm" | "webgpu"): readonly Scenario[] => [
  begun(`train ${device}`, trainLine("", { device })),
  resumed(`train --resume ${device}`, trainLine("", { device })),
];

/** Goes on with the run of {@linkcode longScenario}. */
export const longResume: readonly string[] = words("train --resume runs/r --device cpu");

/** A run of a second or two that saves all the time. */
export const longScenario: Scenario = resumed(
  "long train --resume",
  words(
    `train --data story.txt ${sizes} --steps 240 --eval_interval 10 --save_interval 3 --device cpu --name r`,
  ),
);

/** A scenario that was prepared once, to be copied for each trial. */
export class Stage {
  readonly scenario: Scenario;
  readonly #template: string;
  #prepared: Promise<void> | undefined;

  /** A stage below a temporary folder. */
  constructor(scenario: Scenario, temporary: string) {
    this.scenario = scenario;
    this.#template = `${temporary}/${scenario.name.replaceAll(" ", "_")}`;
  }

  /** Does something in a fresh copy, which is removed afterwards. */
  async inCopy<Result>(body: (folder: string) => Promise<Result>): Promise<Result> {
    this.#prepared ??= this.scenario.prepare(this.#template);
    await this.#prepared;
    const folder = `${this.#template}.${crypto.randomUUID().slice(0, 8)}`;
    try {
      await copyTree(this.#template, folder);
      return await body(folder);
    } finally {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
  }
}
