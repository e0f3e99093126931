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
export function leadOf({ lab, baseline }: LabFigures): string {
  const { variants, seeds } = lab, count = seeds.length;
  const words = `${counted(variants.length, "variant")}, ${counted(count, "seed")} each. ` +
    "Losses are in nats a token of the validation text. ";
  const paired = baseline ? ", and differences are between runs of the same seed" : "";
  if (count > 2) {
    return `${words}What follows ± is half of a 95 % interval: Student's t over the seeds${paired}.`;
  }
  if (count === 1) return `${words}One seed gives no interval: no difference can be shown.`;
  return `${words}Of two seeds the mean and both values are given${paired}. A difference counts as shown where ` +
    "zero is outside its 95 % interval by Student's t.";
}

/** The sections that labs of every kind have. */
export async function labSections(figures: LabFigures): Promise<Section[]> {
  const { lab, variants, baseline } = figures;
  const flags = lab.kind === "sweep" ? sweptFlags(lab.variants) : [];
  const names = flags.length > 0 ? byFlags(flags) : BY_TITLE;
  const said = variants.map((figures_) => ({
    name: figures_.variant.title,
    text: conclusion(figures_, figures),
  }))
    .filter(({ text }) => text !== "");
  const best = flags.length > 0 ? sweepConclusions(figures, flags) : [];
  const grid = gridTable(figures, flags), skills = skillTable(figures, names);
  const curves = await drawCurves(figures);
  const compared = baseline ? variants.filter(({ difference }) => difference).length : 0;
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
    { heading: "Figures", table: mainTable(figures, names), notes: figureNotes(figures, compared) },
    ...skills
      ? [{ heading: "Loss above the optimum by skill", table: skills, notes: skillNotes(figures, compared) }]
      : [],
    {
      heading: "Commands",
      commands: commandsOf(figures),
      notes: ["Each repeats one run, in a folder of its own."],
    },
  ];
}

function figureNotes({ target, baseline, optimal, lab }: LabFigures, compared: number): string[] {
  return [
    ...baseline && lab.seeds.length > 1
      ? [`Bold: differs from the baseline by more than its uncertainty. ${byChance(compared)}`]
      : [],
    ...target
      ? [
        `The steps are those after which the loss was first ${
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

function skillNotes({ baseline, skills, lab }: LabFigures, compared: number): string[] {
  return [
    "Nats a character, at the characters that ask for each skill: the rest of a known word (spelling) and of a known sentence (wording), which sentence follows (plot), a word drawn freely (choice), a form that agrees with a name (agreement), a word told before (recall).",
    ...baseline && lab.seeds.length > 1
      ? [
        `Bold and coloured: differs from the baseline by more than its uncertainty; full colour is four times as much, or a quarter. ${
          byChance(compared * skills.length)
        }`,
      ]
      : [],
  ];
}

/** What bold figures there would be if nothing made any difference. */
function byChance(comparisons: number): string {
  const expected = Math.max(1, Math.round(0.05 * comparisons));
  return `Of ${counted(comparisons, "comparison")} at 95 %, about ${expected} would be bold by chance alone.`;
}

/** The curves of all variants, or of the best of very many; nothing where no run has a validation. */
async function drawCurves(figures: LabFigures): Promise<Section | undefined> {
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
  ].join("; ");
  const svg = await variantsPlot(
    drawn.map((variant) => ({
      title: variant.variant.title,
      note: noteOf(variant, optimal),
      points: bands.get(variant)!,
      ends: variant.diverged.flatMap((run) => valuesOf(run, optimal).slice(-1)),
    })),
    {
      ...{ title: lab.title, subtitle },
      valueTitle: optimal ? "loss above the optimum" : "validation loss",
      compared: compared ? [bands.get(compared)!] : [],
    },
  );
  const notes = isCut ? [`Only the ${MOST_PANELS} with the lowest loss are drawn.`] : [];
  return { heading: "Curves", picture: { name: "curves", svg }, notes };
}

function noteOf({ loss, excess, ratio, diverged }: VariantFigures, optimal: boolean): string {
  const value = optimal ? excess : loss;
  if (!value) return diverged.length > 0 ? "diverged" : "";
  return value.mean.toPrecision(3) + (ratio === undefined ? "" : ` (${ratio.toPrecision(2)} ×)`);
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
