/**
 * Numbers and texts as a terminal shows them.
 *
 * @module
 */
import { escaped } from "../../core/quoted.ts";
import { visibleLines } from "../../core/visible.ts";
import { reason } from "./errors.ts";
import { padText, textWidth, wrapText } from "./wrap.ts";

/** Seconds, rounded to two units, such as `7s`, `2m 05s`, `3h 12m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (!Number.isFinite(whole)) return "?";
  if (whole < 60) return `${whole}s`;
  const [large, small, units] = whole < 3600
    ? [whole / 60, whole % 60, "ms"] as const
    : [whole / 3600, (whole % 3600) / 60, "hm"] as const;
  return `${Math.floor(large)}${units[0]} ${String(Math.floor(small)).padStart(2, "0")}${units[1]}`;
}

/** A number in three digits, such as `0.939`, `10.0`, `1.49K`. */
export function formatNumber(number: number): string {
  return number < 999.5 ? number.toPrecision(3) : formatCount(number);
}

/** A count or a rate in about three digits, such as `950`, `12.3K`, `1.24M`. */
export function formatCount(count: number): string {
  return count < 999.5 ? count.toFixed() : count.toLocaleString("en", THREE_DIGITS);
}

const THREE_DIGITS = {
  notation: "compact",
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
} as const;

/** Bytes in MB or GB: `27 MB`, `1.4 GB`. */
export function megabytes(bytes: number): string {
  return bytes < 999.5e6 ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Floating-point operations per second in about three digits: `0.85 GFLOP/s`, `8.3 GFLOP/s`, `41.2 TFLOP/s`. */
export function formatSpeed(flopsPerSecond: number): string {
  const [value, unit] = flopsPerSecond < 999.5e9 ? [flopsPerSecond / 1e9, "G"] : [flopsPerSecond / 1e12, "T"];
  return `${value.toFixed(value < 0.995 ? 2 : value < 100 ? 1 : 0)} ${unit}FLOP/s`;
}

/** A share in whole percent, such as `41 %`. */
export const formatShare = (share: number): string => `${Math.round(100 * share)} %`;

/** A share in percent, such as `83.3 %`. */
export const formatPercent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The perplexity of a loss, in four digits, or more where it is a larger whole number: `1.290`, `446.2`, `29,964`. */
export function formatPerplexity(loss: number): string {
  const perplexity = Math.exp(loss);
  if (perplexity < 999.95) return perplexity.toPrecision(4);
  return perplexity < 1e9 ? Math.round(perplexity).toLocaleString("en") : perplexity.toExponential(3);
}

/** A number of things, such as `1 layer`, `2 layers`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** A progress bar, drawn in steps of half a column, without colours. */
export function formatBar(fraction: number, columns: number): string {
  const halves = Math.floor(Math.min(Math.max(fraction, 0), 1) * columns * 2);
  const bar = "━".repeat(halves >> 1) + (halves % 2 === 1 ? "╸" : "");
  return bar.padEnd(columns, "─");
}

/** The width of the terminal; 80 columns where there is none. */
export function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}

/** The width at which printed lines are wrapped: a file or a pipe gets them whole. */
export function outputColumns(): number {
  return Deno.stdout.isTerminal() ? terminalColumns() : Infinity;
}

/**
 * Writes text to standard output as it is, all of it before the function returns. Throws `BrokenPipe` when the reader of a
 * pipe has exited, which is no error of the program's.
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

/** Writes a line to standard output. */
export function print(text: string): void {
  writeOut(text + "\n");
}

/**
 * A result as one line of JSON, for `--json`. Numbers are not rounded; one that is not finite becomes `null`, and typed
 * arrays become arrays. Characters that a terminal interprets are written as escapes, which JSON allows.
 */
export function formatJson(result: object): string {
  const plain = (_: string, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  return escaped(JSON.stringify(result, plain));
}

/** A path as it is typed in a shell, quoted where necessary. */
export function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** Names and texts in two columns; the texts, which may hold names of files, are wrapped within theirs. */
export function formatFacts(
  rows: readonly (readonly [string, string])[],
  width: number = 10,
  columns: number = outputColumns(),
): string {
  return rows.map(([name, text]) => {
    const left = textWidth(name) < width ? padText(name, width) : `${name}  `;
    return wrapText(left + visibleLines(text), columns, width);
  }).join("\n");
}
