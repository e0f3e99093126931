/**
 * What a model has learned by when, as an SVG picture: for each skill, the loss above the optimum over the steps.
 *
 * @module
 */
import { CONFIG } from "./loss_curve.ts";
import { drawPicture, pictureText, roundNumbers } from "./picture.ts";

/**
 * The losses by skill after a step, as a line of `metrics.jsonl` holds them.
 *
 * @category Plots
 */
export interface SkillsRecord {
  /** Steps done. */
  readonly step: number;
  /** Of each skill, in nats per position; missing where there was no validation. */
  readonly skills?: Readonly<Record<string, { readonly loss: number; readonly optimal: number } | undefined>>;
}

/**
 * Headings of a picture of skills.
 *
 * @category Plots
 */
export interface SkillsPlotOptions {
  /** The heading. */
  readonly title: string;
  /** A smaller line below it. */
  readonly subtitle?: string;
}

/** Colours that the common forms of colour blindness keep apart (Okabe and Ito, "Color universal design", 2008). */
const COLOURS = ["#0072b2", "#56b4e9", "#009e73", "#8c8c8c", "#cc79a7", "#d55e00", "#1b1b1b"];

/** Nats: what is nearer to the optimum than this is drawn here. A sample of the text says no more about it. */
const LEAST = 1e-4;

/** Pixels: of the picture's inside, and between the labels of two lines. */
const WIDTH = 390, HEIGHT = 360, LABEL_GAP = 15;

/**
 * Draws the loss above the optimum of each skill over the steps, on a logarithmic scale, with the name of each skill at the
 * end of its line.
 *
 * @example
 * ```ts
 * import { skillsPlot } from "@miniformer/miniformer/plots";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const at = (loss: number) => ({ spelling: { loss, optimal: 0 }, recall: { loss: 2 * loss, optimal: 0 } });
 * const svg = await skillsPlot([{ step: 100, skills: at(1) }, { step: 200, skills: at(0.1) }], { title: "my run" });
 * assertStringIncludes(svg, ">recall 0.200</text>");
 * ```
 *
 * @param records The losses, in the order of their steps; those without skills are passed over.
 * @param options Headings.
 * @returns The text of an SVG picture.
 * @throws {RangeError} If no record has a skill with finite losses.
 * @category Plots
 */
export async function skillsPlot(
  records: readonly SkillsRecord[],
  { title, subtitle }: SkillsPlotOptions,
): Promise<string> {
  const points = records.flatMap(({ step, skills = {} }) =>
    Object.entries(skills).flatMap(([skill, figures]) => {
      const excess = figures ? figures.loss - figures.optimal : NaN;
      return Number.isFinite(excess) && Number.isFinite(step) ? [{ skill, step, excess }] : [];
    })
  );
  if (points.length === 0) {
    throw new RangeError(`Cannot draw skills: none of the ${records.length} records has losses by skill`);
  }
  const lines = points.map((point) => ({ ...point, height: Math.max(LEAST, point.excess) }));
  const heights = lines.map(({ height }) => height), steps = lines.map(({ step }) => step);
  const low = Math.max(LEAST, Math.min(...heights) / 1.3);
  const high = 1.2 * Math.max(10 * low, ...heights);
  const placeOf = (height: number) => HEIGHT * Math.log(high / height) / Math.log(high / low);

  const ends = [...Map.groupBy(lines, ({ skill }) => skill).values()].map((line) => line[line.length - 1]);
  const places = ends.map(({ height }) => placeOf(height)), moved = apart(places, LABEL_GAP, HEIGHT);
  const labels = ends.map(({ skill, excess }, index) => ({
    ...{ skill, x: WIDTH + 22, y: moved[index] },
    label: pictureText(`${skill} ${excess < LEAST ? `< ${LEAST}` : excess.toPrecision(3)}`, 40),
  }));
  const leads = ends.flatMap(({ skill }, index) => [
    { skill, x: WIDTH + 4, y: places[index] },
    { skill, x: WIDTH + 18, y: moved[index] },
  ]);
  const names = ends.map(({ skill }) => skill),
    range = names.map((_, index) => COLOURS[index % COLOURS.length]);
  const color = { field: "skill", type: "nominal" as const, scale: { domain: names, range }, legend: null };
  const pixels = (field: "x" | "y") => ({ field, type: "quantitative" as const, scale: null });
  const atPixels = { x: pixels("x"), y: pixels("y"), color };
  const point = lines.length <= 40 * names.length && { size: 20, filled: true };
  return await drawPicture({ title, subtitle, subject: "loss above the optimum by skill and step" }, {
    width: WIDTH,
    height: HEIGHT,
    layer: [
      {
        data: { values: lines },
        mark: { type: "line", strokeJoin: "round", strokeWidth: 2, point },
        encoding: {
          x: {
            ...{ field: "step", type: "quantitative", title: "step" },
            axis: { grid: false, format: ",d", tickCount: 4, tickMinStep: 1 },
            scale: { domain: [0, Math.max(...steps)], nice: false },
          },
          y: {
            ...{
              field: "height",
              type: "quantitative",
              title: "loss above the optimum (nats per character)",
            },
            axis: { values: ticksBetween(low, high), format: "~r" },
            scale: { type: "log", domain: [low, high], nice: false },
          },
          color,
        },
      },
      {
        data: { values: leads },
        mark: { type: "line", strokeWidth: 1, opacity: 0.6 },
        encoding: atPixels,
      },
      {
        data: { values: labels },
        mark: { type: "text", align: "left", baseline: "middle" },
        encoding: { ...atPixels, color: { value: "#333333" }, text: { field: "label" } },
      },
    ],
    config: CONFIG,
  });
}

/** Powers of ten, and round numbers between them where there are few. */
function ticksBetween(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  return roundNumbers(low, high, decades > 4 ? [1] : decades > 2 ? [1, 3] : [1, 2, 5]);
}

/** Places as near to these as they can be with a gap between any two, from 0 to a limit, in the same order. */
function apart(places: readonly number[], gap: number, limit: number): number[] {
  const order = [...places.keys()].sort((a, b) => places[a] - places[b]), moved = [...places];
  let least = 0;
  for (const index of order) least = (moved[index] = Math.max(least, moved[index])) + gap;
  let most = limit;
  for (const index of order.toReversed()) most = (moved[index] = Math.min(most, moved[index])) - gap;
  return moved;
}
