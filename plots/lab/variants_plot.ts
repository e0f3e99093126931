/**
 * The curves of many variants as small multiples: each has a panel of its own with the same axes, in which the curve that it
 * is compared with is grey. So twenty variants need two colours, and no labels that overlap.
 *
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { CONFIG } from "../loss_curve.ts";
import { drawPicture, labelExpression, pictureText, roundNumbers } from "../picture.ts";

/** The colour of a variant, and of what it is compared with. */
const OWN = "#c2410c", OTHER = "#8a8f98";

/** Width and height of a panel. */
const WIDTH = 176, HEIGHT = 116;

/** The most panels of a picture. */
const MOST_PANELS = 60;

/**
 * A point of a curve: the mean of several runs, and the lowest and the highest of them.
 *
 * @category Plots
 */
export interface BandPoint {
  /** Steps done. */
  readonly step: number;
  /** The mean. */
  readonly mean: number;
  /** The lowest value. */
  readonly low: number;
  /** The highest value. */
  readonly high: number;
}

/**
 * The panel of one variant.
 *
 * @category Plots
 */
export interface VariantPanel {
  /** Its heading. */
  readonly title: string;
  /** A few words in the corner, such as its last value. */
  readonly note?: string;
  /** Its curve. */
  readonly points: readonly BandPoint[];
  /** The points where runs ended early, which get a cross. */
  readonly ends?: readonly { readonly step: number; readonly value: number }[];
}

/**
 * What the panels share.
 *
 * @category Plots
 */
export interface VariantsPlotOptions {
  /** The heading. */
  readonly title: string;
  /** A smaller line below it. */
  readonly subtitle?: string;
  /** What the values are, beside their axis. */
  readonly valueTitle: string;
  /** Curves that are grey in every panel, such as that of a baseline. */
  readonly compared?: readonly (readonly BandPoint[])[];
  /** Panels in a row; 4 unless given. */
  readonly columns?: number;
}

/**
 * Draws a panel for each variant, on a logarithmic axis: the mean as a line, and the range of the runs as a band around it.
 *
 * @example
 * ```ts
 * import { variantsPlot } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const baseline = [{ step: 100, mean: 1.2, low: 1.1, high: 1.3 }, { step: 200, mean: 0.3, low: 0.2, high: 0.4 }];
 * const points = baseline.map(({ step, ...others }) => ({ step, ...others, mean: 1.25 }));
 * const svg = await variantsPlot([{ title: "one head", points }], {
 *   title: "ablations",
 *   valueTitle: "loss",
 *   compared: [baseline],
 * });
 * assertStringIncludes(svg, ">one head</text>");
 * ```
 *
 * @param panels The variants, row by row. Points that are not finite and positive are left out.
 * @param options Headings, and what the variants are compared with.
 * @returns The text of an SVG picture.
 * @throws {RangeError} If there are more than 60 panels, or no panel has a point that can be drawn.
 * @category Plots
 */
export async function variantsPlot(
  panels: readonly VariantPanel[],
  options: VariantsPlotOptions,
): Promise<string> {
  const { title, subtitle, valueTitle, compared = [], columns = 4 } = options;
  const own = panels.map(({ points }) => points.filter(isDrawable));
  const grey = compared.map((points) => points.filter(isDrawable));
  if (panels.length > MOST_PANELS) {
    throw new RangeError(
      `Cannot draw ${panels.length} panels in one picture: expected at most ${MOST_PANELS}`,
    );
  }
  if (own.every(({ length }) => length === 0)) {
    throw new RangeError("Cannot draw variants: no panel has a value that is finite and positive");
  }
  const values = panels.flatMap(({ note = "", ends = [] }, panel) => [
    ...grey.flatMap((points, line) => points.map((point) => ({ panel, line, kind: "other", ...point }))),
    ...own[panel].map((point) => ({ panel, kind: "own", ...point })),
    ...ends.filter(({ value }) => value > 0 && value < Infinity)
      .map(({ step, value }) => ({ panel, kind: "end", step, mean: value })),
    { panel, kind: "note", note: pictureText(note, 40) },
  ]);
  return await drawPicture({ title, subtitle, subject: "curves by step, a panel for each variant" }, {
    data: { values },
    columns,
    bounds: "flush", // texts are estimated as wider than they are, which would spread the panels
    spacing: { row: 68, column: 26 },
    facet: {
      field: "panel",
      type: "ordinal",
      title: null,
      header: { labelExpr: headings(panels.map(({ title }) => title)), labelLimit: 0 },
    },
    spec: { width: WIDTH, height: HEIGHT, layer: layers([...own, ...grey].flat(), valueTitle) },
    resolve: { axis: { x: "independent" } }, // in the last row panels may be missing, below which axes would stand alone
    config: {
      ...CONFIG,
      axis: { ...CONFIG.axis, labelFontSize: 10, titleFontSize: 11, titlePadding: 6 },
      header: {
        labelFontSize: 12,
        labelColor: "#222222",
        labelAnchor: "start",
        labelBaseline: "bottom",
        labelPadding: 6,
      },
      view: { stroke: "#dddddd" },
    },
  });
}

