/**
 * The loss curve of a run as an SVG picture: the same records give the same bytes.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { drawPicture, pictureText } from "./picture.ts";

/** The losses of one line of `metrics.jsonl`. */
export interface LossRecord {
  /** Steps done. */
  readonly step: number;
  /** Training loss in nats per target. */
  readonly loss?: number;
  /** Validation loss in nats per target. */
  readonly validationLoss?: number;
}

/** Headings and reference of a curve. */
export interface LossCurveOptions {
  /** The heading. */
  readonly title: string;
  /** A smaller line below it. */
  readonly subtitle?: string;
  /** What the loss is measured on; a token unless given. */
  readonly unit?: "token" | "text";
  /** A loss to compare with, drawn as a dashed line, such as the optimal one. */
  readonly reference?: { readonly loss: number; readonly label: string };
}

/** One point of a line. */
interface Point {
  readonly step: number;
  readonly loss: number;
}

/**
 * Draws the training and the validation loss over the steps.
 *
 * @example
 * ```ts
 * import { lossCurve } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const records = [{ step: 1, loss: 3.2 }, { step: 2, loss: 2.4, validationLoss: 2.5 }];
 * assertStringIncludes(await lossCurve(records, { title: "my run" }), ">my run</text>");
 * ```
 *
 * @param records The losses, in the order of their steps; a loss that is not finite is left out.
 * @param options Headings and a loss to compare with.
 * @returns The text of an SVG picture.
 * @throws {RangeError} If no loss is finite.
 */
export async function lossCurve(records: readonly LossRecord[], options: LossCurveOptions): Promise<string> {
  const training = points(records, "loss");
  const validation = points(records, "validationLoss");
  if (training.length + validation.length === 0) {
    throw new RangeError(`Cannot draw a loss curve: none of the ${records.length} records has a finite loss`);
  }
  const drawn = thin(training, 800), measured = thin(validation, 800);
  const { title, subtitle, reference, unit = "token" } = options;
  const firstStep = Math.min(...[...drawn, ...measured].map(({ step }) => step));
  const layer: Layer[] = reference ? referenceLine(reference, firstStep) : []; // from the back to the front
  if (measured.length > 0) layer.unshift(line("validation", measured, 2, 1, measured.length <= 60));
  if (drawn.length > 0) {
    const smoothed = line("training", smooth(drawn, 16), 2, 1, drawn.length === 1);
    layer.unshift(line("training", drawn, 1, 0.3), smoothed);
  }
  return await drawPicture({ title, subtitle, subject: "loss by step" }, {
    width: 640,
    height: 360,
    encoding: { y: { ...Y, title: `loss (nats per ${unit})` } },
    layer,
    config: CONFIG,
  });
}

/** Fonts and colours; the category colours are those of training and validation, in the order of the legend. */
export const CONFIG = {
  title: { fontSize: 16, subtitleFontSize: 12, subtitleColor: "#555555", subtitlePadding: 6 },
  axis: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 10,
    labelColor: "#333333",
    titleColor: "#333333",
    domainColor: "#888888",
    tickColor: "#888888",
    gridColor: "#eeeeee",
    tickCount: 6,
  },
  legend: {
    orient: "top-right",
    labelFontSize: 12,
    symbolStrokeWidth: 3,
    symbolOpacity: 1,
    symbolType: "stroke",
  },
  range: { category: ["#4c78a8", "#e45756"] },
  text: { fontSize: 12 },
} as const satisfies TopLevelSpec["config"];

type Layer = Extract<TopLevelSpec, { layer: unknown }>["layer"][number];

const X = {
  field: "step",
  type: "quantitative",
  title: "step",
  axis: { grid: false, format: ",d" },
} as const;

const Y = {
  field: "loss",
  type: "quantitative",
  axis: { format: ".2f" },
  scale: { zero: false, nice: true },
} as const;

function line(
  series: "training" | "validation",
  points: readonly Point[],
  strokeWidth: number,
  opacity: number,
  dotted: boolean = false,
): Layer {
  return {
    data: { values: points.map((point) => ({ ...point, series })) },
    mark: {
      type: "line",
      strokeJoin: "round",
      strokeWidth,
      opacity,
      point: dotted && { size: 36, filled: true, opacity },
    },
    encoding: { x: X, color: { field: "series", type: "nominal", title: null } },
  };
}

function referenceLine({ loss, label }: { loss: number; label: string }, firstStep: number): Layer[] {
  const values = [{ step: firstStep, loss, label: pictureText(label) }], color = "#555555";
  return [
    { data: { values: [{ loss }] }, mark: { type: "rule", strokeDash: [6, 4], color } },
    {
      data: { values },
      mark: { type: "text", align: "left", baseline: "bottom", dx: 6, dy: -4, color },
      encoding: { x: X, text: { field: "label" } },
    },
  ];
}

/** The finite values of one column. */
function points(records: readonly LossRecord[], column: "loss" | "validationLoss"): Point[] {
  return records.flatMap(({ step, [column]: loss }) =>
    typeof loss === "number" && Number.isFinite(loss) ? [{ step, loss }] : []
  );
}

/**
 * Each loss averaged with its neighbours up to `reach` away. At the steep beginning as many come after as before, so that
 * the line begins at the first loss.
 */
function smooth(points: readonly Point[], reach: number): Point[] {
  return points.map(({ step }, i) => {
    const near = Math.min(reach, i, Math.floor(points.length / 20));
    return { step, loss: mean(points.slice(i - near, i + near + 1)) };
  });
}

/** At most so many points: each is the mean of equally many, the last one is kept as it is. */
function thin(points: readonly Point[], most: number): Point[] {
  const size = Math.ceil(points.length / most), thinned: Point[] = [];
  if (size <= 1) return [...points];
  for (let start = 0; start < points.length - 1; start += size) {
    const part = points.slice(start, Math.min(start + size, points.length - 1));
    thinned.push({ step: part.reduce((sum, { step }) => sum + step, 0) / part.length, loss: mean(part) });
  }
  return [...thinned, points[points.length - 1]];
}

function mean(points: readonly Point[]): number {
  return points.reduce((sum, { loss }) => sum + loss, 0) / points.length;
}
