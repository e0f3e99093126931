/**
 * What the pictures have in common: they are drawn by Vega-Lite, which is loaded only here and only when something is
 * drawn, and texts from elsewhere stand in them that must not break them.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { visible } from "./visible.ts";
import { cutText } from "./wrap.ts";

/**
 * Draws a picture. It takes no browser, no permission and no font: the same description gives the same bytes.
 *
 * @param description the picture in Vega-Lite's words
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
 * A text as it may stand in a picture: on one line, not too long, what cannot be seen as escapes.
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
  // Vega looks texts up among its operators: it finds what every object inherits, such as "constructor", and fails.
  return shown in {} ? `${shown} ` : shown;
}

/**
 * An expression of Vega's that gives the label of an axis for the number of its value.
 *
 * @param labels the labels by number
 * @returns the expression, in ASCII: Vega's parser takes some other characters for the end of a line
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

/** The most squares in one picture: more take long to draw, and no one can see them. */
export const MOST_SQUARES = 60_000;
