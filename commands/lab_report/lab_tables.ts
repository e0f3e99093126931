/**
 * The tables of a lab, as cells that Markdown, HTML and a terminal show each in its own way.
 *
 * @module
 */
import { log } from "../../core/math.ts";
import { visible } from "../../core/visible.ts";
import { markdownTable } from "../reports/markdown.ts";
import { formatDuration } from "../cli/terminal.ts";
import { formatTable } from "../cli/wrap.ts";
import { formatDifference, formatEstimate, formatLoss, formatRatio } from "./conclusions.ts";
import type { LabFigures, SkillFigure, VariantFigures } from "./lab_figures.ts";
import type { Comparison } from "./comparisons.ts";
import type { Estimate } from "./statistics.ts";

/** A cell of a table. */
export interface Cell {
  readonly text: string;
  /** Whether it stands out: it differs from the baseline, see comparisons.ts. */
  readonly strong?: boolean;
  /** Its colour, from −1 (better than the baseline) to 1 (worse). */
  readonly heat?: number;
  /** What there is to say of it beyond its text. */
  readonly hint?: string;
}

/** A table. */
export interface Table {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Columns that name a variant: its title, or the values of the flags in which the variants of a sweep differ. */
export interface Names {
  readonly headings: readonly string[];
  of(figures: VariantFigures): readonly string[];
}

/** Variants by their titles. */
export const BY_TITLE: Names = { headings: ["variant"], of: ({ variant }) => [variant.title] };

const plain = (text: string): Cell => ({ text });

const NONE: Cell = plain("–");

/** Every figure of every variant but its skills. */
export function mainTable({ variants, baseline, target, optimal }: LabFigures, names: Names): Table {
  const columns: [heading: string, cell: (figures: VariantFigures) => Cell][] = [
    ["runs", runsCell],
    // its interval is that of the loss above the optimum
    ["loss", ({ loss }) => loss ? plain(optimal ? formatLoss(loss.mean) : formatEstimate(loss)) : NONE],
    ...columnIf(optimal, "above the optimum", ({ excess }) => excess ? plain(formatEstimate(excess)) : NONE),
    ...columnIf(baseline, "difference to the baseline", differenceCell),
    ...columnIf(
      variants.some(({ comparison }) => comparison?.of === "ratio"),
      "ratio to the baseline",
      ratioCell,
    ),
    ...columnIf(target, `steps to ${target && formatLoss(target.loss)}`, reachedCell),
    ["parameters", ({ parameters }) => parameters ? plain(parameters.toLocaleString("en")) : NONE],
    ["time", ({ seconds }) => seconds === undefined ? NONE : plain(formatDuration(seconds))],
  ];
  return {
    headings: [...names.headings, ...columns.map(([heading]) => heading)],
    rows: variants.map((figures) => [
      ...names.of(figures).map(plain),
      ...columns.map(([, cell]) => cell(figures)),
    ]),
  };
}

type Column = [heading: string, cell: (figures: VariantFigures) => Cell];

const columnIf = (condition: unknown, ...column: Column): Column[] => condition ? [column] : [];

/** How many runs have finished, and what became of the others. */
function runsCell({ finished, diverged, missing }: VariantFigures): Cell {
  const parts = [
    ...finished.length > 0 || diverged.length === 0 ? [`${finished.length}`] : [],
    ...diverged.length > 0 ? [`${diverged.length} diverged`] : [],
    ...missing > 0 ? [`${missing} missing`] : [],
  ];
  return { text: parts.join(", "), strong: diverged.length > 0 };
}

/** The difference in nats; what is shown and the interval are of the ratio where there is one. */
function differenceCell({ comparison, identical }: VariantFigures): Cell {
  if (identical) return plain("none, to the last bit");
  if (!comparison) return NONE;
  const { of, difference, estimate, shown } = comparison;
  if (of === "ratio") return plain(formatDifference(difference));
  return { text: formatEstimate(estimate, formatDifference), strong: shown };
}

function ratioCell({ comparison }: VariantFigures): Cell {
  return comparison ? { text: ratioText(comparison.estimate), strong: comparison.shown } : NONE;
}

/** A ratio and its interval: `1.87 (1.37 to 2.54)`. */
function ratioText({ mean, low, high, kind }: Estimate): string {
  const ends = kind === "single" ? "" : ` (${formatRatio(low)} to ${formatRatio(high)})`;
  return formatRatio(mean) + ends;
}

function reachedCell({ reached, finished }: VariantFigures): Cell {
  if (!reached) return NONE;
  const { steps, runs } = reached;
  if (steps === undefined) return plain("not reached");
  const part = runs < finished.length ? ` (${runs} of ${finished.length} runs)` : "";
  return plain(`${Math.round(steps).toLocaleString("en")}${part}`);
}

/** The loss above the optimum of each variant by skill, and of all characters; none if no run has skills. */
export function skillTable({ variants, baseline, skills }: LabFigures, names: Names): Table | undefined {
  if (skills.length === 0) return undefined;
  const ofBaseline = new Map(baseline?.skills.map((figure) => [figure.skill, figure]));
  return {
    headings: [...names.headings, ...skills, "all"],
    rows: variants.filter(({ skills }) => skills.length > 0).map((figures) => {
      const own = new Map(figures.skills.map((figure) => [figure.skill, figure]));
      const all = figures.skills.reduce((sum, { excess, weight }) => sum + excess.mean * weight, 0);
      return [
        ...names.of(figures).map(plain),
        ...skills.map((skill) => skillCell(own.get(skill), ofBaseline.get(skill))),
        plain(all.toFixed(4)),
      ];
    }),
  };
}

/** The colour says how many times as large as the baseline's a loss is, up to four times, where a difference is shown. */
function skillCell(own: SkillFigure | undefined, baseline: SkillFigure | undefined): Cell {
  if (!own) return NONE;
  const { excess, comparison } = own, text = excess.mean.toFixed(3).replace("-", "−");
  if (!comparison) return { text, hint: formatEstimate(excess) };
  const { shown: strong } = comparison;
  const ratio = baseline && baseline.excess.mean > 0 && excess.mean > 0
    ? excess.mean / baseline.excess.mean
    : comparison.difference > 0
    ? Infinity
    : 0;
  return {
    ...{ text, strong },
    ...strong && { heat: Math.max(-1, Math.min(1, log(ratio) / (2 * Math.LN2))) },
    hint: `${formatEstimate(excess)}, ${hintOf(comparison)}`,
  };
}

const hintOf = ({ of, estimate }: Comparison): string =>
  of === "ratio"
    ? `ratio ${ratioText(estimate)}`
    : `difference ${formatEstimate(estimate, formatDifference)}`;

/** A table as Markdown; what stands out is bold. */
export function toMarkdown({ headings, rows }: Table): string {
  return markdownTable([
    headings.map(markdownText),
    ...rows.map((cells) =>
      cells.map(({ text, strong }) => strong ? `**${markdownText(text)}**` : markdownText(text))
    ),
  ]);
}

/** A text on one line in which Markdown finds nothing to interpret; `markdownTable` takes care of `|`. */
export function markdownText(text: string): string {
  return visible(text).replace(/[\\`*_[\]<>#&~$]/g, "\\$&");
}

/** The figures that fit into the lines of a terminal. */
export function shortTable({ variants, baseline, optimal }: LabFigures, columns: number): string {
  const heading = optimal ? "above optimum" : "loss";
  const rows = variants.map((figures) => {
    const { variant, loss, excess, comparison, seconds, diverged } = figures;
    const value = optimal ? excess : loss;
    return [
      variant.name,
      value ? formatEstimate(value) : diverged.length > 0 ? "diverged" : "–",
      ...baseline ? [comparison ? shortComparison(comparison) : "–"] : [],
      seconds === undefined ? "–" : formatDuration(seconds),
    ];
  });
  return formatTable([["variant", heading, ...baseline ? ["to baseline"] : [], "time"], ...rows], columns);
}

const shortComparison = ({ of, estimate }: Comparison): string =>
  of === "ratio" ? `× ${ratioText(estimate)}` : formatEstimate(estimate, formatDifference);
