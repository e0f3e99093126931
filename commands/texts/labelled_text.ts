/**
 * Reads labelled texts, one per row of a table (`.tsv`, `.csv`) or per line of JSON (`.jsonl`).
 *
 *     .tsv     text TAB label                  or   text TAB pair TAB label
 *     .csv     text,label                      or   text,pair,label; quotes keep commas and line breaks together
 *     .jsonl   {"text": …, "label": …}         or   with "pair" as well
 *
 * A table may begin with a row of headings; its columns are then in any order. Empty lines are skipped and counted.
 *
 * @module
 */
import { escaped, quoted } from "../../core/quoted.ts";
import { readText } from "./files.ts";
import { type Row, splitCsv, splitTsv, type Table } from "./tables.ts";

/** A text of a file. */
export interface LabelledText {
  /** The text. */
  readonly text: string;
  /** The second text of a pair. */
  readonly pair?: string;
  /** Its label; absent only where labels are optional. */
  readonly label?: string;
  /** The line it begins on, from 1. */
  readonly line: number;
}

/** The texts of a file. */
export interface LabelledFile {
  /** The file. */
  readonly path: string;
  /** Its texts. */
  readonly rows: readonly LabelledText[];
  /** The number of empty lines. */
  readonly emptyLines: number;
}

type Column = "text" | "pair" | "label";

/** The columns by the headings of well-known data, such as GLUE's. */
const COLUMN_NAMES: ReadonlyMap<string, Column> = new Map(Object.entries<Column>({
  ...{ text: "text", sentence: "text", sentence1: "text", premise: "text", question: "text" },
  ...{ pair: "pair", sentence2: "pair", hypothesis: "pair", label: "label" },
}));

/** The columns of a table without headings, by their number. */
const COLUMNS_BY_COUNT: Readonly<Record<number, readonly Column[]>> = {
  1: ["text"],
  2: ["text", "label"],
  3: ["text", "pair", "label"],
};

/**
 * Reads labelled texts.
 *
 * @param path a `.tsv`, `.csv` or `.jsonl` file; without labels also a `.txt` file with a text per line
 * @param options `labels`: whether every text must have a label
 * @returns the texts
 * @throws {Error} when the file cannot be read, or a line is invalid; the message gives its number
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readLabelled } from "./labelled_text.ts";
 *
 * const path = `${await Deno.makeTempDir()}/train.tsv`;
 * await Deno.writeTextFile(path, "label\tsentence\n\ngood\tfine film\n");
 * const { rows, emptyLines } = await readLabelled(path);
 * assertEquals(rows, [{ label: "good", text: "fine film", line: 3 }]);
 * assertEquals(emptyLines, 1);
 * ```
 */
export async function readLabelled(
  path: string,
  { labels = true }: { labels?: boolean } = {},
): Promise<LabelledFile> {
  const extension = path.match(/\.(tsv|csv|jsonl|txt)$/i)?.[1].toLowerCase();
  if (extension === undefined || extension === "txt" && labels) {
    throw new Error(
      `Cannot read ${path} as texts with labels: expected a name that ends in .tsv (text, tab, label), .csv or .jsonl`,
    );
  }
  const content = await readText(path);
  const { rows, emptyLines } = extension === "csv"
    ? csvOf(content, path)
    : splitTsv(content, extension === "tsv");
  const read = extension === "jsonl"
    ? rows.map(({ cells, line }) => parseJson(cells[0], path, line))
    : readTable(rows, path, labels);
  for (const { text, label, line } of read) {
    const missing = text.trim() === "" ? "text" : labels && (label ?? "") === "" ? "label" : undefined;
    if (missing) throw new Error(`${path}, line ${line}: the ${missing} is missing`);
  }
  if (labels) checkHeading(path, read);
  if (read.length === 0) throw new Error(`Cannot read ${path}: it holds no texts`);
  return { path, rows: read, emptyLines };
}

function csvOf(content: string, path: string): Table {
  try {
    return splitCsv(content);
  } catch (error) {
    throw new Error(`${path}, ${(error as Error).message}`, { cause: error });
  }
}

function readTable(rows: readonly Row[], path: string, labels: boolean): LabelledText[] {
  if (rows.length === 0) return [];
  const named = rows[0].cells.map((cell) => COLUMN_NAMES.get(cell.trim().toLowerCase()));
  const isHeading = named.includes("text") && named.every((column) => column !== undefined);
  const columns = isHeading ? named : COLUMNS_BY_COUNT[rows[0].cells.length] ?? [];
  if (labels && !columns.includes("label") || columns.length === 0) {
    throw new Error(
      `${path}, line ${rows[0].line}: ${
        columnCount(rows[0])
      }, expected 2 (text, label) or 3 (text, pair, label)`,
    );
  }
  return (isHeading ? rows.slice(1) : rows).map((row) => {
    if (row.cells.length !== columns.length) {
      throw new Error(
        `${path}, line ${row.line}: ${columnCount(row)}, expected ${columns.length} (${columns.join(", ")})`,
      );
    }
    const cells = Object.fromEntries(columns.map((column, index) => [column, row.cells[index]]));
    const label = cells.label?.trim();
    return { ...cells, ...label === undefined ? {} : { label }, line: row.line } as LabelledText;
  });
}

const columnCount = ({ cells: { length } }: Row): string => `${length} column${length === 1 ? "" : "s"}`;

function parseJson(text: string, path: string, line: number): LabelledText {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}, line ${line}: ${escaped((error as Error).message)}`, { cause: error });
  }
  const found: Partial<Record<Column, string>> = {};
  for (const [name, value] of Object.entries(typeof json === "object" && json !== null ? json : {})) {
    const column = COLUMN_NAMES.get(name.toLowerCase());
    if (column && ["string", "number", "boolean"].includes(typeof value)) found[column] = String(value);
  }
  if (found.text === undefined) {
    throw new Error(`${path}, line ${line}: expected an object such as {"text": "…", "label": "…"}`);
  }
  return { ...found, line } as LabelledText;
}

/** A heading that is not recognized would become a class. */
function checkHeading(path: string, rows: readonly LabelledText[]): void {
  const counts = new Map<string, number>();
  for (const { label } of rows) counts.set(label!, (counts.get(label!) ?? 0) + 1);
  const [first] = rows;
  const isAlone = first?.line === 1 && counts.get(first.label!) === 1;
  if (!isAlone || counts.size < 3 || [...counts.values()].filter((count) => count === 1).length > 1) return;
  throw new Error(
    `${path}, line 1 looks like a heading, since its label, ${quoted(first.label)}, occurs nowhere else: ` +
      "name its columns text and label (and pair), or remove it",
  );
}
