/**
 * Attention maps as an SVG picture.
 *
 * @module
 */
import type { AttentionMap } from "../inference/attention_maps.ts";
import { drawPicture, labelExpression, MAX_SQUARES, visibleSpaces } from "./picture.ts";

/** The colours of the weights from 0 to 1. More of the change is at the beginning, where most weights are. */
export const WEIGHT_COLOURS: readonly string[] = ["#f4f7fb", "#a9c8e4", "#5b96c9", "#2a64a0", "#0b3164"];

/** Pixels of a square's side: large enough for a label beside it, and what it is where there are few of them. */
const LABELLED = 11, LARGEST = 24;

/** Pixels of a side of a map and of all maps together, beyond which squares become smaller. */
const MAP_SIDE = 260, ALL_SIDE = 3_200;

/** Weights below this one look like 0, and are not drawn. */
const FAINTEST = 1 / 512;

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
 * @category Plots
 */
export async function attentionPlot(
  maps: readonly AttentionMap[],
  tokens: readonly string[],
  title: string,
): Promise<string> {
  checkMaps(maps, tokens.length);
  const values = maps.flatMap(({ layer, head, weights }) =>
    Array.from(weights, (weight, index) => ({
      layer: `layer ${layer + 1}`,
      head: `head ${head + 1}`,
      query: Math.floor(index / tokens.length),
      key: index % tokens.length,
      weight,
    })).filter(({ weight }) => weight >= FAINTEST)
  );
  const count = (part: "layer" | "head") => new Set(maps.map(({ [part]: index }) => index)).size;
  const most = ALL_SIDE / (tokens.length * Math.max(count("layer"), count("head")));
  const wanted = Math.max(LABELLED, Math.min(LARGEST, MAP_SIDE / tokens.length));
  const square = Math.floor(Math.max(2, Math.min(wanted, most))), size = square * tokens.length;
  const labels = square < LABELLED
    ? { labels: false }
    : { labelExpr: labelExpression(tokens.map(visibleSpaces)), labelOverlap: false };
  const axisOf = (field: "query" | "key", labelAngle?: number) => ({
    ...{ field, title: field, type: "ordinal" as const, scale: { domain: tokens.map((_, index) => index) } },
    axis: {
      ...{ ...labels, ticks: false, domain: false, titleFontWeight: "normal" as const },
      ...labelAngle && { labelAngle },
    },
  });
  return await drawPicture({ title, subject: "attention" }, {
    data: { values },
    facet: {
      row: { field: "layer", title: null, sort: null },
      column: { field: "head", title: null, sort: null },
    },
    spec: {
      width: size,
      height: size,
      view: { fill: WEIGHT_COLOURS[0] },
      mark: { type: "rect", aria: false },
      encoding: {
        x: axisOf("key", -90),
        y: axisOf("query"),
        color: {
          field: "weight",
          type: "quantitative",
          scale: { domain: [0, 1], range: [...WEIGHT_COLOURS] },
          legend: {
            title: "weight",
            titleFontWeight: "normal",
            gradientLength: 120,
            values: [0, 0.5, 1],
          },
        },
      },
    },
  });
}

function checkMaps(maps: readonly AttentionMap[], length: number): void {
  const { weights, layer, head } = maps.find(({ weights }) => weights.length !== length ** 2) ?? {};
  if (weights) {
    throw new RangeError(
      `Cannot draw head ${head! + 1} of layer ${layer! + 1}: it has ${weights.length} weights, ` +
        `expected ${length ** 2} for ${length} tokens`,
    );
  }
  const count = maps.length * length ** 2;
  if (count < 1 || count > MAX_SQUARES) {
    throw new RangeError(
      `Cannot draw ${maps.length} attention maps with ${count} weights: expected 1 to ${MAX_SQUARES} weights`,
    );
  }
}
