/**
 * A sweep: which flags differ between its variants, which value of each is best, and the grid of two flags.
 *
 * @module
 */
import { log } from "../../core/math.ts";
import { kebabCase } from "../cli/flags.ts";
import { counted } from "../cli/terminal.ts";
import { OF_TEXTS } from "../reports/compared_runs.ts";
import { compareWith } from "./comparisons.ts";
import { formatDifference, formatEstimate, formatLoss } from "./conclusions.ts";
import { bySeed, comparedValue, type LabFigures, type VariantFigures } from "./lab_figures.ts";
import type { Names, Table } from "./lab_tables.ts";
import { mean } from "./statistics.ts";
import type { Variant } from "./lab_types.ts";

/** The flags of a command line with their values as typed: `--lr 1e-3 --no-tied` is `--lr` with `1e-3` and `--tied` with `no`. */
export function typedFlags(tokens: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>();
  for (let at = 0; at < tokens.length;) {
    const [, flag, , value] = tokens[at++].match(/^(--[^=]+)(=([^]*))?$/) ?? [];
    if (flag === undefined) continue;
    const values = value === undefined ? [] : [value];
    while (at < tokens.length && !tokens[at].startsWith("--")) values.push(tokens[at++]);
    if (values.length === 0 && flag.startsWith("--no-")) flags.set(`--${flag.slice(5)}`, "no");
    else flags.set(flag, values.length === 0 ? "yes" : values.join(" "));
  }
  return flags;
}

/** A flag in which variants differ. */
export interface SweptFlag {
  readonly flag: string;
  /** Its values, in the order of the variants. */
  readonly values: readonly string[];
  valueOf(variant: Variant): string;
}

/** The flags in which the variants of a lab differ. */
export function sweptFlags(variants: readonly Variant[]): SweptFlag[] {
  const typed = new Map(variants.map(({ name, flags }) => [name, typedFlags(flags)]));
  const flags = new Set([...typed.values()].flatMap((values) => [...values.keys()]));
  return [...flags].flatMap((flag) => {
    const valueOf = ({ name }: Variant): string => typed.get(name)?.get(flag) ?? "–";
    const values = [...new Set(variants.map(valueOf))];
    return values.length > 1 ? [{ flag, values, valueOf }] : [];
  });
}

/** A column for each flag, in place of the variants' titles. */
export function byFlags(flags: readonly SweptFlag[]): Names {
  return {
    headings: flags.map(({ flag }) => flag),
    of: ({ variant }) => flags.map(({ valueOf }) => valueOf(variant)),
  };
}

/** The loss by two flags: a row for each value of the first, a column for each of the second. */
export function gridTable({ variants }: LabFigures, flags: readonly SweptFlag[]): Table | undefined {
  const [rows, columns] = flags;
  if (flags.length !== 2) return undefined;
  const least = Math.min(...variants.flatMap(({ loss }) => loss?.mean ?? []));
  const largest = Math.max(...variants.flatMap(({ loss }) => loss?.mean ?? []));
  const cellOf = (row: string, column: string) => {
    const figures = variants.find(({ variant }) =>
      rows.valueOf(variant) === row && columns.valueOf(variant) === column
    );
    if (!figures?.loss) return { text: figures && figures.diverged.length > 0 ? "diverged" : "–" };
    const { mean } = figures.loss;
    const share = largest > least ? log(mean / least) / log(largest / least) : 0;
    const lost = figures.diverged.length > 0 ? `, ${figures.diverged.length} diverged` : "";
    return { text: formatEstimate(figures.loss) + lost, strong: mean === least, heat: 2 * share - 1 };
  };
  return {
    headings: [`${rows.flag} \\ ${columns.flag}`, ...columns.values],
    rows: rows.values.map((row) => [{ text: row }, ...columns.values.map((column) => cellOf(row, column))]),
  };
}

