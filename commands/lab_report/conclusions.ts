/**
 * One or two sentences for each variant, written from its figures by rules. A sentence says that something differs only
 * where the interval does: otherwise it says how large a difference remains possible.
 *
 * @module
 */
import { counted, formatShare } from "../cli/terminal.ts";
import type { LabFigures, VariantFigures } from "./lab_figures.ts";
import { type Estimate, isShown } from "./statistics.ts";

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
  const { difference, ratio, identical, parameters } = figures;
  if (identical) return ["Changes nothing: every validation loss is the baseline's, to the last bit."];
  if (!difference) return ["Not compared: no seed has finished with both this and the baseline."];
  const { mean, low, high, kind, count } = difference;
  const sentences: string[] = [], above = baseline.excess && baseline.excess.mean > 0 ? ratio : undefined;
  const size = above === undefined
    ? `the loss is ${mean < 0 ? "lower" : "higher"}`
    : `the loss above the optimum is ${times(above)}`;
  const signed = kind === "range"
    ? `${formatDifference(low)} and ${formatDifference(high)} nats a token`
    : `${formatEstimate(difference, formatDifference)} nats a token`;
  if (kind === "single") {
    sentences.push(`One run to compare: ${size} (${signed}); one seed gives no interval.`);
  } else if (isShown(difference)) {
    sentences.push(`${capital(size)} (${signed})${attribution(figures)}.`);
  } else {
    sentences.push(`No difference could be shown: ${signed} with ${count} seeds.`);
    if (above !== undefined && kind === "interval") {
      const share = percent(Math.max(Math.abs(low), Math.abs(high)) / baseline.excess!.mean);
      sentences.push(`Up to ${share} of the baseline's loss above the optimum remain possible.`);
    }
  }
  const share = parameters && baseline.parameters ? parameters / baseline.parameters : 1;
  if (Math.abs(share - 1) >= 0.1) {
    sentences.push(`The model has ${Number(share.toPrecision(2))} times the parameters.`);
  }
  return sentences;
}

const capital = (text: string): string => text[0].toUpperCase() + text.slice(1);

/** A ratio in words: `3.1 times as large`, `12 % larger`, `4.2 % smaller`. */
function times(ratio: number): string {
  if (ratio >= 1.5) return `${ratio < 9.95 ? ratio.toPrecision(2) : Math.round(ratio)} times as large`;
  return `${percent(Math.abs(ratio - 1))} ${ratio < 1 ? "smaller" : "larger"}`;
}

/** A share in two digits: `12 %`, `4.2 %`, `0.3 %`. */
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** Which skills make most of a difference: only those whose own part is larger than its uncertainty. */
function attribution({ difference, skills }: VariantFigures): string {
  const sign = Math.sign(difference!.mean);
  const parts = skills.flatMap(({ skill, contribution }) =>
    contribution ? [{ skill, value: sign * contribution.mean, shown: isShown(contribution) }] : []
  );
  const against = parts.filter(({ value, shown }) => shown && -value > 0.1 * sign * difference!.mean);
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
  if (named.length === 1) return `; ${amount} ${ofWhat} (${formatShare(share)}) is ${named[0].skill}`;
  const list = named.map(({ skill, value }) => `${skill} (${formatShare(value / total)})`);
  return `; ${amount} ${ofWhat} is ${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
}
