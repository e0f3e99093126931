/** What an error must be like: ours, one short line, and with the name of a file. */

import { describeError } from "../../commands/cli/errors.ts";

/** Longest message, with `error: `. */
const LONGEST = 1000;

/** Errors that a file may cause anywhere: the engine's own words on what is no JSON. */
const isJson = (error: Error): boolean => error instanceof SyntaxError;

/**
 * Whether an error was thrown by the engine and not by a line `throw new …Error` of ours: the position at the top of its
 * stack is not that of a `new`.
 */
function isEngineError(error: Error): boolean {
  const [, file, line, column] = /\n\s+at .*?(file:\/\/\/[^\s:]+):(\d+):(\d+)\)?/.exec(error.stack ?? "") ??
    [];
  const first = (error.stack ?? "").split("\n").find((text) => /^\s+at /.test(text)) ?? "";
  if (error instanceof Deno.errors.NotFound || error.constructor.name in Deno.errors) return false;
  if (file === undefined || !first.includes(file)) return true;
  return !sourceLine(file, Number(line)).slice(Number(column) - 1).startsWith("new ");
}

const sources = new Map<string, string[]>();

function sourceLine(file: string, line: number): string {
  if (!sources.has(file)) sources.set(file, Deno.readTextFileSync(new URL(file)).split("\n"));
  return sources.get(file)![line - 1] ?? "";
}

/** What is wrong with an error, or undefined. */
export function complaint(error: unknown, names?: readonly string[]): string | undefined {
  if (!(error instanceof Error)) return `threw ${typeof error}`;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (!isJson(cause) && isEngineError(cause)) {
      return `an error of the engine: ${cause.message.slice(0, 200)}`;
    }
  }
  const line = describeError(error);
  if (error.message.length > LONGEST - 7) return `a message of ${error.message.length} characters`;
  if (/[\n\r]/.test(line)) return "more than one line";
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(error.message)) return "control characters in the message";
  if (names && !names.some((name) => line.includes(name))) return `no file is named: ${line.slice(0, 200)}`;
  return undefined;
}
