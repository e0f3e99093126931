/**
 * A confusion matrix as an SVG picture, drawn like the loss curve.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import type { ConfusionMatrix } from "../../training/classification_metrics.ts";
import { drawPicture, labelExpression, MOST_SQUARES, pictureText } from "./picture.ts";

/**
 * Draws which classes are taken for which: a row is what a text is, a column what it was called. The darker a cell, the
 * larger its share of the row.
 *
 * @param matrix the counts
 * @param labels the names of the classes
 * @param title the heading
 * @returns the picture as SVG text
 * @throws {RangeError} when there are more than 244 classes
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { confusionPlot } from "./confusion_plot.ts";
 *
 * assertMatch(await confusionPlot([[3, 1], [0, 4]], ["bad", "good"], "my run"), /^<svg [^]*>3<[^]*>bad</);
 * ```
 */
export async function confusionPlot(
  matrix: ConfusionMatrix,
  labels: readonly string[],
  title: string,
): Promise<string> {
  if (labels.length ** 2 > MOST_SQUARES) {
    throw new RangeError(
      `Cannot draw a confusion matrix of ${labels.length} classes: expected at most ${
        Math.floor(Math.sqrt(MOST_SQUARES))
      }`,
    );
  }
  const values = matrix.flatMap((row, actual) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, called) => ({
      ...{ actual, called, count, share: total === 0 ? 0 : count / total },
    }));
  });
  return await drawPicture(describe(values, labels, title));
}

/** Pixels of a cell's side. */
const side = 64;

function describe(values: object[], labels: readonly string[], title: string): TopLevelSpec {
  const size = side * labels.length, type = "ordinal" as const;
  const axis = { labelExpr: labelExpression(labels), labelOverlap: false };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `${pictureText(title)}: confusion matrix`,
    title: { text: pictureText(title), anchor: "start", offset: 16 },
    width: size,
    height: size,
    background: "white",
    padding: 16,
    data: { values },
    encoding: {
      x: { field: "called", type, title: "called", axis: { ...axis, labelAngle: 0, orient: "top" } },
      y: { field: "actual", type, title: "is", axis },
    },
    layer: [
      {
        mark: { type: "rect", stroke: "white" },
        encoding: {
          color: {
            field: "share",
            type: "quantitative",
            scale: { domain: [0, 1], range: ["#f2f5f9", "#4c78a8"] },
            legend: null,
          },
        },
      },
      {
        mark: { type: "text", fontSize: 14 },
        encoding: {
          text: { field: "count" },
          color: { condition: { test: "datum.share > 0.6", value: "white" }, value: "#333333" },
        },
      },
    ],
    config: { font: "Helvetica, Arial, sans-serif", view: { stroke: null } },
  };
}
