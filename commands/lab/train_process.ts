/**
 * `train` in a process of its own.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { printDiagnostic } from "../cli/errors.ts";

/** How a run of `train` has ended. */
export interface Ending {
  /** The exit status; 143 and the like where a signal has ended it. */
  readonly code: number;
  /** The line that says why, without `error: `; empty where it has said nothing. */
  readonly error: string;
}

/** A run of `train` that has been started. */
export interface TrainProcess {
  readonly ended: Promise<Ending>;
  /** Lets it save the current step and end. */
  stop(): void;
}

/** Starts `train` with these arguments. */
export type StartTrain = (args: readonly string[]) => TrainProcess;

/** Bytes of standard error that are kept. */
const MAX_ERROR = 20_000;

/**
 * Starts `train` of this program, which may write in one folder only.
 *
 * The process has a group of its own: Ctrl-C reaches this program alone, which then stops each run once, since a second
 * signal would end it unsaved. Its standard output is a pipe: when this program is killed, the run notices it at its next
 * line, and saves its step.
 */
export function trainIn(folder: string, program: URL = new URL("../../cli.ts", import.meta.url)): StartTrain {
  const permissions = ["--allow-read", `--allow-write=${folder}`];
  const cli = program.protocol === "file:" ? fromFileUrl(program) : program.href;
  const line = [
    "run",
    "-q",
    "--no-prompt",
    ...permissions,
    "--allow-sys=systemMemoryInfo,hostname",
    cli,
    "train",
  ];
  return (args) => {
    const process = new Deno.Command(Deno.execPath(), {
      args: [...line, ...args],
      env: { NO_COLOR: "1" },
      ...{ stdin: "null", stdout: "piped", stderr: "piped", detached: true },
    }).spawn();
    const follow = async (): Promise<Ending> => {
      const [{ code }, text] = await Promise.all([
        process.status,
        lastOf(process.stderr),
        drain(process.stdout),
      ]);
      const lines = text.split("\n").filter((line) => line.trim() !== "");
      const error = lines.findLast((line) => line.startsWith("error: ")) ?? lines.at(-1) ?? "";
      return { code, error: error.replace(/^error: /, "") };
    };
    return {
      ended: follow(),
      stop() {
        try {
          process.kill("SIGTERM");
        } catch (error) {
          // it has just ended
          if (!(error instanceof TypeError)) printDiagnostic(`A run cannot be stopped: ${error}`);
        }
      },
    };
  };
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

/** The end of what a process writes. */
async function lastOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) text = (text + decoder.decode(bytes, { stream: true })).slice(-MAX_ERROR);
  return text;
}
