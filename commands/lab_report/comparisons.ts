/**
 * Variants compared with a baseline, all of a lab together.
 *
 * The value of a run is taken for a sum: one number of its variant, one of its seed, and chance.
 *
 *     value[v][s] = variant[v] + seed[s] + chance          estimate of v: mean over s of value[v][s] − value[baseline][s]
 *
 * Two or three seeds say little about the chance of one variant, all runs of a lab say much: its variance σ² is estimated from
 * what is left of the values without the numbers of variants and seeds, with (variants − 1) · (seeds − 1) degrees of freedom,
 * and a mean difference over n seeds has the variance 2 σ² / n. For losses above the optimum the values are logarithms, since
 * they vary in proportion to their size, and differences become ratios. Variants do not all vary alike: where the differences
 * of one vary more than that, their own variance takes its place.
 *
 * Of twenty intervals at 95 % one is expected to miss. So the 5 % are divided by the number of comparisons (Bonferroni): if no
 * variant differs from the baseline, at most one lab in about twenty shows any difference. Intervals of each variant for itself
 * do so in every second lab of 16 comparisons: a baseline that happens to be good makes all others look bad.
 *
 * @module
 */
import { exp, log, power } from "../../core/math.ts";
import { type Estimate, mean, tQuantile } from "./statistics.ts";

/** Values of the runs of a variant by their seeds. */
export type BySeed = ReadonlyMap<number, number>;

/** How a variant compares with the baseline, over the seeds that both have. */
export interface Comparison {
  /** The mean difference of the values. */
  readonly difference: number;
  /** What `estimate` is of: the ratio of the values, or their difference. */
  readonly of: "ratio" | "difference";
  /** With an interval that allows for the number of comparisons; of kind `single` where one seed gives none. */
  readonly estimate: Estimate;
  /** Whether the interval excludes that nothing differs: a ratio of 1, or a difference of 0. */
  readonly shown: boolean;
}

/** The chance that any of the intervals of a lab misses. */
const ALL_OUTSIDE = 0.05;

/**
 * Compares groups of runs with a baseline, in ratios if asked for and all values are positive. A group that has no seed in
 * common with it has no comparison. `count` is the number of comparisons that the intervals allow for; those made here unless
 * given.
 */
export function compareWith(
  baseline: BySeed,
  groups: readonly BySeed[],
  { ratios, count }: { readonly ratios: boolean; readonly count?: number },
): (Comparison | undefined)[] {
  const values = [baseline, ...groups].flatMap((group) => [...group.values()]);
  const of = ratios && values.every((value) => value > 0) ? "ratio" : "difference";
  const scaled = (group: BySeed): BySeed =>
    of === "ratio" ? new Map([...group].map(([seed, value]) => [seed, log(value)])) : group;
  const plain = scaled(baseline), compared = groups.map((group) => differences(scaled(group), plain));
  const comparisons = compared.filter(({ length }) => length > 0).length;
  const { variance, degrees } = scatterOf([plain, ...groups.map(scaled)]);
  return compared.map((own, index) => {
    if (own.length === 0) return undefined;
    const center = mean(own), { length } = own;
    const ownVariance = own.reduce((sum, value) => sum + power(value - center, 2), 0) / (length - 1 || 1);
    const half = degrees === 0 ? 0 : tQuantile(degrees, ALL_OUTSIDE / (count ?? comparisons)) *
      Math.sqrt(Math.max(2 * variance, ownVariance) / length);
    const [low, middle, high] = [center - half, center, center + half].map((value) =>
      of === "ratio" ? exp(value) : value
    );
    return {
      ...{ of, difference: mean(differences(groups[index], baseline)) },
      estimate: { mean: middle, low, high, count: length, kind: degrees === 0 ? "single" : "interval" },
      shown: degrees > 0 && Math.abs(center) > half,
    };
  });
}

/** The values minus those of the baseline with the same seed. */
const differences = (group: BySeed, baseline: BySeed): number[] =>
  [...group].flatMap(([seed, value]) => baseline.has(seed) ? [value - baseline.get(seed)!] : []);

/** Rounds of {@linkcode scatterOf}: one is exact where every group has every seed, more are needed where runs are missing. */
const ROUNDS = 200;

/** The variance of values around the sum of a number of their group and one of their seed, at seeds that the first group has. */
export function scatterOf(
  groups: readonly BySeed[],
): { readonly variance: number; readonly degrees: number } {
  const cells = groups.flatMap((group, row) =>
    [...group].filter(([seed]) => groups[0].has(seed)).map(([seed, value]) => ({ row, seed, value }))
  );
  const rows = Map.groupBy(cells, ({ row }) => row), seeds = Map.groupBy(cells, ({ seed }) => seed);
  for (let round = 0; round < ROUNDS; round++) {
    for (const alike of [...rows.values(), ...seeds.values()]) {
      const center = mean(alike.map(({ value }) => value));
      for (const cell of alike) cell.value -= center;
    }
  }
  // one of the numbers is not free: adding to those of all groups takes away from those of all seeds
  const degrees = cells.length - rows.size - seeds.size + 1;
  const sum = cells.reduce((sum, { value }) => sum + value * value, 0);
  return { degrees, variance: degrees > 0 ? sum / degrees : NaN };
}
