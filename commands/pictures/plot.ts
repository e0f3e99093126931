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
  /** Training loss, nats a token. */
  readonly loss?: number;
  /** Validation loss, nats a token. */
  readonly validationLoss?: number;
}

/** Headings and reference of a curve. */
export interface LossCurveOptions {
  /** The title. */
  readonly title: string;
  /** A line below the title. */
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
 * @param records the records of a run, in the order of their steps
 * @param options heading and reference
 * @returns the picture as SVG text
 * @throws {RangeError} when no record has a loss
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { lossCurve } from "./plot.ts";
 *
 * const records = [{ step: 1, loss: 4.1 }, { step: 2, loss: 3.2, validationLoss: 3.5 }];
 * assertMatch(await lossCurve(records, { title: "my run" }), /^<svg /);
 * ```
 */
export async function lossCurve(records: readonly LossRecord[], options: LossCurveOptions): Promise<string> {
  const training = points(records, "loss");
  const validation = points(records, "validationLoss");
  if (training.length + validation.length === 0) {
    throw new RangeError(`Cannot draw a loss curve: none of the ${records.length} records has a finite loss`);
  }
  const drawn = thin(training, 800), measured = thin(validation, 800);
  const { title, subtitle, reference, unit = "token" } = options;
  return await drawPicture({ title, subtitle, subject: "loss by step" }, {
    width: 640,
    height: 360,
    encoding: { y: { ...Y, title: `loss (nats per ${unit})` } },
    layer: [ // from the back to the front
      ...training.length > 0
        ? [line("training", drawn, 1, 0.3), line("training", smooth(drawn, 16), 2, 1, training.length === 1)]
        : [],
      ...measured.length > 0 ? [line("validation", measured, 2, 1, measured.length <= 60)] : [],
      ...reference
        ? referenceLine(reference, Math.min(...[...drawn, ...measured].map(({ step }) => step)))
        : [],
    ],
    config: CONFIG,
  });
}

/** Fonts and colours; the category colours are those of training and validation, in the order of the legend. */
const CONFIG = {
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

const REFERENCE_COLOR = "#555555";

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
    encoding: {
      x: X,
      color: { field: "series", type: "nominal", title: null },
    },
  };
}

function referenceLine({ loss, label }: { loss: number; label: string }, firstStep: number): Layer[] {
  return [
    {
      data: { values: [{ loss }] },
      mark: { type: "rule", strokeDash: [6, 4], color: REFERENCE_COLOR },
    },
    {
      data: { values: [{ step: firstStep, loss, label: pictureText(label) }] },
      mark: { type: "text", align: "left", baseline: "bottom", dx: 6, dy: -4, color: REFERENCE_COLOR },
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
  const size = Math.ceil(points.length / most);
  if (size <= 1) return [...points];
  const starts = Array.from({ length: Math.ceil((points.length - 1) / size) }, (_, i) => i * size);
  return [
    ...starts.map((start) => {
      const part = points.slice(start, Math.min(start + size, points.length - 1));
      return { step: part.reduce((sum, { step }) => sum + step, 0) / part.length, loss: mean(part) };
    }),
    points[points.length - 1],
  ];
}

function mean(points: readonly Point[]): number {
  return points.reduce((sum, { loss }) => sum + loss, 0) / points.length;
}
