/**
 * What the report of a lab consists of. `table.md` and `report.html` show the same sections.
 *
 * @module
 */
import { fromFileUrl, relative } from "@std/path";
import { variantsPlot } from "../../plots/lab/variants_plot.ts";
import { counted, quote } from "../cli/terminal.ts";
import type { LabResult } from "./lab_types.ts";
import { conclusion } from "./conclusions.ts";
import { type LabFigures, optimumOf, type VariantFigures } from "./lab_figures.ts";
import { BY_TITLE, mainTable, skillTable, type Table } from "./lab_tables.ts";
import { byFlags, gridTable, sweepConclusions, sweptFlags } from "./sweep_figures.ts";

/** A picture and the name of its file, without `.svg`. */
export interface Picture {
  readonly name: string;
  readonly svg: string;
}

/** A part of a report, under its heading. */
export interface Section {
  readonly heading: string;
  /** Paragraphs. */
  readonly texts?: readonly string[];
  /** Names with what is said of each. */
  readonly entries?: readonly { readonly name: string; readonly text: string }[];
  readonly picture?: Picture;
  readonly table?: Table;
  /** Names with lines to copy. */
  readonly commands?: readonly { readonly name: string; readonly lines: readonly string[] }[];
  /** What there is to know to read it. */
  readonly notes?: readonly string[];
}

/** The most panels of curves: of more variants the best are drawn. */
const MOST_PANELS = 48;

/** How many runs there are, and what their figures mean. */
export function leadOf({ lab, baseline, variants }: LabFigures): string {
  const count = lab.seeds.length;
  return [
    `${counted(lab.variants.length, "variant")}, ${counted(count, "seed")} each.`,
    isEvaluated(variants)
      ? "Losses are those of the trained models on the validation text, in nats a token, measured as by the command evaluate: " +
        "every token is read with half a context or more before it. Validations during training, which the curves " +
        "show, read windows side by side; there a token at the beginning of a window has little before it, and the " +
        "losses are higher."
      : "Losses are those of the last validation, in nats a token.",
    ...count > 2
      ? ["What follows ± is half of the 95 % interval of a mean loss, by Student's t over the seeds."]
      : count === 2
      ? ["Of two seeds the mean and both values are given."]
      : [],
    ...baseline
      ? [
        count === 1
          ? "One seed does not tell a difference from chance."
          : "Differences and ratios are between runs of the same seed.",
      ]
      : [],
  ].join(" ");
}

/** Whether trained models were evaluated once more, with more before every token than validations have. */
const isEvaluated = (variants: LabFigures["variants"]): boolean =>
  variants.some(({ finished }) => finished.some(({ skills }) => skills));

/** The sections that labs of every kind have. */
export async function labSections(figures: LabFigures): Promise<Section[]> {
  const { lab, variants } = figures;
  const flags = lab.kind === "sweep" ? sweptFlags(lab.variants) : [];
  const names = flags.length > 0 ? byFlags(flags) : BY_TITLE;
  const said = variants.map((figures_) => ({
    name: figures_.variant.title,
    text: conclusion(figures_, figures),
  }))
    .filter(({ text }) => text !== "");
  const best = flags.length > 0 ? sweepConclusions(figures, flags) : [];
  const grid = gridTable(figures, flags), skills = skillTable(figures, names);
  const curves = await drawCurves(figures, panelsInRow(flags.at(-1)?.values.length));
  return [
    ...best.length > 0
      ? [{
        heading: "Best values",
        texts: best,
        notes: [
          "The lowest of several losses is in part the luckiest: runs with other seeds show what is left of it.",
        ],
      }]
      : [],
    ...grid ? [{ heading: "Loss by both flags", table: grid, notes: ["Bold: the lowest mean."] }] : [],
    ...said.length > 0 ? [{ heading: "Conclusions", entries: said }] : [],
    ...curves ? [curves] : [],
    { heading: "Figures", table: mainTable(figures, names), notes: figureNotes(figures) },
    ...skills
      ? [{ heading: "Loss above the optimum by skill", table: skills, notes: skillNotes(figures) }]
      : [],
    {
      heading: "Commands",
      commands: commandsOf(figures),
      notes: ["Each repeats one run, in a folder of its own."],
    },
  ];
}

function figureNotes(figures: LabFigures): string[] {
  const { target, optimal } = figures;
  return [
    ...shownNotes(figures),
    ...target
      ? [
        `The steps are those after which the validation loss was first ${
          target.loss.toFixed(4)
        }, ${target.meaning}; between two validations it is taken to fall in a straight line.`,
      ]
      : [],
    ...optimal
      ? [
        "The optimum is the entropy of the characters that were validated: no model has a lower loss on average.",
      ]
      : [],
  ];
}

/** How it is decided what differs from the baseline. */
function shownNotes({ variants, comparisons }: LabFigures): string[] {
  const [comparison] = variants.flatMap(({ comparison }) => comparison ?? []);
  if (!comparison || comparison.estimate.kind === "single") return [];
  const isRatio = comparison.of === "ratio";
  return [
    `Bold: differs from the baseline; the interval of the ${isRatio ? "ratio" : "difference"} excludes ${
      isRatio ? 1 : 0
    }. ${allowance(comparisons)}`,
    `An interval is Student's. It takes the scatter of ${
      isRatio ? "the logarithms of all losses above the optimum" : "all runs"
    } around their variant and seed, or that of the variant's own differences where it is larger.`,
  ];
}

