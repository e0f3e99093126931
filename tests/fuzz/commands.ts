/** Mutations through the program itself: changed folders, changed tables and changed command lines. */

import { type Failure, WHOLE_FOLDER } from "./cases.ts";
import { type Corpus, type Files, makeCorpus, toBytes } from "./corpus.ts";
import type { Budget } from "./in_process.ts";
import { changeFile } from "./mutations.ts";
import { Choices } from "./random.ts";
import { linesOf, watch } from "./watch.ts";

/** Longest time a command may take, in milliseconds. */
const SLOWEST = 5000;

/** A command line, and the files in its folder. */
interface CommandCase {
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, Files>>;
  /** The file that was changed; none when it is the command line. */
  readonly file?: string;
}

const words = (line: string): string[] => line.split(" ");
const device = words("--device cpu");

const story = toBytes({ "story.txt": "the cat sat on the mat.\n".repeat(30) });

/** Command lines with the folder that they read and the files in it that may be changed. */
function fileCases(
  { models, tokenizers, tables }: Corpus,
  run: Files,
): [line: string, files: Files, names?: string[]][] {
  const modelFiles = ["config.json", "model.safetensors", "tokenizer.json"];
  return [
    ["generate --checkpoint DIR --prompt the --max_new_tokens 3", models.gpt2, modelFiles],
    ["generate --checkpoint DIR --prompt the --max_new_tokens 3", models.gpt1, modelFiles],
    ["fill-mask --checkpoint DIR --text the<mask>cat", models.roberta, modelFiles],
    ["classify --checkpoint DIR --text cat", models.robertaClassifier, modelFiles],
    ["classify --checkpoint DIR --text cat", models.gptClassifier, modelFiles],
    ["attention --checkpoint DIR --text cat --out maps.json", models.gpt2, modelFiles],
    ["evaluate --checkpoint DIR --data DIR/story.txt", { ...models.gpt2, ...story }, [
      ...modelFiles,
      "story.txt",
    ]],
    ["tokenizer encode --tokenizer DIR --text cat", tokenizers.old],
    ["tokenizer inspect --tokenizer DIR", tokenizers.bpe],
    ["tokenizer decode --tokenizer DIR --ids 5", tokenizers.decoder],
    ["train --resume DIR --steps 2", run, ["training_state.json", "optimizer.safetensors"]],
    ...Object.keys(tables).filter((name) => name !== "plain.txt").map((name): [string, Files, string[]] => [
      `classify --checkpoint DIR --data DIR/${name}`,
      { ...models.robertaClassifier, [name]: tables[name] },
      [name],
    ]),
  ];
}

const VALUES = [
  ...[
    "",
    " ",
    "-1",
    "0",
    "1e300",
    "1e9",
    "9007199254740993",
    "Infinity",
    "NaN",
    "0x10",
    "1e-300",
    "--",
    "\u0001",
  ],
  ...[
    "__proto__",
    "constructor",
    "\u001b[31mred",
    "\u2028",
    "x".repeat(5000),
    "DIR",
    "/dev/null",
    "é",
    "*",
    "[",
    "a/b",
  ],
];

/** Numbers that ask for too much, or for nothing. */
const NUMBERS = ["1000000000", "9007199254740991", "1e300", "100000000", "1e-300", "0", "-1", "0.5", "1e9"];

/** Command lines that are changed themselves; none of them trains for long or writes outside the folder. */
const LINES = [
  "generate --checkpoint DIR --prompt the --max_new_tokens 3 --temperature 0.5 --top_k 3 --top_p 0.9 --seed 1",
  "classify --checkpoint DIR --text cat",
  "evaluate --checkpoint DIR --data DIR/tokenizer.json --seed 2",
  "tokenizer encode --tokenizer DIR --text cat --ids-only",
  "tokenizer decode --tokenizer DIR --ids 5",
  "tokenizer inspect --tokenizer DIR --show 5",
  "train --data DIR/config.json --steps 1 --layers 1 --heads 1 --model_dim 8 --context_length 8 --batch_size 2 --seed 1 " +
  "--accumulation 1 --log_interval 1 --eval_interval 1 --vocab_size 300 --tokenizer bpe",
  "train --data DIR/config.json --epochs 1 --batch_size 64 --layers 1 --heads 1 --model_dim 8 --context_length 8",
  "attention --checkpoint DIR --text cat",
  "doctor",
];

function changeLine(line: string, choices: Choices): string[] {
  const args = words(line);
  const numbers = args.flatMap((word, at) => /^[\d.]+$/.test(word) ? [at] : []);
  if (numbers.length > 0 && choices.once(2)) {
    args[choices.of(numbers)] = choices.of(NUMBERS);
    return args;
  }
  for (let left = choices.of([1, 1, 2]); left > 0; left--) {
    const at = choices.below(args.length);
    const change = choices.below(5);
    if (change === 0) args.splice(at, 1);
    else if (change === 1) args.splice(at + 1, 0, choices.of(VALUES));
    else if (change === 2) {
      args.push(choices.of(["--constructor", "--__proto__", "--xyz", "--no-seed", "--=", "---"]));
    } else args[at] = choices.of(VALUES);
  }
  return args;
}

