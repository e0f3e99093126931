/** What the tests of the commands share: the program as a user runs it, in a folder of its own. */

import { dirname, resolve } from "@std/path";
import { keptFrames } from "../plots/attention_page.ts";
import { withSums } from "../checkpoints/sums.ts";
import { fingerprintOfDocuments } from "../tokenizers/token_file.ts";
import configuration from "../deno.json" with { type: "json" };

const root = new URL("..", import.meta.url);

/** What a run of the program gave. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run the program. */
export interface RunOptions {
  /** The folder to run it in. */
  readonly cwd: string;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command to run it under, such as `sh -c '…' sh`. */
  readonly wrapper?: readonly string[];
  /** Where it may write besides the folders of its task; what `--out` or `--resume` names, unless given. */
  readonly write?: readonly string[];
  /** Further flags of `deno run`. */
  readonly denoFlags?: readonly string[];
}

const configurations = Deno.makeTempDirSync(), written = new Set<string>();
globalThis.addEventListener("unload", () => Deno.removeSync(configurations, { recursive: true }));

/** What a person allows who types a command line and is asked by Deno. */
function allowedBy(args: readonly string[]): string[] {
  const place = args[args.findIndex((arg) => arg === "--out" || arg === "--resume") + 1];
  return place === args[0] ? [] : [["train", "finetune"].includes(args[0]) ? place : dirname(place)];
}

/**
 * The path of a deno.json like ours whose permission sets count from a folder of the test: `deno task` runs commands in
 * the folder of the project, where the sets name `runs` and `tokenizers`.
 */
function configurationFor(cwd: string, write: readonly string[]): string {
  const permissions = Object.fromEntries(
    Object.entries(configuration.permissions).map(([name, set]) => [name, {
      ...set,
      ..."write" in set && Array.isArray(set.write)
        ? { write: [...set.write, ...write].map((path) => resolve(cwd, path)) }
        : {},
    }]),
  );
  // In the project's own folder its name is known; a block of the user's imports from it.
  const imports = { ...configuration.imports, [configuration.name]: new URL("mod.ts", root).href };
  const text = JSON.stringify({ imports, permissions });
  const path = `${configurations}/${fingerprintOfDocuments([text])}.json`;
  // Once each: other processes may be reading it.
  if (!written.has(path)) Deno.writeTextFileSync(path, text);
  written.add(path);
  return path;
}

/** What `deno task NAME` runs, with the permissions it has there, word by word. */
export function lineOf(
  args: readonly string[],
  { cwd, write = allowedBy(args), denoFlags = [] }: RunOptions,
): string[] {
  const task = configuration.tasks[args[0] as keyof typeof configuration.tasks].split(" ");
  const line = task.slice(1).map((word) => word === "cli.ts" ? new URL(word, root).pathname : word);
  const config = ["--config", configurationFor(cwd, write)];
  const flags = ["--no-prompt", "--no-check", "--no-lock", ...config, ...denoFlags];
  return [Deno.execPath(), line[0], ...flags, ...line.slice(1), ...args.slice(1)];
}

/** The same as a command for a process. */
export function commandOf(args: readonly string[], options: RunOptions): Deno.Command {
  const command = [...options.wrapper ?? [], ...lineOf(args, options)];
  return new Deno.Command(command[0], {
    args: command.slice(1),
    cwd: options.cwd,
    env: { NO_COLOR: "1", ...options.env },
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs `deno task NAME ARGS` to its end; what is said is without the lines of Deno and of drivers. */
export async function miniformer(args: readonly string[], options: RunOptions): Promise<Outcome> {
  const { code, stdout, stderr } = await commandOf(args, options).output();
  const decoder = new TextDecoder();
  const ours = decoder.decode(stderr).split("\n").filter((line) => !/^Warning|XDG_RUNTIME_DIR/.test(line));
  return { code, stdout: decoder.decode(stdout), stderr: ours.join("\n") };
}

/** Runs the program, which must end with 0, and gives what it prints. */
export async function succeed(args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await miniformer(args, options);
  if (code !== 0) throw new Error(`${args.join(" ")}\nended with ${code}:\n${stderr}\n${stdout}`);
  return stdout;
}

/** The arguments of a command line as it is typed; quotes keep words together. */
export function words(line: string): string[] {
  return Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, bare]) => quoted ?? bare);
}

/** Runs a test in a folder of its own, which is removed afterwards. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A text with some order in it: what there is to learn is learned in a few steps. */
export function story(lines: number): string {
  const animals = ["cat", "dog", "hen", "fox"], places = ["mat", "log", "hay"];
  return Array.from(
    { length: lines },
    (_, i) => `The ${animals[i % 4]} sat on the ${places[(i * i) % 3]}.\n`,
  ).join("");
}

/** A model and a run that take no time. */
export const small = words(
  "--context_length 16 --layers 1 --heads 2 --model_dim 16 --batch_size 4 --learning_rate 0.01",
);

/** The lines of `metrics.jsonl`, without what depends on the clock. */
export async function metricsOf(run: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${run}/metrics.jsonl`);
  return text.trimEnd().split("\n").map((line) => line.replace(/,"seconds":[\d.]+}$/, "}"));
}

/** Changes the state of a checkpoint, and the sum that it holds of itself. */
export async function editState(
  path: string,
  edit: (state: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const { sha256, ...state } = JSON.parse(await Deno.readTextFile(path));
  const files = { "training_state.json": JSON.stringify(edit(state)) };
  const { sha256: own, ...edited } = JSON.parse(await withSums(files)["training_state.json"] as string);
  await Deno.writeTextFile(path, JSON.stringify({ ...edited, sha256: { ...sha256, ...own } }));
}

/** Gives the state of a checkpoint the name that it had in earlier versions, also in its list of checksums. */
export async function asSavedEarlier(folder: string): Promise<void> {
  const path = `${folder}/training_state.json`, text = await Deno.readTextFile(path);
  await Deno.writeTextFile(
    `${folder}/trainer_state.json`,
    text.replace('"training_state.', '"trainer_state.'),
  );
  await Deno.remove(path);
}

/** Removes the sums from a checkpoint, as if it had been saved before there were any. */
export async function removeSums(path: string): Promise<void> {
  const { sha256: _, ...state } = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify(state, null, 2));
}

/** What two equal runs have in common: everything but the clock. */
export async function resultOf(run: string): Promise<Record<string, unknown>> {
  const bytes = (name: string) => Deno.readFile(`${run}/${name}`);
  return {
    metrics: await metricsOf(run),
    samples: await Deno.readTextFile(`${run}/samples.txt`),
    // the heading of the page has the name of the run
    frames: keptFrames(await Deno.readTextFile(`${run}/attention.html`).catch(() => ""), Infinity),
    model: await bytes("last/model.safetensors"),
    optimizer: await bytes("last/optimizer.safetensors"),
    best: await bytes("best/model.safetensors"),
    cards: await Promise.all(["last", "best"].map((name) => Deno.readTextFile(`${run}/${name}/README.md`))),
    pictures: await Promise.all(["last", "best"].map((name) => bytes(`${name}/loss_curve.png`))),
    state: JSON.parse(await Deno.readTextFile(`${run}/last/training_state.json`)),
  };
}

/** Waits for something to become true, a minute at most. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!await condition()) {
    if (Date.now() > end) throw new Error("waited a minute");
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