/** Which variant is best, and which value of each flag. */
export function sweepConclusions(figures: LabFigures, flags: readonly SweptFlag[]): string[] {
  const ranked = figures.variants.filter(({ finished, diverged, loss }) =>
    loss && diverged.length === 0 && finished.length === figures.lab.seeds.length
  ).toSorted((a, b) => a.loss!.mean - b.loss!.mean);
  if (ranked.length < 2) return [];
  return [
    ...differentTexts(flags),
    bestVariant(ranked, figures),
    ...flags.flatMap((flag) => bestValue(flag, flags, figures)),
  ];
}

/** What is said where losses are of different texts or tokens: then the lowest is not the best. */
function differentTexts(flags: readonly SweptFlag[]): string[] {
  const unlike = flags.map(({ flag }) => flag).filter((flag) =>
    OF_TEXTS.some((name) => flag === `--${kebabCase(name)}`)
  );
  if (unlike.length === 0) return [];
  return [
    `Losses with different values of ${
      unlike.join(" and ")
    } do not compare: they are of different texts or tokens.`,
  ];
}

function bestVariant(ranked: readonly VariantFigures[], { lab, optimal }: LabFigures): string {
  const [best, ...others] = ranked;
  const [lowest, ...losses] = ranked.map(({ finished }) => bySeed(finished, comparedValue(optimal)));
  const comparisons = compareWith(lowest, losses, { ratios: optimal });
  const close = others.filter((_, index) => !comparisons[index]!.shown);
  const words = `The lowest loss is ${formatEstimate(best.loss!)} with ${best.variant.title}.`;
  if (lab.seeds.length === 1) return `${words} One seed does not show that it is the best.`;
  if (close.length === 0) return `${words} All others are higher by more than chance explains.`;
  const names = close.slice(0, 4).map(({ variant }) => variant.title).join("; ");
  const more = close.length > 4 ? `; and ${close.length - 4} more` : "";
  return `${words} No difference to it could be shown for ${
    counted(close.length, "variant")
  }: ${names}${more}.`;
}

/**
 * Compares the values of one flag, averaged over those settings of the other flags with which all runs of all values have
 * finished: averages over different settings would not be comparable.
 */
function bestValue(flag: SweptFlag, flags: readonly SweptFlag[], { variants, lab }: LabFigures): string[] {
  const others = flags.filter((other) => other !== flag);
  const settings = Map.groupBy(
    variants,
    ({ variant }) => JSON.stringify(others.map((other) => other.valueOf(variant))),
  );
  const whole = [...settings.values()].filter((group) =>
    group.length === flag.values.length && group.every(({ finished }) => finished.length === lab.seeds.length)
  );
  if (whole.length === 0) return [];
  const averages = flag.values.map((value) => {
    const group = whole.flat().filter(({ variant }) => flag.valueOf(variant) === value)
      .map(({ finished }) => bySeed(finished, ({ loss }) => loss!));
    const losses = new Map(lab.seeds.map((seed) => [seed, mean(group.map((losses) => losses.get(seed)!))]));
    return { value, losses, mean: mean([...losses.values()]) };
  });
  const [best, ...rest] = averages.toSorted((a, b) => a.mean - b.mean);
  const comparisons = compareWith(best.losses, rest.map(({ losses }) => losses), { ratios: false });
  const compared = rest.map(({ value }, index) => {
    const { estimate, shown } = comparisons[index]!;
    const isClose = estimate.kind !== "single" && !shown;
    return `${value}: ${formatEstimate(estimate, formatDifference)}${isClose ? ", no difference shown" : ""}`;
  });
  const averaged = settings.size === 1
    ? ""
    : whole.length === settings.size
    ? `, averaged over the ${settings.size} settings of the other flags`
    : `, averaged over the ${whole.length} of ${settings.size} settings of the other flags with which all runs finished`;
  return [
    `${flag.flag}: the lowest loss is ${formatLoss(best.mean)} with ${best.value}${averaged} (${
      compared.join("; ")
    }).`,
  ];
}
