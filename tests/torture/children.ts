/** Processes of the program, with a limit of time. */

import { commandOf } from "../_command.ts";
import { type Operation, OPERATION_MARK, type Orders, ORDERS_VARIABLE } from "./orders.ts";

/** How a process ended. */
export interface Ending {
  /** Its status: 128 and the signal's number where a signal ended it. */
  readonly code: number;
  /** What it printed. */
  readonly stdout: string;
  /** What it printed to stderr, without the lines of Deno, of drivers, and of `faults.ts`. */
  readonly stderr: string;
  /** The operations it called. */
  readonly operations: readonly Operation[];
  /** Whether it had to be killed because it took too long or too much memory. */
  readonly overdue: boolean;
  /** Seconds from its start to its end. */
  readonly seconds: number;
}

/** How to run a process. */
export interface ChildOptions {
  /** Its working folder. */
  readonly cwd: string;
  /** What it shall do to itself; without orders `faults.ts` is not loaded. */
  readonly orders?: Orders;
  /** A command to run it under. */
  readonly wrapper?: readonly string[];
  /** Seconds until it counts as hanging. */
  readonly limit?: number;
  /** Gigabytes until it counts as hanging: who reads a device without end would otherwise take those of the machine. */
  readonly memory?: number;
  /** Closes its standard output after the first piece of it. */
  readonly deaf?: boolean;
  /** Does something with the process while it runs. */
  readonly meanwhile?: (child: Deno.ChildProcess) => void;
}

const faults = new URL("faults.ts", import.meta.url).pathname;

/** Runs `deno task NAME ARGS` to its end, with the permissions of the task and those that the orders need. */
export async function runChild(args: readonly string[], options: ChildOptions): Promise<Ending> {
  const { cwd, orders, wrapper, limit = 120, memory, deaf = false } = options;
  const env = { XDG_RUNTIME_DIR: "/tmp", ...orders && { [ORDERS_VARIABLE]: JSON.stringify(orders) } };
  const denoFlags = orders
    ? [`--allow-env=${ORDERS_VARIABLE}`, "--allow-run", `--preload=${faults}`]
    : undefined;
  const start = performance.now();
  const child = commandOf(args, { cwd, env, wrapper, denoFlags }).spawn();
  let overdue = false;
  const endNow = () => {
    overdue = true;
    kill(child, "SIGKILL");
  };
  const timer = setTimeout(endNow, limit * 1000);
  const watch = memory === undefined ? undefined : setInterval(async () => {
    if (Number(await lookAt(child.pid, "rss")) > memory * 2 ** 20) endNow();
  }, 300);
  options.meanwhile?.(child);
  const [stdout, stderr, { code }] = await Promise.all([
    deaf ? firstPiece(child.stdout) : new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.status,
  ]);
  clearTimeout(timer);
  clearInterval(watch);
  const lines = stderr.split("\n"), marked = lines.filter((line) => line.startsWith(OPERATION_MARK));
  const ours = lines.filter((line) => !/^Warning|XDG_RUNTIME_DIR/.test(line) && !marked.includes(line));
  const operations = marked.flatMap((line) => parseOperation(line.slice(OPERATION_MARK.length)) ?? []);
  const seconds = (performance.now() - start) / 1000;
  return { code, stdout, stderr: ours.join("\n").trim(), operations, overdue, seconds };
}

/** Sends a signal, unless the process is gone. */
export function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    return;
  }
}

/** Asks the system about a process: `stat`, its state, or `rss`, the kilobytes it takes. */
export async function lookAt(pid: number, what: "stat" | "rss"): Promise<string> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", `${what}=`, "-p", String(pid)] }).output();
  return new TextDecoder().decode(stdout).trim();
}

async function firstPiece(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader(), { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

/** The last line of a process that was killed may be torn. */
function parseOperation(line: string): Operation | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What is wrong with how a process refused: it should say one short line and end with 1. */
export function faultOfRefusal({ code, stderr, overdue }: Ending, about?: RegExp): string | undefined {
  const lines = stderr.split("\n"), quoted = JSON.stringify(stderr.slice(0, 400));
  if (overdue) return "hangs";
  if (code !== 1) return `ends with ${code}, expected 1: ${quoted}`;
  if (lines.length !== 1 || !stderr.startsWith("error: ")) return `says ${lines.length} lines: ${quoted}`;
  if (stderr.length > 1000) return `says ${stderr.length} characters: ${quoted}`;
  if (about && !about.test(stderr)) return `does not name what failed: ${quoted}`;
}