/** Makes a case from its number. */
export function commandCase(corpus: Corpus, run: Files, seed: number, number: number): CommandCase {
  const choices = new Choices(seed ^ 0x5eed, number);
  if (number % 3 === 0) {
    return { args: changeLine(choices.of(LINES), choices), files: { DIR: corpus.models.gpt2 } };
  }
  const [line, files, names = Object.keys(files)] = choices.of(fileCases(corpus, run)),
    file = choices.of(names);
  const folder = line.includes("--resume") ? "DIR/last" : "DIR";
  return {
    args: words(line),
    files: { ".": story, [folder]: { ...files, [file]: changeFile(file, files[file], choices) } },
    file,
  };
}

/** Who asks for a billion steps or tokens gets them, one after the other: that is long work, and no flood. */
const LONG_WORK = /--(max_new_tokens|steps|epochs) (1e9|1000000000|100000000|9007199254740991)\b/;

/** The program in a folder. */
function program(args: readonly string[], cwd: string): Deno.Command {
  const root = new URL("../../", import.meta.url).pathname;
  const takesDevice = !["tokenizer", "doctor"].includes(args[0]);
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "--no-prompt", "--allow-read", "--allow-write=.", "--allow-sys"],
      ...["--config", `${root}deno.json`, `${root}cli.ts`],
      ...args.map((word) => word.replaceAll("\0", "")),
      ...takesDevice ? device : [],
    ],
    ...{ cwd, env: { NO_COLOR: "1" }, stdin: "null", stdout: "piped", stderr: "piped" },
  });
}

/** The checkpoint of a run that has done one step of two. */
export async function trainedRun(): Promise<Files> {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${cwd}/story.txt`, story["story.txt"]);
    const sizes = "--layers 1 --heads 1 --model_dim 8 --context_length 8 --batch_size 2";
    const { stderr, success } = await program(words(`train --data story.txt --steps 1 ${sizes}`), cwd)
      .output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const files: Files = {}, last = `${cwd}/runs/story/last`;
    for (const { name } of Deno.readDirSync(last)) files[name] = await Deno.readFile(`${last}/${name}`);
    return files;
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

/** Runs the program and says what is wrong with its answer, or nothing. */
export async function tryCommand(
  { args, files, file }: CommandCase,
  cwd: string,
): Promise<string | undefined> {
  for (const [folder, content] of Object.entries(files)) {
    await Deno.mkdir(`${cwd}/${folder}`, { recursive: true });
    for (const [name, bytes] of Object.entries(content)) {
      await Deno.writeFile(`${cwd}/${folder}/${name}`, bytes);
    }
  }
  const begin = performance.now(), child = program(args, cwd).spawn();
  const output = Promise.all([
    Array.fromAsync(linesOf(child.stdout)),
    Array.fromAsync(linesOf(child.stderr)),
  ]);
  const { code, signal, stop } = await watch(child, { isLate: () => performance.now() - begin > SLOWEST });
  const [, errors] = await output;
  const lines = errors.filter((line) => line !== "" && !/^Warning|XDG_RUNTIME_DIR/.test(line));
  const [line = ""] = lines.filter((line) => line.startsWith("error: "));
  if (stop === "time" && LONG_WORK.test(args.join(" "))) return undefined;
  if (stop) return stop === "time" ? `took more than ${SLOWEST / 1000} s` : "took more than 1 GB";
  if (signal || ![0, 1, 2].includes(code)) {
    return `ended with ${signal ?? code}: ${lines.join(" ").slice(0, 200)}`;
  }
  if (lines.some((line) => /^\s+at /.test(line))) return `a stack trace: ${lines.join(" ").slice(0, 200)}`;
  if (code === 0) return undefined;
  if (line === "" || lines.length > 1) {
    return `${lines.length} lines of error: ${lines.join(" | ").slice(0, 300)}`;
  }
  if (line.length > 1000) return `a message of ${line.length} characters`;
  const names = file === undefined ? [""] : [...Object.values(files).flatMap(Object.keys), ...WHOLE_FOLDER];
  if (!names.some((name) => line.includes(name))) return `no file is named: ${line.slice(0, 300)}`;
  const engine =
    /is not a function|not iterable|Cannot read prop|Cannot destructure|call stack|allocation failed|Invalid (array|string|typed)|is not defined|Cannot convert/;
  return engine.test(line) ? `an error of the engine: ${line.slice(0, 300)}` : undefined;
}

/** Tries cases, two at a time. */
export async function fuzzCommands(
  seed: number,
  budget: Budget,
  report: (failure: Failure) => void,
): Promise<number> {
  const corpus = await makeCorpus(), run = await trainedRun();
  let next = 0, tried = 0;
  const work = async (): Promise<void> => {
    while (next < budget.cases && performance.now() < budget.deadline) {
      const number = next++, one = commandCase(corpus, run, seed, number), cwd = await Deno.makeTempDir();
      const complaint = await tryCommand(one, cwd).finally(() => Deno.remove(cwd, { recursive: true }));
      tried++;
      if (complaint === undefined) continue;
      const [content] = one.file === undefined
        ? []
        : Object.values(one.files).map((files) => files[one.file!])
          .filter((content) => content !== undefined);
      const small = content && content.length < 3000 ? content.toBase64() : "";
      const line = one.args.map((word) => JSON.stringify(word.slice(0, 80))).join(" ");
      report({ number, target: line, file: one.file ?? "", complaint, content: small });
    }
  };
  await Promise.all([work(), work()]);
  return tried;
}
