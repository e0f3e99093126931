/**
 * Tables of figures.
 *
 * @module
 */

/**
 * A Markdown table with its columns aligned, so that it is also read where it is printed.
 *
 * @param rows The first one has the headings.
 * @param texts How many columns, from the left, are texts; the others are numbers, aligned to the right.
 * @returns Its lines.
 */
export function alignTable(rows: readonly (readonly string[])[], texts: number): string {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    `| ${
      row.map((cell, at) => at < texts ? cell.padEnd(widths[at]) : cell.padStart(widths[at])).join(" | ")
    } |`
  );
  const rule = `| ${
    widths.map((width, at) => at < texts ? "-".repeat(width) : `${"-".repeat(width - 1)}:`).join(" | ")
  } |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}
