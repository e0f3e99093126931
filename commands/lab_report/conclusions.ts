/**
 * One to three sentences for each variant, written from its figures by rules. A sentence says that something differs only
 * where the comparison shows it: otherwise it says which differences the runs do not rule out.
 *
 * @module
 */
import { counted, formatShare } from "../cli/terminal.ts";
import type { LabFigures, VariantFigures } from "./lab_figures.ts";
import type { Comparison } from "./comparisons.ts";
import type { Estimate } from "./statistics.ts";

/** A loss, such as `0.2136`. */
export function formatLoss(loss: number): string {
  return loss.toFixed(4).replace("-", "−");
}

/** A difference of losses, such as `+0.0920` or `−0.0010`. */
export function formatDifference(difference: number): string {
  const text = formatLoss(difference);
  return /[1-9]/.test(text) ? text.replace(/^(?!−)/, "+") : "0.0000";
}

/** A mean and what surrounds it: `0.2136 ± 0.0081`, of two values `0.2136 (0.2101 to 0.2170)`. */
export function formatEstimate(
  { mean, low, high, kind }: Estimate,
  format: (value: number) => string = formatLoss,
): string {
  if (kind === "single") return format(mean);
  if (kind === "range") return `${format(mean)} (${format(low)} to ${format(high)})`;
  return `${format(mean)} ± ${formatLoss((high - low) / 2)}`;
}

/** What is concluded about a variant; without a baseline only runs that diverged or are missing. */
export function conclusion(figures: VariantFigures, { lab, baseline }: LabFigures): string {
  const { finished, diverged, missing } = figures, seeds = lab.seeds.length;
  const sentences: string[] = [];
  if (diverged.length > 0) {
    const which = diverged.length < seeds
      ? ` with ${diverged.length} of ${seeds} seeds`
      : seeds > 1
      ? " with every seed"
      : "";
    sentences.push(`Diverged${which}: a loss or gradient after ${steps(diverged)} was not finite.`);
  }
  if (missing === seeds) return "No run has finished.";
  if (missing > 0) sentences.push(`${missing} of ${counted(seeds, "run")} did not finish.`);
  if (finished.length > 0) {
    if (figures === baseline) sentences.push(aboutBaseline(figures));
    else if (baseline) sentences.push(...aboutDifference(figures, baseline));
    if (figures.variant.note) sentences.push(figures.variant.note);
  }
  return sentences.join(" ");
}

/** The last steps of runs that diverged, as `step 40` or `steps 40 to 81`. */
function steps(diverged: VariantFigures["diverged"]): string {
  const last = diverged.map(({ steps }) => steps), low = Math.min(...last), high = Math.max(...last);
  return low === high ? `step ${low}` : `steps ${low} to ${high}`;
}

function aboutBaseline({ loss, excess, skills }: VariantFigures): string {
  if (!excess) return `The loss is ${formatEstimate(loss!)} nats a token.`;
  const parts = skills.map(({ skill, excess, weight }) => ({ skill, value: excess.mean * weight }));
  return `The loss is ${formatEstimate(excess)} nats a token above the optimum${most(parts, "of that")}.`;
}

function aboutDifference(figures: VariantFigures, baseline: VariantFigures): string[] {
  const { comparison, identical, parameters } = figures;
  if (identical) return ["Changes nothing: every validation loss is the baseline's, to the last bit."];
  if (!comparison) return ["Not compared: no seed has finished with both this and the baseline."];
  const sentences = [
    comparison.estimate.kind === "single"
      ? `One seed: ${sizeOf(comparison)} (${nats(comparison)}), which may be chance.`
      : comparison.shown
      ? `${capital(sizeOf(comparison))} (${interval(comparison)})${attribution(figures)}.`
      : `No difference could be shown (${nats(comparison)}): with ${
        counted(comparison.estimate.count, "seed")
      }, ${possible(comparison)} cannot be ruled out.`,
  ];
  const share = parameters && baseline.parameters ? parameters / baseline.parameters : 1;
  if (Math.abs(share - 1) >= 0.1) {
    sentences.push(`The model has ${Number(share.toPrecision(2))} times the parameters.`);
  }
  return sentences;
}

/** A difference that is shown, or that one run found. */
function sizeOf({ of, estimate: { mean } }: Comparison): string {
  if (of === "ratio") return `the loss above the optimum is ${times(mean)}`;
  return `the loss is ${mean < 0 ? "lower" : "higher"}`;
}

const nats = ({ difference }: Comparison): string => `${formatDifference(difference)} nats a token`;

/** The interval of a ratio with the difference in nats, or that of the difference. */
function interval(comparison: Comparison): string {
  const { of, estimate } = comparison;
  if (of === "difference") return `${formatEstimate(estimate, formatDifference)} nats a token`;
  return `${formatRatio(estimate.low)} to ${formatRatio(estimate.high)} times; ${nats(comparison)}`;
}

/** What an interval has between its ends, where it has no difference, too. */
function possible({ of, estimate: { low, high } }: Comparison): string {
  if (of === "ratio") return `a loss above the optimum from ${times(low)} to ${times(high)}`;
  return `a loss from ${formatLoss(-low)} nats lower to ${formatLoss(high)} nats higher`;
}

/** A ratio, such as `0.453`, `1.87` or `51.0`. */
export function formatRatio(ratio: number): string {
  return ratio < 999.5 ? ratio.toPrecision(3) : String(Math.round(ratio));
}

const capital = (text: string): string => text[0].toUpperCase() + text.slice(1);

/** A ratio in words: `3.1 times as large`, `12 % larger`, `4.2 % smaller`. */
function times(ratio: number): string {
  if (ratio >= 1.5) return `${ratio < 9.95 ? ratio.toPrecision(2) : Math.round(ratio)} times as large`;
  return `${percent(Math.abs(ratio - 1))} ${ratio < 1 ? "smaller" : "larger"}`;
}

/** A share in two digits: `12 %`, `4.2 %`, `0.3 %`. */
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** Which skills make most of a difference: only those that differ themselves. A skill adds its difference times its share. */
function attribution({ comparison, skills }: VariantFigures): string {
  const difference = comparison!.difference, sign = Math.sign(difference);
  const parts = skills.flatMap(({ skill, weight, comparison }) =>
    comparison ? [{ skill, value: sign * weight * comparison.difference, shown: comparison.shown }] : []
  );
  const against = parts.filter(({ value, shown }) => shown && -value > 0.1 * sign * difference);
  const words = most(parts, "of the difference");
  const other = against.map(({ skill }) => skill).join(" and ");
  return other === "" ? words : `${words}, while ${other} is ${sign > 0 ? "better" : "worse"}`;
}

/** `; most of that (64 %) is recall`, for up to three parts that make more than half of all that are positive. */
function most(
  parts: readonly { readonly skill: string; readonly value: number; readonly shown?: boolean }[],
  ofWhat: string,
): string {
  const positive = parts.filter(({ value }) => value > 0).toSorted((a, b) => b.value - a.value);
  const total = positive.reduce((sum, { value }) => sum + value, 0), named: typeof positive = [];
  let share = 0;
  for (const part of positive.slice(0, 3)) {
    if (share > 0.5 || part.shown === false) break;
    named.push(part);
    share += part.value / total;
  }
  if (share <= 0.5) return "";
  const amount = share >= 0.95 ? "nearly all" : "most";
  if (named.length === 1) return `; ${amount} ${ofWhat} (${formatShare(share)}) is in ${named[0].skill}`;
  const list = named.map(({ skill, value }) => `${skill} (${formatShare(value / total)})`);
  return `; ${amount} ${ofWhat} is in ${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
}
