/**
 * What all pictures share: Vega-Lite draws them, and labels and titles come from files, so that they are made harmless.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { visible } from "../core/visible.ts";

/** The font of all texts. The PNG is drawn with it; in an SVG, Verdana and the others follow where it is not installed. */
export const FONT = "DejaVu Sans";

/** The largest number of squares in a picture: more take long to draw and cannot be told apart. */
export const MAX_SQUARES = 60_000;

/**
 * Draws a picture as SVG text from a Vega-Lite specification. This needs no browser, permission or font: the same description
 * gives the same bytes. Vega is loaded here, when something is drawn.
 */
export async function drawPicture(
  heading: { readonly title: string; readonly subtitle?: string; readonly subject: string },
  content: TopLevelSpec,
): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const text = pictureText(heading.title), subtitle = pictureText(heading.subtitle ?? "");
  const { spec } = vegaLite.compile({
    ...{ $schema: "https://vega.github.io/schema/vega-lite/v6.json", background: "white", padding: 16 },
    description: `${text}: ${heading.subject}`,
    title: { text, anchor: "start", offset: 16, ...subtitle && { subtitle, frame: "group" } },
    ...content,
    config: {
      font: `${FONT}, Verdana, Helvetica, Arial, sans-serif`,
      view: { stroke: null },
      ...content.config,
    },
  });
  return await new vega.View(vega.parse(spec), { renderer: "none" }).toSVG() + "\n";
}

/** Prepares a text for a picture: on one line, cut to a number of characters, with escapes for invisible ones. */
export function pictureText(text: string, most: number = 100): string {
  const characters = [...visible(text)];
  const shown = characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : characters.join("");
  // Vega looks texts up in a table of operators, finds inherited properties such as "constructor" there, and fails.
  return shown in {} ? `${shown} ` : shown;
}

/** Round numbers between two bounds, for a logarithmic axis: each of the digits at every power of ten, as 0.1, 0.3, 1, 3, 10. */
export function roundNumbers(least: number, most: number, digits: readonly number[]): number[] {
  const found: number[] = [];
  const exponentOf = (number: number) => Number(number.toExponential().split("e")[1]);
  for (let exponent = exponentOf(least); exponent <= exponentOf(most); exponent++) {
    found.push(...digits.map((digit) => Number(`${digit}e${exponent}`)));
  }
  return found.filter((number) => number >= least && number <= most);
}

/** A token with signs for its spaces and line ends, which a picture would not show. */
export function visibleSpaces(token: string): string {
  return token.replaceAll(" ", "␣").replaceAll("\n", "↵");
}

/**
 * The Vega expression that gives the label of an axis for the index of a value, in ASCII, because Vega's parser takes some
 * other characters for line ends: `["a","\\u00fc"][datum.value]`.
 */
export function labelExpression(labels: readonly string[]): string {
  const ascii = JSON.stringify(labels.map((label) => pictureText(label, 40)))
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `${ascii}[datum.value]`;
}
