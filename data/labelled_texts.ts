/**
 * Labelled texts, one per row of a table or per line of JSON.
 *
 *     tsv     text TAB label                  or   text TAB pair TAB label
 *     csv     text,label                      or   text,pair,label; quotes keep commas and line breaks together
 *     jsonl   {"text": …, "label": …}         or   with "pair" as well
 *     txt     text                            without labels
 *
 * A table may begin with a row of headings; its columns are then in any order. Empty lines are skipped and counted.
 *
 * @module
 */
import { escaped, quoted } from "../core/quoted.ts";
import { splitCsv, splitTsv, type Table, type TableRow } from "./tables.ts";

/**
 * A text of a file.
 *
 * @category Data
 */
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

/**
 * The texts of a file.
 *
 * @category Data
 */
export interface LabelledFile {
  /** The file, as messages name it. */
  readonly path: string;
  /** Its texts. */
  readonly rows: readonly LabelledText[];
  /** The number of empty lines. */
  readonly emptyLines: number;
}

/**
 * What {@linkcode parseLabelledTexts} must be given besides the text.
 *
 * @category Data
 */
export interface LabelledTextOptions {
  /** The file, as messages name it. */
  readonly path: string;
  /** How its texts are separated. */
  readonly format: "tsv" | "csv" | "jsonl" | "txt";
  /** Whether every text must have a label; true unless given. */
  readonly labels?: boolean;
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
 * Reads labelled texts from the text of a file.
 *
 * @param content The text.
 * @param options Name and format of the file, and whether labels are required.
 * @returns The labelled texts.
 * @throws {Error} If a line is invalid, or there are no texts; the message gives file and line.
 *
 * @example
 * ```ts
 * import { parseLabelledTexts } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const content = "label\tsentence\n\ngood\tfine film\n";
 * const { rows, emptyLines } = parseLabelledTexts(content, { path: "train.tsv", format: "tsv" });
 * assertEquals(rows, [{ label: "good", text: "fine film", line: 3 }]);
 * assertEquals(emptyLines, 1);
 * ```
 *
 * @category Data
 */
export function parseLabelledTexts(
  content: string,
  { path, format, labels = true }: LabelledTextOptions,
): LabelledFile {
  const { rows, emptyLines } = splitRows(content, path, format);
  const texts = format === "jsonl"
    ? rows.map(({ cells, line }) => parseJson(cells[0], path, line))
    : readTable(rows, path, labels);
  for (const { text, label, line } of texts) {
    const missing = text.trim() === "" ? "text" : labels && (label ?? "") === "" ? "label" : undefined;
    if (missing) throw new Error(`${path}, line ${line}: the ${missing} is missing`);
  }
  if (labels) checkHeading(path, texts);
  if (texts.length === 0) throw new Error(`Cannot read ${path}: it holds no texts`);
  return { path, rows: texts, emptyLines };
}

/**
 * Whether the texts of a file come in pairs.
 *
 * @param file The texts.
 * @returns Whether each text has a second one; false for an empty file.
 * @throws {Error} If only some texts have a second one, or one is empty; the message gives the line.
 *
 * @example
 * ```ts
 * import { arePairs, parseLabelledTexts } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const pairs = parseLabelledTexts("It rains.\tIt is wet.\tyes\n", { path: "train.tsv", format: "tsv" });
 * assertEquals(arePairs(pairs), true);
 * ```
 *
 * @category Data
 */
export function arePairs({ path, rows }: LabelledFile): boolean {
  const isPaired = rows[0]?.pair !== undefined;
  for (const { pair, line } of rows) {
    if (pair?.trim() === "") throw new Error(`${path}, line ${line}: the second text (pair) is empty`);
    if ((pair !== undefined) === isPaired) continue;
    const [here, first] = isPaired ? ["no", "one"] : ["a", "none"];
    throw new Error(
      `${path}, line ${line}: there is ${here} second text, but line ${rows[0].line} has ${first}; ` +
        "give one to every text or to none",
    );
  }
  return isPaired;
}

function splitRows(content: string, path: string, format: LabelledTextOptions["format"]): Table {
  if (format !== "csv") return splitTsv(content, format === "tsv");
  try {
    return splitCsv(content);
  } catch (error) {
    throw new Error(`${path}, ${(error as Error).message}`, { cause: error });
  }
}

function readTable(rows: readonly TableRow[], path: string, labels: boolean): LabelledText[] {
  if (rows.length === 0) return [];
  const [first] = rows, named = first.cells.map((cell) => COLUMN_NAMES.get(cell.trim().toLowerCase()));
  const isHeading = named.includes("text") && named.every((column) => column !== undefined);
  const columns = isHeading ? named : COLUMNS_BY_COUNT[first.cells.length] ?? [];
  const refuse = ({ line, cells: { length } }: TableRow, expected: string) => {
    throw new Error(
      `${path}, line ${line}: ${length} column${length === 1 ? "" : "s"}, expected ${expected}`,
    );
  };
  if (columns.length === 0 || labels && !columns.includes("label")) {
    refuse(first, "2 (text, label) or 3 (text, pair, label)");
  }
  return rows.slice(isHeading ? 1 : 0).map((row) => {
    if (row.cells.length !== columns.length) refuse(row, `${columns.length} (${columns.join(", ")})`);
    const cells = Object.fromEntries(columns.map((column, index) => [column, row.cells[index]]));
    if (cells.label !== undefined) cells.label = cells.label.trim();
    return { ...cells, line: row.line } as unknown as LabelledText;
  });
}

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
