/**
 * What a few seeds say of a mean, and least squares. Intervals are Student's: with n values, mean ± t · s / √n, where t is
 * the 97.5 % quantile of Student's distribution with n − 1 degrees of freedom. Of two values (t is 12.7) the range is shown
 * in its place.
 *
 * @module
 */

import { power } from "../../core/math.ts";

/** A mean of several values, and what they say of its uncertainty. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** How many values there are. */
  readonly count: number;
  /** What `low` and `high` are: a 95 % interval, the lowest and the highest of two values, or a single value twice. */
  readonly kind: "interval" | "range" | "single";
}

/** Quantiles of Student's distribution at 97.5 %, for 1 to 30 degrees of freedom. */
const T_QUANTILES: readonly number[] = [
  ...[12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281],
  ...[2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086],
  ...[2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423],
];

/** The same of the normal distribution, which Student's approaches. */
const NORMAL_QUANTILE = 1.959964;

/** The 97.5 % quantile of Student's distribution, to four decimals. */
export function tQuantile(degrees: number): number {
  if (!(Number.isInteger(degrees) && degrees >= 1)) {
    throw new RangeError(`No quantile for ${degrees} degrees of freedom: expected a positive integer`);
  }
  if (degrees <= T_QUANTILES.length) return T_QUANTILES[degrees - 1];
  // the beginning of an expansion in 1 / degrees
  const z = NORMAL_QUANTILE;
  return z + (power(z, 3) + z) / (4 * degrees) +
    (5 * power(z, 5) + 16 * power(z, 3) + 3 * z) / (96 * power(degrees, 2));
}

/** The mean of numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle one of numbers in their order, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The mean of one or more values and its interval, or the range of one or two. */
export function estimate(values: readonly number[]): Estimate {
  const count = values.length, center = mean(values);
  if (count < 3) {
    const kind = count === 1 ? "single" : "range";
    return { mean: center, low: Math.min(...values), high: Math.max(...values), count, kind };
  }
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + power(value - center, 2), 0) / (count - 1));
  const half = tQuantile(count - 1) * deviation / Math.sqrt(count);
  return { mean: center, low: center - half, high: center + half, count, kind: "interval" };
}

/** The mean of the differences of values from those of the same seed; none where no seed has both. */
export function pairedDifference(
  values: ReadonlyMap<number, number>,
  baseline: ReadonlyMap<number, number>,
): Estimate | undefined {
  const both = [...values].filter(([seed]) => baseline.has(seed));
  return both.length === 0 ? undefined : estimate(both.map(([seed, value]) => value - baseline.get(seed)!));
}

/**
 * Whether a difference is larger than its uncertainty: zero is outside its 95 % interval, also of two values, whose range alone
 * would leave zero out every second time by chance. One value never shows that.
 */
export function isShown({ mean, low, high, count }: Estimate): boolean {
  if (count === 2) return Math.abs(mean) > tQuantile(1) * (high - low) / 2;
  return count > 2 && (low > 0 || high < 0);
}

/** A polynomial fitted by weighted least squares. */
export interface PolynomialFit {
  /** Coefficients by rising power of x. */
  readonly coefficients: readonly number[];
  /** The 95 % interval of each: coefficient ± this. */
  readonly halfWidths: readonly number[];
  /** The part of the weighted variance that the polynomial explains. */
  readonly rSquared: number;
  /** The value at x, and half of the 95 % interval in which another point of this weight lies there. */
  predict(x: number, weight?: number): { readonly value: number; readonly halfWidth: number };
}

/**
 * Fits a polynomial to points; a point of weight 2 counts as two measurements of one. Needs two more points than the degree, so
 * that their scatter can be measured.
 */
export function fitPolynomial(
  points: readonly { readonly x: number; readonly y: number; readonly weight: number }[],
  degree: number,
): PolynomialFit {
  const size = degree + 1, degrees = points.length - size;
  if (new Set(points.map(({ x }) => x)).size < size + 1) {
    throw new RangeError(
      `Cannot fit a polynomial of degree ${degree} to ${points.length} points: expected at least ` +
        `${size + 1} of different x`,
    );
  }
  // with x measured from its mean the normal equations keep their digits
  const total = points.reduce((sum, { weight }) => sum + weight, 0);
  const centerX = points.reduce((sum, { x, weight }) => sum + weight * x, 0) / total;
  const powers = (x: number): number[] => Array.from({ length: size }, (_, i) => power(x - centerX, i));
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const right = new Array<number>(size).fill(0);
  for (const { x, y, weight } of points) {
    const row = powers(x);
    row.forEach((value, i) => {
      right[i] += weight * value * y;
      row.forEach((other, j) => matrix[i][j] += weight * value * other);
    });
  }
  const inverse = invert(matrix), centered = product(inverse, right);
  const at = (x: number): number => powers(x).reduce((sum, value, i) => sum + value * centered[i], 0);
  const residual = points.reduce((sum, { x, y, weight }) => sum + weight * power(y - at(x), 2), 0);
  const centerY = points.reduce((sum, { y, weight }) => sum + weight * y, 0) / total;
  const variance = points.reduce((sum, { y, weight }) => sum + weight * power(y - centerY, 2), 0);
  const scatter = residual / degrees, t = tQuantile(degrees);
  /** How a linear combination of the centered coefficients varies. */
  const spread = (combination: readonly number[]): number =>
    scatter * product(inverse, combination).reduce((sum, value, i) => sum + value * combination[i], 0);
  // (x − c)^i = Σ_k binomial(i, k) (−c)^(i − k) x^k
  const combinations = Array.from(
    { length: size },
    (_, k) => Array.from({ length: size }, (_, i) => i < k ? 0 : binomial(i, k) * power(-centerX, i - k)),
  );
  return {
    coefficients: combinations.map((row) => row.reduce((sum, value, i) => sum + value * centered[i], 0)),
    halfWidths: combinations.map((row) => t * Math.sqrt(spread(row))),
    rSquared: variance > 0 ? 1 - residual / variance : NaN,
    predict: (x, weight = 1) => ({
      value: at(x),
      halfWidth: t * Math.sqrt(spread(powers(x)) + scatter / weight),
    }),
  };
}

function binomial(n: number, k: number): number {
  return k === 0 ? 1 : binomial(n - 1, k - 1) * n / k;
}

const product = (matrix: readonly number[][], vector: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0));

/** The inverse of a small symmetric positive definite matrix, by Gauss-Jordan elimination. */
function invert(matrix: readonly number[][]): number[][] {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => i === j ? 1 : 0)]);
  for (let pivot = 0; pivot < size; pivot++) {
    const scale = rows[pivot][pivot];
    rows[pivot] = rows[pivot].map((value) => value / scale);
    for (let other = 0; other < size; other++) {
      const factor = rows[other][pivot];
      if (other !== pivot) rows[other] = rows[other].map((value, j) => value - factor * rows[pivot][j]);
    }
  }
  return rows.map((row) => row.slice(size));
}
