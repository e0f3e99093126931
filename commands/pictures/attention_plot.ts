/**
 * Attention maps as an SVG picture, drawn like the loss curve.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import type { AttentionMap } from "../../inference/attention_maps.ts";
import { drawPicture, labelExpression, pictureText } from "./picture.ts";

/**
 * Draws a map for each head, a row of maps for each layer. In a map a row is a query, a column a key; the darker a square,
 * the larger the attention weight. Spaces are written ␣.
 *
 * @param maps the maps
 * @param tokens the text, token by token
 * @param title the heading
 * @returns the picture as SVG text
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { attentionPlot } from "./attention_plot.ts";
 *
 * const maps = [{ layer: 0, head: 1, weights: Float32Array.of(1, 0, 0.25, 0.75) }];
 * assertMatch(await attentionPlot(maps, ["to", " be"], "my model"), /^<svg [^]*head 2[^]*>␣be</);
 * ```
 */
export async function attentionPlot(
  maps: readonly AttentionMap[],
  tokens: readonly string[],
  title: string,
): Promise<string> {
  const values = maps.flatMap(({ layer, head, weights }) =>
    Array.from(weights, (weight, index) => ({
      layer: `layer ${layer + 1}`,
      head: `head ${head + 1}`,
      query: Math.floor(index / tokens.length),
      key: index % tokens.length,
      weight,
    }))
  );
  return await drawPicture(describe(values, tokens.map((token) => token.replaceAll(" ", "␣")), title));
}

/** Pixels of a map's side, where that gives squares of 5 to 24 pixels. */
const MAP_SIDE = 260;

function describe(values: object[], tokens: readonly string[], title: string): TopLevelSpec {
  const square = Math.max(5, Math.min(24, Math.floor(MAP_SIDE / tokens.length)));
  // squares that are too small for letters have no labels
  const axis = square < 9
    ? { labels: false, ticks: false }
    : { labelExpr: labelExpression(tokens), labelOverlap: false, ticks: false };
  const position = (field: "query" | "key", more = {}) => ({
    ...{ field, type: "ordinal" as const, title: field, axis: { ...axis, ...more, domain: false } },
  });
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `${pictureText(title)}: attention`,
    title: { text: pictureText(title), anchor: "start", offset: 16 },
    background: "white",
    padding: 16,
    data: { values },
    facet: {
      row: { field: "layer", title: null, sort: null },
      column: { field: "head", title: null, sort: null },
    },
    spec: {
      width: square * tokens.length,
      height: square * tokens.length,
      mark: "rect",
      encoding: {
        x: position("key", { labelAngle: -90 }),
        y: position("query"),
        color: {
          field: "weight",
          type: "quantitative",
          scale: { domain: [0, 1], range: ["#f2f5f9", "#1d4473"] },
          legend: null,
        },
      },
    },
    config: { font: "Helvetica, Arial, sans-serif", view: { stroke: null } },
  };
}
