/**
 * What all pictures share: they are drawn by Vega-Lite, which is loaded only here and only when something is drawn, and
 * they show labels and titles from files, which must not break them.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { visible } from "../cli/visible.ts";
import { cutText } from "../cli/wrap.ts";

/**
 * Draws a picture. This needs no browser, permission or font: the same description gives the same bytes.
 *
 * @param description the picture as a Vega-Lite specification
 * @returns the picture as SVG text
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { drawPicture } from "./picture.ts";
 *
 * const data = { values: [{ x: 1 }, { x: 2 }] };
 * assertMatch(await drawPicture({ data, mark: "point", encoding: { x: { field: "x" } } }), /^<svg /);
 * ```
 */
export async function drawPicture(description: TopLevelSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const { spec } = vegaLite.compile(description);
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

/** Most squares in one picture: more take long to draw and cannot be told apart. */
export const MOST_SQUARES = 60_000;
