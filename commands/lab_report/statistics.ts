/**
 * What a few seeds say of a mean, and least squares. Intervals are Student's: with n values, mean ± t · s / √n, where t is
 * the 97.5 % quantile of Student's distribution with n − 1 degrees of freedom. Of two values (t is 12.7) the range is shown
 * in its place. How variants are compared is in comparisons.ts.
 *
 * @module
 */

import { cos, power, sin } from "../../core/math.ts";

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

/**
 * The quantile t of Student's distribution: with so many degrees of freedom a share of `outside`, in both tails together, lies
 * beyond ±t.
 *
 * With t = √degrees · tan θ the share within ±t is a finite sum of sines and cosines of θ, which grows with θ; θ is found by
 * halving an interval.
 */
export function tQuantile(degrees: number, outside: number = 0.05): number {
  if (!(Number.isInteger(degrees) && degrees >= 1 && outside > 0 && outside < 1)) {
    throw new RangeError(
      `No quantile for ${degrees} degrees of freedom and a share of ${outside}: expected a positive integer and a ` +
        "share between 0 and 1",
    );
  }
  let low = 0, high = HALF_PI;
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    if (shareWithin(middle, degrees) < 1 - outside) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * sin(low) / cos(low);
}

const HALF_PI = Math.PI / 2;

/** The share of Student's distribution within ±√degrees · tan θ. */
function shareWithin(angle: number, degrees: number): number {
  const isOdd = degrees % 2 === 1, cosine = cos(angle);
  // odd: 2/π · (θ + sin θ (cos θ + 2/3 cos³ θ + …)); even: sin θ (1 + 1/2 cos² θ + 1·3/(2·4) cos⁴ θ + …)
  let term = isOdd ? cosine : 1, sum = 0;
  for (let power = isOdd ? 1 : 0; power <= degrees - 2; power += 2) {
    sum += term;
    term *= cosine * cosine * (power + 1) / (power + 2);
  }
  return isOdd ? (angle + sin(angle) * sum) / HALF_PI : sin(angle) * sum;
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
