/**
 * A confusion matrix as an SVG picture.
 *
 * @module
 */
import type { ConfusionMatrix } from "../training/classification_metrics.ts";
import { drawPicture, labelExpression, MAX_SQUARES } from "./picture.ts";

/** Pixels of a cell's side. */
const CELL_SIDE = 64;

/**
 * Draws a confusion matrix: a row is the actual class of texts, a column the predicted one. The darker a cell, the larger
 * its share of the row.
 *
 * @example
 * ```ts
 * import { confusionPlot } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * assertStringIncludes(await confusionPlot([[40, 2], [5, 53]], ["negative", "positive"], "films"), ">53</text>");
 * ```
 *
 * @param matrix Counts of texts, as `confusionMatrix` returns them.
 * @param labels The names of the classes.
 * @param title The heading.
 * @returns The text of an SVG picture.
 * @throws {RangeError} If there are more than 244 classes.
 * @category Plots
 */
export async function confusionPlot(
  matrix: ConfusionMatrix,
  labels: readonly string[],
  title: string,
): Promise<string> {
  if (labels.length ** 2 > MAX_SQUARES) {
    const most = Math.floor(Math.sqrt(MAX_SQUARES));
    throw new RangeError(
      `Cannot draw a confusion matrix of ${labels.length} classes: expected at most ${most}`,
    );
  }
  const values = matrix.flatMap((row, actual) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, predicted) => ({ actual, predicted, count, share: count / Math.max(total, 1) }));
  });
  const size = CELL_SIDE * labels.length, type = "ordinal" as const;
  const axis = { labelExpr: labelExpression(labels), labelOverlap: false };
  return await drawPicture({ title, subject: "confusion matrix" }, {
    data: { values },
    width: size,
    height: size,
    encoding: {
      x: { field: "predicted", title: "predicted", type, axis: { ...axis, labelAngle: 0, orient: "top" } },
      y: { field: "actual", title: "actual", type, axis },
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
  });
}
