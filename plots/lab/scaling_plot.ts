/**
 * A scaling law as an SVG picture: losses of models of many sizes, both axes logarithmic, so that a power law is a straight
 * line.
 *
 * @module
 */
import { CONFIG } from "../loss_curve.ts";
import { drawPicture, pictureText, roundNumbers } from "../picture.ts";

/** The colours of the fitted sizes, of those that are predicted, and of the law. */
const FITTED = "#1f4e79", PREDICTED = "#c2410c", LAW = "#555555";

/**
 * What was measured with one size.
 *
 * @category Plots
 */
export interface ScalingPoint {
  /** The number of parameters. */
  readonly parameters: number;
  /** The loss of each run. */
  readonly losses: readonly number[];
  /** What the law predicts, for a size that it was not fitted to, and a label such as the error. */
  readonly predicted?: { readonly loss: number; readonly label: string };
}

/**
 * Headings and the law.
 *
 * @category Plots
 */
export interface ScalingPlotOptions {
  /** The heading. */
  readonly title: string;
  /** A smaller line below it. */
  readonly subtitle?: string;
  /** What the losses are, beside their axis. */
  readonly valueTitle: string;
  /** The loss by the law. */
  law(parameters: number): number;
  /** The loss by another curve, drawn dashed. */
  alternative?(parameters: number): number;
}

/**
 * Draws the losses over the sizes, with the law as a line. Sizes that the law was not fitted to have another colour, and a
 * ring where the law predicts them.
 *
 * @example
 * ```ts
 * import { scalingPlot } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const law = (parameters: number) => 60 / Math.sqrt(parameters);
 * const points = [
 *   { parameters: 4_000, losses: [0.95, 0.97] },
 *   { parameters: 40_000, losses: [0.31] },
 *   { parameters: 400_000, losses: [0.1], predicted: { loss: law(400_000), label: "−5 %" } },
 * ];
 * const svg = await scalingPlot(points, { title: "sizes", valueTitle: "loss above the optimum", law });
 * assertStringIncludes(svg, ">−5 %</text>");
 * ```
 *
 * @param points The sizes; losses that are not finite and positive are left out.
 * @param options Headings and the law.
 * @returns The text of an SVG picture.
 * @throws {RangeError} If no loss can be drawn.
 * @category Plots
 */
export async function scalingPlot(
  points: readonly ScalingPoint[],
  options: ScalingPlotOptions,
): Promise<string> {
  const { title, subtitle, valueTitle } = options;
  const drawn = points.flatMap(({ parameters, losses, predicted }) =>
    losses.filter((loss) => loss > 0 && loss < Infinity)
      .map((loss) => ({ parameters, loss, kind: predicted ? "left out of the fit" : "fitted" }))
  );
  if (drawn.length === 0) {
    throw new RangeError("Cannot draw a scaling law: no loss is finite and positive");
  }
  const rings = points.flatMap(({ parameters, predicted }) =>
    predicted ? [{ parameters, loss: predicted.loss, label: pictureText(predicted.label, 40) }] : []
  );
  const sizes = drawn.map(({ parameters }) => parameters);
  const domain = [Math.min(...sizes) / 1.4, Math.max(...sizes) * 1.4];
  const curve = (at: (parameters: number) => number) =>
    Array.from({ length: 101 }, (_, i) => {
      const parameters = domain[0] * (domain[1] / domain[0]) ** (i / 100);
      return { parameters, loss: at(parameters) };
    });
  const line = curve(options.law), dashes = options.alternative ? curve(options.alternative) : [];
  const all = [...drawn, ...rings, ...line, ...dashes].map(({ loss }) => loss)
    .filter((loss) => loss > 0 && loss < Infinity);
  const range = [Math.min(...all) / 1.15, Math.max(...all) * 1.15];
  const x = {
    ...{ field: "parameters", type: "quantitative" as const, title: "parameters" },
    scale: { type: "log" as const, domain, nice: false },
    axis: { grid: true, values: roundNumbers(domain[0], domain[1], [1, 2, 5]), format: "~s" },
  };
  const y = {
    ...{ field: "loss", type: "quantitative" as const, title: valueTitle },
    scale: { type: "log" as const, domain: range, nice: false },
    axis: { grid: true, values: roundNumbers(range[0], range[1], [1, 2, 5]), format: "~g" },
  };
  const kinds = ["fitted", ...rings.length > 0 ? ["left out of the fit"] : []];
  return await drawPicture({ title, subtitle, subject: "loss by parameters" }, {
    width: 560,
    height: 380,
    layer: [
      { data: { values: line }, mark: { type: "line", color: LAW, strokeWidth: 1.5 }, encoding: { x, y } },
      {
        data: { values: dashes },
        mark: { type: "line", color: LAW, strokeWidth: 1, strokeDash: [5, 4] },
        encoding: { x, y },
      },
      {
        data: { values: rings },
        mark: {
          type: "point",
          shape: "circle",
          size: 190,
          color: PREDICTED,
          strokeWidth: 1.5,
          filled: false,
        },
        encoding: { x, y },
      },
      {
        data: { values: drawn },
        mark: { type: "point", filled: true, size: 42, opacity: 0.85 },
        encoding: {
          x,
          y,
          color: {
            field: "kind",
            type: "nominal",
            scale: { domain: kinds, range: [FITTED, PREDICTED].slice(0, kinds.length) },
            legend: { title: null, orient: "top-right", symbolType: "circle", labelLimit: 0 },
          },
        },
      },
      {
        data: { values: rings },
        mark: { type: "text", align: "right", dx: -12, dy: 12, color: PREDICTED },
        encoding: { x, y, text: { field: "label" } },
      },
    ],
    config: CONFIG,
  });
}
