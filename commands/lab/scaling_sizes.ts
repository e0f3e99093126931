/**
 * The sizes of `lab scaling`: GPTs of two layers and four heads that differ in width alone, so that the law has one cause, and
 * that all learn from the same number of tokens.
 *
 * @module
 */
import type { Variant } from "../lab_report/lab_types.ts";

/** Widths that four heads divide; each size has about 1.6 times the parameters of the one before. */
const WIDTHS = [8, 12, 16, 20, 28, 36, 48, 60, 80, 100, 128, 160, 200];

const COMMON = ["--data=tales", "--preset=tiny", "--layers=2", "--heads=4", "--feed-forward-multiple=4"];

/** Flags of `train` that all sizes have: `default` learns from 1.5 million tokens of the tales, `quick` is for tests. */
export const SCALING_FLAGS = {
  default: [...COMMON, "--steps=3000", "--evaluation-interval=300", "--sample-interval=3000"],
  quick: [
    ...[...COMMON, "--context-length=32", "--steps=20", "--validation-fraction=0.01"],
    ...["--evaluation-interval=10", "--sample-interval=20"],
  ],
} satisfies Record<string, readonly string[]>;

/** Sizes that the law is not fitted to, but predicts: one in the middle and the largest. */
export const SCALING_LEFT_OUT: readonly string[] = ["width-60", "width-200"];

/** Two digits, as settings are typed. */
const short = (value: number): string => String(Number(value.toPrecision(2)));

/**
 * The sizes. A wide model diverges at learning rates that suit a narrow one: 0.4 / width, at most 0.02, was among the best of
 * those tried with 8, 16, 28, 64 and 200 (bench/LOG.md). The standard deviation of the initial weights, 0.8 / √width, is that
 * of `tiny` at its width.
 */
export const SCALING_VARIANTS: readonly Variant[] = WIDTHS.map((width) => ({
  name: `width-${width}`,
  title: `${width} wide`,
  question: "",
  flags: [
    `--model-dim=${width}`,
    `--learning-rate=${short(Math.min(0.02, 0.4 / width))}`,
    `--initial-std=${short(0.8 / Math.sqrt(width))}`,
  ],
}));