type Layer = Extract<TopLevelSpec, { layer: unknown }>["layer"][number];

function layers(points: readonly BandPoint[], valueTitle: string): Layer[] {
  const least = Math.min(...points.map(({ low }) => low)), most = Math.max(...points.map(({ high }) => high));
  const axis = { grid: true, values: ticks(least, most), format: "~g" };
  const domain = [least / 1.15, most * Math.max(1.3, (most / least) ** 0.2)]; // with room for the note
  const y = {
    field: "mean",
    type: "quantitative" as const,
    title: valueTitle,
    axis,
    scale: { type: "log" as const, domain, nice: false },
  };
  const x = {
    field: "step",
    type: "quantitative",
    title: null,
    axis: { grid: false, format: "~s", tickCount: 4 },
  } as const;
  const only = (kind: string) => [{ filter: `datum.kind === '${kind}'` }];
  const band = (kind: "own" | "other", color: string): Layer => ({
    transform: only(kind),
    mark: { type: "area", color, opacity: 0.18 },
    encoding: {
      x,
      y: { ...y, field: "low" },
      y2: { field: "high" },
      ...kind === "other" && { detail: LINE },
    },
  });
  const line = (kind: "own" | "other", color: string, strokeWidth: number): Layer => ({
    transform: only(kind),
    mark: { type: "line", color, strokeWidth, strokeJoin: "round" },
    encoding: { x, y, ...kind === "other" && { detail: LINE } },
  });
  return [
    band("other", OTHER),
    line("other", OTHER, 1.5),
    band("own", OWN),
    line("own", OWN, 2),
    {
      transform: only("end"),
      mark: { type: "point", shape: "cross", angle: 45, color: OWN, size: 60, filled: true },
      encoding: { x, y },
    },
    {
      transform: only("note"),
      mark: { type: "text", align: "right", baseline: "top", dx: -5, dy: 5, fontSize: 11, color: OWN },
      encoding: { x: { value: WIDTH }, y: { value: 0 }, text: { field: "note" } },
    },
  ];
}

const LINE = { field: "line", type: "nominal" } as const;

const isDrawable = ({ mean, low, high }: BandPoint): boolean =>
  low > 0 && high < Infinity && low <= mean && mean <= high;

/** Headings of panels; where any is longer than 26 characters, in two lines, of which the last one is close to the panel. */
function headings(titles: readonly string[]): string {
  const lines = titles.map((title) => {
    const text = pictureText(title, 52), [first] = text.match(/^.{1,26}(?= |$)/u) ?? [text.slice(0, 26)];
    return first === text ? ["", first] : [first, text.slice(first.length).trim()];
  });
  const [above, below] = [0, 1].map((at) => labelExpression(lines.map((line) => line[at])));
  return lines.every(([first]) => first === "") ? below : `[${above}, ${below}]`;
}

/** Round values for a logarithmic axis, three or more of them. */
function ticks(least: number, most: number): number[] {
  const choices = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]]
    .map((digits) => roundNumbers(least / 1.15, most * 1.15, digits));
  return choices.find(({ length }) => length >= 3) ?? evenTicks(least / 1.1, most * 1.1);
}

/** Within a narrow range: multiples of 1, 2 or 5 times a power of ten. */
function evenTicks(least: number, most: number): number[] {
  const power = 10 ** Math.floor(Math.log10((most - least) / 3));
  const size = [5, 2, 1].map((factor) => factor * power).find((size) => (most - least) / size >= 3)!;
  const first = Math.ceil(least / size), count = Math.floor(most / size) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * size).toPrecision(12)));
}
