/**
 * The curves of several runs in one SVG picture, to compare them.
 *
 * @module
 */
import { CONFIG } from "./loss_curve.ts";
import { drawPicture, labelExpression } from "./picture.ts";

/** Colours that can be told apart on white; from the ninth curve on they come again with the next pattern of dashes. */
const COLOURS = ["#1b1b1b", "#4c78a8", "#e45756", "#f2a02c", "#439a86", "#b279a2", "#8a5a2b", "#72c1e8"];
const DASHES = [[1, 0], [6, 3], [2, 2]];

/** The most curves in a picture: each has a colour and a pattern of its own. */
const MOST_CURVES = COLOURS.length * DASHES.length;

/**
 * One line of a picture.
 *
 * @category Plots
 */
export interface Curve {
  /** Its name in the legend. */
  readonly name: string;
  /** Its values, in the order of their steps. */
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

/**
 * Headings of a picture of curves.
 *
 * @category Plots
 */
export interface CurvesPlotOptions {
  /** The heading. */
  readonly title: string;
  /** A smaller line below it. */
  readonly subtitle?: string;
  /** What the values are, beside their axis; `"validation loss (nats per token)"` unless given. */
  readonly valueTitle?: string;
}

/**
 * Draws several curves over the steps, with a legend in their order.
 *
 * @example
 * ```ts
 * import { curvesPlot } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const wide = { name: "64 wide", points: [{ step: 100, value: 2.1 }, { step: 200, value: 1.6 }] };
 * const narrow = { name: "32 wide", points: [{ step: 100, value: 2.3 }, { step: 200, value: 1.9 }] };
 * assertStringIncludes(await curvesPlot([wide, narrow], { title: "two widths" }), ">64 wide</text>");
 * ```
 *
 * @param curves The curves; a value that is not finite is left out, and the line ends there or has a gap.
 * @param options Headings.
 * @returns The text of an SVG picture.
 * @throws {RangeError} If there are more than 24 curves, or no value is finite.
 * @category Plots
 */
export async function curvesPlot(curves: readonly Curve[], options: CurvesPlotOptions): Promise<string> {
  if (curves.length > MOST_CURVES) {
    throw new RangeError(
      `Cannot draw ${curves.length} curves in one picture: expected at most ${MOST_CURVES}`,
    );
  }
  const values = curves.flatMap(({ points }, curve) =>
    points.map(({ step, value }) => ({ curve, step, value: Number.isFinite(value) ? value : null }))
  );
  if (values.every(({ value }) => value === null)) {
    throw new RangeError(`Cannot draw curves: none of the ${values.length} values is finite`);
  }
  const { title, subtitle, valueTitle = "validation loss (nats per token)" } = options;
  const domain = [...curves.keys()], labelExpr = labelExpression(curves.map(({ name }) => name));
  const field = "curve", type = "nominal" as const;
  const legend = {
    ...{ title: null, labelExpr, orient: "right", labelLimit: 260, symbolSize: 300 },
  } as const;
  const isDotted = curves.every(({ points }) => points.length <= 30);
  return await drawPicture({ title, subtitle, subject: "curves by step" }, {
    data: { values },
    width: 560,
    height: 360,
    mark: {
      type: "line",
      strokeJoin: "round",
      strokeWidth: 2,
      point: isDotted && { size: 24, filled: true },
    },
    encoding: {
      x: { field: "step", type: "quantitative", title: "step", axis: { grid: false, format: ",d" } },
      y: {
        field: "value",
        type: "quantitative",
        title: valueTitle,
        axis: { format: ".2f" },
        scale: { zero: false },
      },
      color: {
        ...{ field, type, legend },
        scale: { domain, range: domain.map((curve) => COLOURS[curve % COLOURS.length]) },
      },
      strokeDash: {
        ...{ field, type, legend },
        scale: { domain, range: domain.map((curve) => DASHES[Math.floor(curve / COLOURS.length)]) },
      },
    },
    config: CONFIG,
  });
}
