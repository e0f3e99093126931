/**
 * Attention maps as an SVG picture.
 *
 * @module
 */
import type { AttentionMap } from "../inference/attention_maps.ts";
import { drawPicture, labelExpression } from "./picture.ts";

/** Pixels of a map's side, where its squares are then neither too small nor too large. */
const MAP_SIDE = 260;

/**
 * Draws a map for each head, a row of maps for each layer. In a map a row is a query and a column a key: the darker, the
 * larger the attention weight. Spaces are written ␣, line ends ↵.
 *
 * @example
 * ```ts
 * import { attentionPlot } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const weights = Float32Array.of(1, 0, 0.25, 0.75); // the second token attends to both
 * const svg = await attentionPlot([{ layer: 0, head: 0, weights }], ["The", " end"], "two tokens");
 * assertStringIncludes(svg, "␣end");
 * ```
 *
 * @param maps The weights, as `attentionMaps` returns them: all of the same T tokens.
 * @param tokens The texts of the tokens.
 * @param title The heading.
 * @returns The text of an SVG picture.
 * @throws {RangeError} If there are no maps, a map does not fit the tokens, or the maps have more than 60,000 weights.
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
  const square = Math.max(5, Math.min(24, Math.floor(MAP_SIDE / tokens.length)));
  const labelExpr = labelExpression(tokens.map((token) => token.replaceAll(" ", "␣")));
  // Squares below the height of a letter have no labels.
  const labels = square < 9 ? { labels: false } : { labelExpr, labelOverlap: false };
  const axisOf = (field: "query" | "key", labelAngle?: number) => ({
    ...{ field, title: field, type: "ordinal" as const },
    axis: { ...labels, ticks: false, domain: false, ...labelAngle && { labelAngle } },
  });
  return await drawPicture({ title, subject: "attention" }, {
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
        x: axisOf("key", -90),
        y: axisOf("query"),
        color: {
          field: "weight",
          type: "quantitative",
          scale: { domain: [0, 1], range: ["#f2f5f9", "#1d4473"] },
          legend: null,
        },
      },
    },
  });
}
