/**
 * Tables in text files, as rows of cells that know their line.
 *
 * @module
 */

/** A row of a table. */
export interface Row {
  /** Its cells. */
  readonly cells: readonly string[];
  /** The line it begins on, from 1. */
  readonly line: number;
}

/** The rows of a table. */
export interface Table {
  /** Those that are not empty. */
  readonly rows: Row[];
  /** Lines without anything in them; the end of the last line is no line. */
  readonly emptyLines: number;
}

/**
 * Cuts a text into lines and, at tabs, into cells.
 *
 * @param text the text
 * @param tabs whether tabs separate cells; else a line is one cell
 * @returns the rows
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitTsv } from "./tables.ts";
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

/** A cell, in quotes or not, and what ends it. */
const cell = /(?:"(?<quoted>(?:[^"]|"")*)"|(?<bare>[^,"\r\n][^,\r\n]*)?)(?<end>,|\r?\n|$)/y;

/**
 * Cuts a text into cells as RFC 4180 has it: commas separate them, quotes keep commas and line breaks together, and two
 * quotes within quotes are one.
 *
 * @param text the text
 * @returns the rows
 * @throws {Error} when a quote is not closed, or something follows one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitCsv } from "./tables.ts";
 *
 * const { rows } = splitCsv('"a ""good"", long\nfilm",1\nbad,0\n');
 * assertEquals(rows, [{ cells: ['a "good", long\nfilm', "1"], line: 1 }, { cells: ["bad", "0"], line: 3 }]);
 * ```
 */
export function splitCsv(text: string): Table {
  const rows: Row[] = [];
  let cells: string[] = [], line = 1, begun = 1, emptyLines = 0;
  for (cell.lastIndex = 0; cell.lastIndex < text.length || cells.length > 0;) {
    const match = cell.exec(text);
    if (match === null) {
      throw new Error(`line ${line}: a quote is out of place; write quotes twice inside quotes`);
    }
    const { quoted, bare = "", end } = match.groups!;
    cells.push(quoted?.replaceAll('""', '"') ?? bare);
    line += match[0].split("\n").length - 1;
    if (end === ",") continue;
    if (cells.every((cell) => cell.trim() === "")) emptyLines++;
    else rows.push({ cells, line: begun });
    cells = [];
    begun = line;
  }
  return { rows, emptyLines };
}
