/**
 * What all pictures share: Vega-Lite draws them, and labels and titles come from files, so that they are made harmless.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { visible } from "../cli/visible.ts";
import { cutText } from "../cli/wrap.ts";

/** The largest number of squares in a picture: more take long to draw and cannot be told apart. */
export const MOST_SQUARES = 60_000;

/** The frame and the fonts of every picture. */
const FRAME = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  background: "white",
  padding: 16,
} as const;

/**
 * Draws a picture. This needs no browser, permission or font: the same description gives the same bytes. Vega is loaded
 * here, when something is drawn.
 *
 * @param heading the title, a line below it, and what the picture shows, for those who cannot see it
 * @param content the rest of the picture as a Vega-Lite specification
 * @returns the picture as SVG text
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { drawPicture } from "./picture.ts";
 *
 * const content = { data: { values: [{ x: 1 }, { x: 2 }] }, mark: "point", encoding: { x: { field: "x" } } } as const;
 * assertMatch(await drawPicture({ title: "Two points", subject: "points" }, content), /^<svg [^]*Two points/);
 * ```
 */
export async function drawPicture(
  heading: { readonly title: string; readonly subtitle?: string; readonly subject: string },
  content: TopLevelSpec,
): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const text = pictureText(heading.title), subtitle = pictureText(heading.subtitle ?? "");
  const { spec } = vegaLite.compile({
    ...FRAME,
    description: `${text}: ${heading.subject}`,
    title: { text, anchor: "start", offset: 16, ...subtitle && { subtitle, frame: "group" } },
    ...content,
    config: { font: "Helvetica, Arial, sans-serif", view: { stroke: null }, ...content.config },
  });
  return await new vega.View(vega.parse(spec), { renderer: "none" }).toSVG() + "\n";
}

/**
 * Prepares a text for a picture: on one line, cut to a width, with escapes for invisible characters.
 *
 * @param text the text
 * @param columns the most columns it may take
 * @returns the text
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pictureText } from "./picture.ts";
 *
 * assertEquals([pictureText("a\u2028b"), pictureText("a long text", 5)], ["a\\u2028b", "a lo…"]);
 * ```
 */
export function pictureText(text: string, columns: number = 100): string {
  const shown = cutText(visible(text), columns);
  // Vega looks texts up in a table of operators, finds inherited properties such as "constructor" there, and fails.
  return shown in {} ? `${shown} ` : shown;
}

/**
 * The Vega expression that gives the label of an axis for the index of a value.
 *
 * @param labels the labels by index
 * @returns the expression, in ASCII, because Vega's parser takes some other characters for line ends
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { labelExpression } from "./picture.ts";
 *
 * assertEquals(labelExpression(["a", "ü"]), '["a","\\u00fc"][datum.value]');
 * ```
 */
export function labelExpression(labels: readonly string[]): string {
  const ascii = JSON.stringify(labels.map((label) => pictureText(label, 40)))
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `${ascii}[datum.value]`;
}
