/**
 * Text on a terminal: its width, line breaks and tables.
 *
 * @module
 */
import stringWidth from "string-width";

/** The columns of a terminal that one line takes: 2 for a Chinese character, none for a combining accent, 8 for a tab. */
export function textWidth(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text.replaceAll("\t", " ".repeat(8)));
}

/** Splits text into graphemes, that is, characters as readers see them. */
const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The beginning of a text that fits into a number of columns, of at least one character. */
function beginning(text: string, columns: number): string {
  let end = 0, width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    width += textWidth(segment);
    if (width > columns && end > 0) break;
    end += segment.length;
  }
  return text.slice(0, end);
}

/** The text or, where it is wider than the columns, its beginning with `…`. */
export function cutText(text: string, columns: number): string {
  return textWidth(text) <= columns ? text : `${beginning(text, columns - 1)}…`;
}

/** Pads a text to a width with spaces at its end. */
export function padText(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

/**
 * A table, given as rows of cells with the headings first: names in the first column, numbers in the others, aligned at
 * their right ends. Columns that do not fit continue in a second table below.
 */
export function formatTable(rows: readonly (readonly string[])[], columns: number): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => textWidth(cells[column]))));
  const tables: string[][] = [];
  let lines: string[] = [];
  for (let column = 1; column < widths.length; column++) {
    if (lines.length === 0 || textWidth(lines[0]) + 2 + widths[column] > columns) {
      tables.push(lines = rows.map(([name]) => padText(name, widths[0])));
    }
    rows.forEach((cells, row) => {
      lines[row] += " ".repeat(2 + widths[column] - textWidth(cells[column])) + cells[column];
    });
  }
  return tables.map((lines) => lines.join("\n")).join("\n\n");
}

/** A line with a command to type. */
const COMMAND_LINE = /(?:^|[\s:])deno task \S/;

/** Words, and the spaces between them. */
const PROSE_PIECES = /\s+|\S+/g;

/** The pieces of a command line, where quotes keep words together and a flag stays with its value. */
const COMMAND_PIECES = /\s+|(?:--[\w-]+ (?![-\s]))?(?:"[^"]*"|'[^']*'|[^\s"'])+|["']/g;

/**
 * Wraps lines at words, and indents continuation lines. A word that is longer than a line is cut between characters. A
 * command line is broken with a backslash at the end of the line, so that it can be copied into a shell.
 */
export function wrapText(text: string, columns: number, indent: number = 0): string {
  if (columns === Infinity) return text;
  const before = " ".repeat(Math.min(indent, columns >> 1));
  return text.split("\n").map((line) =>
    textWidth(line) <= columns ? line : wrapLine(line, Math.max(columns, 4), before)
  ).join("\n");
}

function wrapLine(line: string, columns: number, before: string): string {
  const isCommand = COMMAND_LINE.test(line), end = isCommand ? " \\" : "";
  const lines: string[] = [];
  let current = "", spaces = "";
  for (const piece of line.match(isCommand ? COMMAND_PIECES : PROSE_PIECES) ?? []) {
    if (/^\s/.test(piece)) {
      spaces = piece;
      continue;
    }
    if (current.trim() !== "" && textWidth(current + spaces + piece + end) > columns) {
      lines.push(current + end);
      [current, spaces] = [before, ""];
    }
    current += spaces + piece;
    spaces = "";
    while (!isCommand && textWidth(current) > columns) {
      const head = beginning(current, columns);
      lines.push(head);
      current = before + current.slice(head.length);
    }
  }
  return [...lines, current].join("\n");
}
