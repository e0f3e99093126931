/**
 * Markdown as GitHub and the Hugging Face Hub read it. Names and texts of unknown origin are written as code, in which
 * nothing is interpreted: no link, no HTML, no heading.
 *
 * @module
 */
import { visible, visibleLines } from "../../core/visible.ts";
import { cutText } from "../cli/wrap.ts";

/** The longest text that is written within a line, in columns. */
const MAX_COLUMNS = 200;

/** Backticks that enclose a text: one more than the longest run in it, and at least `atLeast`. */
function fenceFor(text: string, atLeast: number): string {
  const runs = text.match(/`+/g) ?? [];
  return "`".repeat(Math.max(atLeast, ...runs.map(({ length }) => length + 1)));
}

/** A text of unknown origin within a line; long ones are cut. */
export function inlineCode(text: string, columns: number = MAX_COLUMNS): string {
  const shown = cutText(visible(text), columns), fence = fenceFor(shown, 1);
  if (shown.trim() === "") return shown === "" ? "(empty)" : `"${shown}"`; // code cannot be made of nothing but spaces
  // one space at both ends is taken for a margin, and an end may not be a backtick
  const margin = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return fence + margin + shown + margin + fence;
}

/** A text of several lines as it is, except for characters that control a terminal. */
export function codeBlock(text: string, language: string = "text"): string {
  const shown = visibleLines(text), fence = fenceFor(shown, 3);
  return `${fence}${language}\n${shown.replace(/\n$/, "")}\n${fence}`;
}

/** A table of rows, the headings first; numbers are aligned to the right, a column without a heading and the first one to the left. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const [headings, ...others] = rows;
  return [
    line(headings),
    line(headings.map((_, column) => column === 0 || headings[column] === "" ? "---" : "---:")),
    ...others.map(line),
  ]
    .join("\n");
}

/** A list; of a long one the beginning, and how many were left out. */
export function shortList(texts: readonly string[], most: number): string {
  const others = texts.length - most;
  const shown = texts.slice(0, most).map((text) => inlineCode(text)).join(", ");
  return others > 0 ? `${shown} and ${others} others` : shown;
}
