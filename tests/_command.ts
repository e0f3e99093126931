/** What the tests of the commands share: the program as a user runs it, in a folder of its own. */

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
  /** Further flags of `deno run`. */
  readonly denoFlags?: readonly string[];
}

/** What `deno task NAME` runs, with the permissions it has there, as a command for a process. */
export function commandOf(args: readonly string[], options: RunOptions): Deno.Command {
  const { cwd, env, wrapper = [], denoFlags = [] } = options;
  const task = configuration.tasks[args[0] as keyof typeof configuration.tasks].split(" ");
  const line = task.slice(1).map((word) => word === "cli.ts" ? new URL(word, root).pathname : word);
  const flags = ["--no-prompt", "--no-check", "--config", new URL("deno.json", root).pathname, ...denoFlags];
  const command = [...wrapper, Deno.execPath(), line[0], ...flags, ...line.slice(1), ...args.slice(1)];
  return new Deno.Command(command[0], {
    args: command.slice(1),
    cwd,
    env: { NO_COLOR: "1", ...env },
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
