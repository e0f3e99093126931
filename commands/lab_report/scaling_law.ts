/**
 * A scaling law: how the loss above the optimum falls with the number of parameters N. Where the optimum is known, no floor
 * need be fitted, and the law has two numbers, which follow from a straight line through logarithms:
 *
 *     loss − optimum = a · N^−b        ln(loss − optimum) = ln a − b · ln N
 *
 * Sizes that are left out of the fit are predicted by it. Two tests say whether the points lie on a line at all. A parabola
 * through the same logarithms shows whether they bend. And the seeds of one size show how far chance moves a point: where
 * one is further from the line than that, no power law describes the sizes, however good its R².
 *
 * @module
 */
import { exp, log } from "../../core/math.ts";
import { fitPolynomial, mean, tQuantile } from "./statistics.ts";

/** What was measured with one size. */
export interface MeasuredSize {
  readonly name: string;
  readonly parameters: number;
  /** Loss above the optimum with each seed. */
  readonly excess: readonly number[];
}

/** A size that the law was not fitted to. */
export interface Prediction {
  readonly name: string;
  readonly parameters: number;
  /** The geometric mean over the seeds. */
  readonly measured: number;
  readonly predicted: number;
  /** Predicted minus measured as a share of measured. */
  readonly error: number;
  /** Where 95 % of such measurements should lie, if the law holds. */
  readonly low: number;
  readonly high: number;
  /** The same error of the parabola. */
  readonly parabolaError: number;
}

/** A size beside the law. */
export interface SizeByLaw {
  readonly name: string;
  readonly parameters: number;
  /** The geometric mean over the seeds. */
  readonly measured: number;
  /** What the law has there. */
  readonly law: number;
  /** The law minus what was measured, as a share of that. */
  readonly error: number;
  /** b between the next smaller size and this one. */
  readonly exponent?: number;
  readonly fitted: boolean;
  /** Whether the seeds do not explain the error: it is beyond a 95 % interval that allows for all fitted sizes. */
  readonly unexplained: boolean;
}

/** A law fitted to measurements. */
export interface ScalingLaw {
  readonly a: number;
  readonly b: number;
  /** The 95 % interval of b: b ± this. */
  readonly halfWidth: number;
  /** Of the straight line through the logarithms. */
  readonly rSquared: number;
  /** How many sizes it was fitted to. */
  readonly sizes: number;
  readonly predictions: readonly Prediction[];
  /** All sizes, by their parameters. */
  readonly table: readonly SizeByLaw[];
  /** Whether a fitted size has several seeds, so that it is known how far chance moves a point. */
  readonly isRepeated: boolean;
  /** The coefficient of (ln N)² of the parabola, ± the 95 % interval: 0 if a power law holds. */
  readonly bend: { readonly value: number; readonly halfWidth: number };
  /** The loss above the optimum by the law and by the parabola. */
  at(parameters: number): { readonly law: number; readonly parabola: number };
}

/** Fits the law to all sizes but those left out, by their names, and predicts these. */
export function fitScalingLaw(sizes: readonly MeasuredSize[], leftOut: readonly string[]): ScalingLaw {
  for (const { name, excess } of sizes) {
    if (excess.length === 0 || excess.some((value) => !(value > 0 && value < Infinity))) {
      throw new RangeError(
        `Cannot fit a scaling law to ${name} with ${excess.join(", ") || "no losses"} above the optimum: ` +
          "expected positive numbers, whose logarithms are fitted",
      );
    }
  }
  const missing = leftOut.find((wanted) => sizes.every(({ name }) => name !== wanted));
  if (missing !== undefined) {
    throw new RangeError(
      `Cannot predict ${missing}: expected one of ${sizes.map(({ name }) => name).join(", ")}`,
    );
  }
  // a mean over more seeds is more certain
  const points = sizes.map(({ name, parameters, excess }) => ({
    ...{ name, parameters, x: log(parameters) },
    ...{ y: mean(excess.map(log)), weight: excess.length },
  }));
  const fitted = points.filter(({ name }) => !leftOut.includes(name));
  const line = fitPolynomial(fitted, 1), parabola = fitPolynomial(fitted, 2);
  const reach = reachOfSeeds(sizes.filter(({ name }) => !leftOut.includes(name)));
  const sorted = points.toSorted((a, b) => a.x - b.x);
  const table = sorted.map(({ name, parameters, x, y, weight }, index): SizeByLaw => {
    const { value } = line.predict(x), before = sorted[index - 1], isFitted = !leftOut.includes(name);
    return {
      ...{ name, parameters, measured: exp(y), law: exp(value), error: exp(value - y) - 1, fitted: isFitted },
      ...before && before.x < x && { exponent: (before.y - y) / (x - before.x) },
      unexplained: isFitted && Math.abs(value - y) > reach / Math.sqrt(weight),
    };
  });
  const predictions = points.filter(({ name }) => leftOut.includes(name))
    .map(({ name, parameters, x, y, weight }) => {
      const { value, halfWidth } = line.predict(x, weight);
      return {
        ...{ name, parameters, measured: exp(y), predicted: exp(value) },
        error: exp(value - y) - 1,
        ...{ low: exp(value - halfWidth), high: exp(value + halfWidth) },
        parabolaError: exp(parabola.predict(x).value - y) - 1,
      };
    });
  return {
    ...{ a: exp(line.coefficients[0]), b: -line.coefficients[1], halfWidth: line.halfWidths[1] },
    ...{ rSquared: line.rSquared, sizes: fitted.length, predictions, table, isRepeated: reach < Infinity },
    bend: { value: parabola.coefficients[2], halfWidth: parabola.halfWidths[2] },
    at: (parameters) => {
      const x = log(parameters);
      return { law: exp(line.predict(x).value), parabola: exp(parabola.predict(x).value) };
    },
  };
}

/**
 * How far chance moves the logarithm of a run of any of these sizes, by how much those of one size differ; infinitely far where
 * each has one seed. A mean over n seeds moves 1 / √n of it.
 */
function reachOfSeeds(sizes: readonly MeasuredSize[]): number {
  const groups = sizes.map(({ excess }) => excess.map(log));
  const degrees = groups.reduce((sum, { length }) => sum + length - 1, 0);
  if (degrees === 0) return Infinity;
  const squares = groups.flatMap((group) =>
    group.map((value) => (value - mean(group)) * (value - mean(group)))
  );
  const variance = squares.reduce((sum, square) => sum + square, 0) / degrees;
  return tQuantile(degrees, 0.05 / groups.length) * Math.sqrt(variance);
}
