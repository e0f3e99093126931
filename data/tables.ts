/**
 * Tables in text files, as rows of cells with their line numbers.
 *
 * @module
 */

/** A row of a table. */
export interface TableRow {
  /** Its cells. */
  readonly cells: readonly string[];
  /** The line it begins on, from 1. */
  readonly line: number;
}

/** The rows of a table. */
export interface Table {
  /** Those that are not empty. */
  readonly rows: readonly TableRow[];
  /** The number of empty lines. */
  readonly emptyLines: number;
}

/**
 * Splits a text into lines and, at tabs, into cells.
 *
 * @param text The text.
 * @param tabs Whether tabs separate cells; if not, a line is one cell.
 * @returns The rows.
 *
 * @example
 * ```ts
 * import { splitTsv } from "./tables.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(splitTsv("a\tb\n\nc\td\n"), {
 *   rows: [{ cells: ["a", "b"], line: 1 }, { cells: ["c", "d"], line: 3 }],
 *   emptyLines: 1,
 * });
 * ```
 */
export function splitTsv(text: string, tabs: boolean = true): Table {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  const rows = lines.flatMap((line, index) =>
    line.trim() === "" ? [] : [{ cells: tabs ? line.split("\t") : [line], line: index + 1 }]
  );
  return { rows, emptyLines: lines.length - rows.length };
}

/**
 * Splits a text into cells by RFC 4180: commas separate them, quotes enclose commas and line breaks, and two quotes within
 * quotes are one.
 *
 * @param text The text.
 * @returns The rows.
 * @throws {Error} If a quote is not closed, or is followed by text; the message gives the line on which the cell begins.
 *
 * @example
 * ```ts
 * import { splitCsv } from "./tables.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { rows } = splitCsv('"a ""good"", long\nfilm",1\nbad,0\n');
 * assertEquals(rows, [{ cells: ['a "good", long\nfilm', "1"], line: 1 }, { cells: ["bad", "0"], line: 3 }]);
 * ```
 */
export function splitCsv(text: string): Table {
  const rows: TableRow[] = [];
  let cells: string[] = [], line = 1, begun = 1, emptyLines = 0;
  for (let position = 0; position < text.length || cells.length > 0;) {
    const { content, end } = readCell(text, position);
    const after = text.startsWith("\r\n", end) ? 2 : end === text.length ? 0 : 1;
    if (end < text.length && !(after === 2 || text[end] === "," || text[end] === "\n")) {
      throw new Error(`line ${line}: a quote is out of place; write quotes twice inside quotes`);
    }
    cells.push(content);
    for (let at = -1; (at = content.indexOf("\n", at + 1)) >= 0;) line++;
    if (end < text.length && text[end] !== ",") line++;
    position = end + after;
    if (text[end] === ",") continue;
    if (cells.every((cell) => cell.trim() === "")) emptyLines++;
    else rows.push({ cells, line: begun });
    cells = [];
    begun = line;
  }
  return { rows, emptyLines };
}

/**
 * The content of a cell, quoted or not, and the index after it. Not a regular expression: one overflows the stack at a
 * cell of a few megabytes.
 */
function readCell(text: string, start: number): { content: string; end: number } {
  if (text[start] !== '"') {
    let end = start;
    while (end < text.length && !",\r\n".includes(text[end])) end++;
    return { content: text.slice(start, end), end };
  }
  let end = start + 1;
  for (;; end += 2) {
    end = text.indexOf('"', end);
    if (end < 0) return { content: "", end: start };
    if (text[end + 1] !== '"') break;
  }
  return { content: text.slice(start + 1, end).replaceAll('""', '"'), end: end + 1 };
}
