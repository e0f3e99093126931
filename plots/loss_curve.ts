/**
 * The loss curve of a run as an SVG picture: the same records give the same bytes.
 *
 * Perplexity is exp(loss), so the curves of a language model show both: the axis on the left has losses, that on the right
 * perplexities, on a logarithmic scale.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { drawPicture, pictureText, roundNumbers } from "./picture.ts";

/**
 * The losses of one line of `metrics.jsonl`.
 *
 * @category Plots
 */
export interface LossRecord {
  /** Steps done. */
  readonly step: number;
  /** Passes over the data. */
  readonly epoch?: number;
  /** Training loss in nats per target. */
  readonly loss?: number;
  /** Validation loss in nats per target. */
  readonly validationLoss?: number;
}

/**
 * Headings and reference of a curve.
 *
 * @category Plots
 */
export interface LossCurveOptions {
  /** The heading. */
  readonly title: string;
  /** A smaller line below it. */
  readonly subtitle?: string;
  /** What the loss is measured on; a token unless given. */
  readonly unit?: "token" | "text";
  /** What the losses are drawn over; steps unless given. */
  readonly axis?: "step" | "epoch";
  /** A loss to compare with, drawn as a dashed line, such as the optimal one. */
  readonly reference?: { readonly loss: number; readonly label: string };
}

/** One point of a line. */
interface Point {
  /** The step or the epoch. */
  readonly x: number;
  readonly loss: number;
}

/**
 * Draws the training and the validation loss over steps or epochs, with the perplexity at the right-hand side.
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
 * @param options Headings, the axis and a loss to compare with.
 * @returns The text of an SVG picture.
 * @throws {RangeError} If no loss is finite.
 * @category Plots
 */
export async function lossCurve(records: readonly LossRecord[], options: LossCurveOptions): Promise<string> {
  const { title, subtitle, reference, unit = "token", axis = "step" } = options;
  const training = points(records, axis, "loss");
  const validation = points(records, axis, "validationLoss");
  if (training.length + validation.length === 0) {
    throw new RangeError(`Cannot draw a loss curve: none of the ${records.length} records has a finite loss`);
  }
  const drawn = thin(training, 800), measured = thin(validation, 800);
  const all = [...drawn, ...measured], x = xOf(axis, all);
  const layer: Layer[] = reference ? referenceLine(reference, x, Math.min(...all.map(({ x }) => x))) : [];
  // from the back to the front
  if (measured.length > 0) layer.unshift(line("validation", measured, x, 2, 1, measured.length <= 60));
  if (drawn.length > 0) {
    const smoothed = line("training", smooth(drawn, 16), x, 2, 1, drawn.length === 1);
    layer.unshift(line("training", drawn, x, 1, 0.3), smoothed);
  }
  const right = unit === "token" ? perplexityAxis([...all, ...reference ? [reference] : []]) : [];
  const subject = right.length > 0 ? `loss and perplexity by ${axis}` : `loss by ${axis}`;
  return await drawPicture({ title, subtitle, subject }, {
    width: 640,
    height: 360,
    layer: [{ encoding: { y: { ...Y, title: `loss (nats per ${unit})` } }, layer }, ...right],
    resolve: { axis: { y: "independent" } },
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

type X = ReturnType<typeof xOf>;

/** The axis below, with whole numbers where there are any to show. */
function xOf(axis: "step" | "epoch", points: readonly Point[]) {
  const isWhole = axis === "step" || Math.max(...points.map(({ x }) => x)) >= 2;
  const shown = isWhole ? { format: ",d", tickMinStep: 1 } : { format: ".2~f" };
  const scale = axis === "epoch" ? { zero: true, nice: false } : {}; // the last epoch ends a little after it is done
  return { field: "x", type: "quantitative", title: axis, scale, axis: { grid: false, ...shown } } as const;
}

const Y = {
  field: "loss",
  type: "quantitative",
  axis: { format: ".2f" },
  scale: { zero: false, nice: true },
} as const;

function line(
  series: "training" | "validation",
  points: readonly Point[],
  x: X,
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
    encoding: { x, color: { field: "series", type: "nominal", title: null } },
  };
}

function referenceLine({ loss, label }: { loss: number; label: string }, x: X, first: number): Layer[] {
  const values = [{ x: first, loss, label: pictureText(label) }], color = "#555555";
  return [
    { data: { values: [{ loss }] }, mark: { type: "rule", strokeDash: [6, 4], color } },
    {
      data: { values },
      mark: { type: "text", align: "left", baseline: "bottom", dx: 6, dy: -4, color },
      encoding: { x, text: { field: "label" } },
    },
  ];
}

/** An axis on the right with the perplexities of the losses, unless a run has diverged so far that they mean nothing. */
function perplexityAxis(points: readonly { readonly loss: number }[]): Layer[] {
  const losses = points.map(({ loss }) => loss), high = Math.max(...losses);
  if (high > 100) return [];
  const values = perplexityTicks(Math.exp(Math.min(...losses)), Math.exp(high));
  const labelExpr = "format(exp(datum.value), exp(datum.value) < 2e6 ? ',.4~r' : '.1e')";
  const axis = { orient: "right", grid: false, values: values.map(Math.log), labelExpr } as const;
  return [{
    data: { values: [{ loss: high }] },
    mark: { type: "point", opacity: 0 },
    encoding: { y: { ...Y, title: "perplexity", axis } },
  }];
}

/** Round perplexities between these, four to eight of them, about evenly spread on a logarithmic scale. */
function perplexityTicks(least: number, most: number): number[] {
  const choices = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]];
  const found = choices.map((digits) => roundNumbers(least, most, digits)).find((ticks) => ticks.length >= 4);
  if (found) return found.filter((_, i) => i % Math.ceil(found.length / 8) === 0);
  // a narrow range: steps of 1, 2 or 5 times a power of ten
  const power = 10 ** Math.floor(Math.log10((most - least) / 4));
  const size = [1, 2, 5, 10].map((factor) => factor * power).find((size) => (most - least) / size <= 6)!;
  if (!(size > 0)) return [least];
  const first = Math.ceil(least / size), count = Math.floor(most / size) - first + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, i) => Number(((first + i) * size).toPrecision(12)));
}

/** The finite values of one column. */
function points(
  records: readonly LossRecord[],
  axis: "step" | "epoch",
  column: "loss" | "validationLoss",
): Point[] {
  return records.flatMap(({ [axis]: x = NaN, [column]: loss = NaN }) =>
    Number.isFinite(x) && Number.isFinite(loss) ? [{ x, loss }] : []
  );
}

/**
 * Each loss averaged with its neighbours up to `reach` away. At the steep beginning as many come after as before, so that
 * the line begins at the first loss.
 */
function smooth(points: readonly Point[], reach: number): Point[] {
  return points.map(({ x }, i) => {
    const near = Math.min(reach, i, Math.floor(points.length / 20));
    return { x, loss: mean(points.slice(i - near, i + near + 1)) };
  });
}

/** At most this many points: each is the mean of equally many, the last one is kept as it is. */
function thin(points: readonly Point[], most: number): Point[] {
  const size = Math.ceil(points.length / most), thinned: Point[] = [];
  if (size <= 1) return [...points];
  for (let start = 0; start < points.length - 1; start += size) {
    const part = points.slice(start, Math.min(start + size, points.length - 1));
    thinned.push({ x: part.reduce((sum, { x }) => sum + x, 0) / part.length, loss: mean(part) });
  }
  return [...thinned, points[points.length - 1]];
}

function mean(points: readonly Point[]): number {
  return points.reduce((sum, { loss }) => sum + loss, 0) / points.length;
}
