/**
 * Numbers and texts as a terminal shows them.
 *
 * @module
 */

import { escaped } from "../../core/quoted.ts";
import { reason } from "./errors.ts";
import { padText, wrapText } from "./wrap.ts";

/**
 * Seconds, rounded to two units.
 *
 * @param seconds a duration; not negative
 * @returns such as `7s`, `2m 05s`, `3h 12m`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatDuration } from "./terminal.ts";
 *
 * assertEquals(formatDuration(125.4), "2m 05s");
 * ```
 */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (!Number.isFinite(whole)) return "?";
  if (whole < 60) return `${whole}s`;
  const [large, small, units] = whole < 3600
    ? [whole / 60, whole % 60, "ms"] as const
    : [whole / 3600, (whole % 3600) / 60, "hm"] as const;
  return `${Math.floor(large)}${units[0]} ${String(Math.floor(small)).padStart(2, "0")}${units[1]}`;
}

/**
 * A count in about three digits.
 *
 * @param count a count or a rate; not negative
 * @returns such as `950`, `12.3K`, `1.24M`, `1.50B`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatCount } from "./terminal.ts";
 *
 * assertEquals(formatCount(52_140), "52.1K");
 * ```
 */
export function formatCount(count: number): string {
  return count < 999.5 ? count.toFixed() : count.toLocaleString("en", THREE_DIGITS);
}

const THREE_DIGITS = {
  notation: "compact",
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
} as const;

/**
 * A progress bar, drawn in steps of half a column.
 *
 * @param fraction the part that is filled, from 0 to 1
 * @param columns the length of the bar
 * @returns the bar, without colours
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatBar } from "./terminal.ts";
 *
 * assertEquals(formatBar(0.5, 5), "━━╸──");
 * ```
 */
export function formatBar(fraction: number, columns: number): string {
  const halves = Math.floor(Math.min(Math.max(fraction, 0), 1) * columns * 2);
  const bar = "━".repeat(halves >> 1) + (halves % 2 === 1 ? "╸" : "");
  return bar.padEnd(columns, "─");
}

/**
 * The width of the terminal.
 *
 * @returns its columns; 80 where there is no terminal
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { terminalColumns } from "./terminal.ts";
 *
 * assert(terminalColumns() > 0);
 * ```
 */
export function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}

/**
 * The width at which printed lines are wrapped.
 *
 * @returns the columns of the terminal; `Infinity` when standard output is a file or a pipe, whose lines are not wrapped
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { outputColumns } from "./terminal.ts";
 *
 * assert(outputColumns() === Infinity || Deno.stdout.isTerminal());
 * ```
 */
export function outputColumns(): number {
  return Deno.stdout.isTerminal() ? terminalColumns() : Infinity;
}

/**
 * Writes text to standard output as it is, without adding a newline. All of it is written before the function returns.
 *
 * @param text the text
 * @throws {Error} when it cannot be written
 * @throws {Deno.errors.BrokenPipe} when the reader of a pipe has exited
 *
 * @example
 * ```ts
 * import { writeOut } from "./terminal.ts";
 *
 * writeOut("token by token");
 * ```
 */
export function writeOut(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw error;
    throw new Error(`Cannot write to standard output: ${reason(error)}`, { cause: error });
  }
}

/**
 * Writes a line to standard output.
 *
 * @param text the line, without a newline at its end
 * @throws {Error} when it cannot be written
 * @throws {Deno.errors.BrokenPipe} when the reader of a pipe has exited
 *
 * @example
 * ```ts
 * import { print } from "./terminal.ts";
 *
 * print("a line");
 * ```
 */
export function print(text: string): void {
  writeOut(text + "\n");
}

/**
 * A result as one line of JSON, for `--json`. Numbers are not rounded; one that is not finite becomes `null`. Characters
 * that a terminal interprets are written as escapes, which JSON allows.
 *
 * @param result the result; typed arrays become arrays
 * @returns the line, without a newline at its end
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatJson } from "./terminal.ts";
 *
 * assertEquals(formatJson({ loss: 0.1, perplexity: Infinity }), '{"loss":0.1,"perplexity":null}');
 * assertEquals(formatJson({ weights: Float32Array.of(0.5, 1) }), '{"weights":[0.5,1]}');
 * ```
 */
export function formatJson(result: object): string {
  const plain = (_: string, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  return escaped(JSON.stringify(result, plain));
}

/**
 * A path as it is typed in a shell.
 *
 * @param path the path
 * @returns the path, quoted where necessary
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { quote } from "./terminal.ts";
 *
 * assertEquals(["runs/mine", "my runs"].map(quote), ["runs/mine", "'my runs'"]);
 * ```
 */
export function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/**
 * Names and texts in two columns.
 *
 * @param rows name and text of each line
 * @param width columns for the names
 * @param columns the width at which the texts are wrapped within their column; that of the terminal unless given
 * @returns the lines
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatFacts } from "./terminal.ts";
 *
 * assertEquals(formatFacts([["run", "runs/mine"], ["seed", "1"]], 6), "run   runs/mine\nseed  1");
 * ```
 */
export function formatFacts(
  rows: readonly (readonly [string, string])[],
  width: number = 10,
  columns: number = outputColumns(),
): string {
  return rows.map(([name, text]) => wrapText(padText(name, width) + text, columns, width)).join("\n");
}