/** What intervals of many comparisons allow for. */
function allowance(comparisons: number): string {
  if (comparisons === 1) {
    return "If the variant made no difference, that would happen in about 5 % of such labs.";
  }
  return `The intervals allow for ${comparisons} comparisons: if no variant made any difference, about 5 % of such labs ` +
    "would show one.";
}

function skillNotes({ variants, comparisons, skills }: LabFigures): string[] {
  const isCompared = variants.some(({ comparison }) => comparison && comparison.estimate.kind !== "single");
  return [
    "Nats a character, at the characters that ask for each skill: the rest of a known word (spelling) and of a known sentence (wording), which sentence follows (plot), a word drawn freely (choice), a form that agrees with a name (agreement), a word told before (recall).",
    ...isCompared
      ? [
        `Bold and coloured: differs from the baseline, by the same rule; full colour is four times as much, or a quarter. ${
          allowance(comparisons * skills.length)
        }`,
      ]
      : [],
  ];
}

/** Panels in a row such that those below each other have the same value of the flag that changes from panel to panel. */
function panelsInRow(values = 1): number {
  if (values > 6) return 4;
  return values > 4 ? values : values * Math.floor(4 / values);
}

/** The curves of all variants, or of the best of very many; nothing where no run has a validation. */
async function drawCurves(figures: LabFigures, columns: number): Promise<Section | undefined> {
  const { lab, optimal, baseline, variants } = figures, isCut = variants.length > MOST_PANELS;
  const ranked = variants.filter(({ loss }) => loss).toSorted((a, b) => a.loss!.mean - b.loss!.mean);
  const drawn = isCut ? ranked.slice(0, MOST_PANELS) : variants, compared = baseline ?? ranked[0];
  const bands = new Map(variants.map((variant) => [variant, bandOf(variant, optimal)]));
  const isDrawable = drawn.some((variant) => bands.get(variant)!.some(({ low }) => low > 0));
  if (!isDrawable) return undefined;
  const seeds = lab.seeds.length;
  const subtitle = [
    "over steps",
    ...seeds > 1 ? [`mean and range of ${seeds} seeds`] : [],
    ...compared ? [`grey: ${baseline ? "the baseline" : `the best, ${compared.variant.title}`}`] : [],
    ...drawn.some(({ diverged }) => diverged.length > 0) ? ["×: diverged"] : [],
    ...isEvaluated(variants) ? ["numbers: from evaluate"] : [],
  ].join("; ");
  const svg = await variantsPlot(
    drawn.map((variant) => ({
      title: variant.variant.title,
      note: noteOf(variant, optimal),
      points: bands.get(variant)!,
      ends: variant.diverged.flatMap((run) => valuesOf(run, optimal).slice(-1)),
    })),
    {
      ...{ title: lab.title, subtitle, columns },
      valueTitle: optimal ? "loss above the optimum" : "validation loss",
      compared: compared ? [bands.get(compared)!] : [],
    },
  );
  const notes = isCut ? [`Only the ${MOST_PANELS} with the lowest loss are drawn.`] : [];
  return { heading: "Curves", picture: { name: "curves", svg }, notes };
}

function noteOf({ loss, excess, comparison, diverged }: VariantFigures, optimal: boolean): string {
  const value = optimal ? excess : loss;
  if (!value) return diverged.length > 0 ? "diverged" : "";
  return value.mean.toPrecision(3) +
    (comparison?.of === "ratio" ? ` (${comparison.estimate.mean.toPrecision(2)} ×)` : "");
}

/** The validation losses of a run, above the optimum where all have one. */
function valuesOf({ curve, optimal: optimum }: LabResult, optimal: boolean) {
  return curve.map((point) => ({
    step: point.step,
    value: point.loss - (optimal ? optimumOf(point, optimum) ?? NaN : 0),
  }));
}

/** Mean and range of the runs of a variant at each step. */
function bandOf({ finished, diverged }: VariantFigures, optimal: boolean) {
  const points = [...finished, ...diverged].flatMap((run) => valuesOf(run, optimal));
  return [...Map.groupBy(points, ({ step }) => step)].toSorted(([a], [b]) => a - b).map(([step, points]) => {
    const values = points.map(({ value }) => value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { step, mean, low: Math.min(...values), high: Math.max(...values) };
  });
}

/** The command that repeats each run. */
function commandsOf({ lab, variants }: LabFigures): NonNullable<Section["commands"]> {
  return variants.flatMap(({ variant, finished, diverged }) => {
    const block = variant.block === undefined ? [] : [`--block=${blockPath(variant.block)}`];
    const device = lab.device === undefined ? [] : [`--device=${lab.device}`]; // train itself would choose the fastest
    const lines = [...finished, ...diverged].toSorted((a, b) => a.seed - b.seed).map(({ flags, seed }) =>
      ["deno task train", ...[...flags, ...block, `--seed=${seed}`, ...device].map(quoteFlag)].join(" ")
    );
    return lines.length > 0 ? [{ name: variant.title, lines }] : [];
  });
}

/** The path of a file as it is typed here. */
function blockPath(url: string): string {
  return url.startsWith("file:") ? relative(Deno.cwd(), fromFileUrl(new URL(url))) : url;
}

/** A flag and its value, of which only what the shell would change is quoted. */
function quoteFlag(flag: string): string {
  const [, name = "", value] = flag.match(/^(--[\w-]+=)?([^]*)$/)!;
  return name + quote(value);
}
