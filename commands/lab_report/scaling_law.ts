/**
 * A scaling law: how the loss above the optimum falls with the number of parameters N. Where the optimum is known, no floor
 * need be fitted, and the law has two numbers, which follow from a straight line through logarithms:
 *
 *     loss − optimum = a · N^−b        ln(loss − optimum) = ln a − b · ln N
 *
 * Sizes that are left out of the fit are predicted by it. A parabola through the same logarithms shows whether the points
 * bend, in which case no power law describes them.
 *
 * @module
 */
import { exp, log } from "../../core/math.ts";
import { scalingPlot } from "../../plots/lab/scaling_plot.ts";
import { counted, formatCount } from "../cli/terminal.ts";
import { formatLoss } from "./conclusions.ts";
import { excessOf, type LabFigures } from "./lab_figures.ts";
import type { Section } from "./lab_sections.ts";
import { fitPolynomial, mean } from "./statistics.ts";

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
    ...{ rSquared: line.rSquared, sizes: fitted.length, predictions },
    bend: { value: parabola.coefficients[2], halfWidth: parabola.halfWidths[2] },
    at: (parameters) => {
      const x = log(parameters);
      return { law: exp(line.predict(x).value), parabola: exp(parabola.predict(x).value) };
    },
  };
}

/** What a law says, and how far it can be trusted, in sentences. */
export function describeLaw(law: ScalingLaw): string[] {
  const { a, b, halfWidth, rSquared, sizes, predictions, bend } = law;
  const isBent = Math.abs(bend.value) > bend.halfWidth;
  const curvature = `${signed(bend.value, 3)} ± ${bend.halfWidth.toFixed(3)}`;
  const misses = predictions.filter(({ measured, low, high }) => measured < low || measured > high);
  return [
    `Loss above the optimum = ${a.toPrecision(3)} · N^−b with b = ${b.toFixed(3)} ± ${
      halfWidth.toFixed(3)
    } ` +
    `(95 % interval), R² = ${rSquared.toFixed(4)} of the logarithms, from ${sizes} sizes.`,
    ...predictions.map(({ name, parameters, measured, predicted, error, low, high }) =>
      `Left out and predicted: ${name} (${formatCount(parameters)} parameters), measured ` +
      `${measured.toFixed(4)}, predicted ${predicted.toFixed(4)}: ${signedPercent(error)}; expected within ` +
      `${low.toFixed(4)} to ${high.toFixed(4)}.`
    ),
    ...predictions.length === 0 ? [] : [
      misses.length === 0
        ? "What was measured lies within these intervals."
        : `The law misses ${
          misses.map(({ name }) => name).join(" and ")
        }: what was measured lies outside the ` +
          "interval.",
    ],
    isBent
      ? `The points bend: the coefficient of (ln N)² is ${curvature}, so b depends on the range of sizes and ` +
        "the law must not be extended far beyond it." + parabolaErrors(law)
      : `No bend could be shown: the coefficient of (ln N)² is ${curvature}.`,
  ];
}

function parabolaErrors({ predictions }: ScalingLaw): string {
  const errors = predictions.map(({ name, parabolaError }) => `${name} ${signedPercent(parabolaError)}`);
  return errors.length === 0 ? "" : ` A parabola predicts ${errors.join(", ")}.`;
}

const signed = (value: number, digits: number): string =>
  `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

const signedPercent = (share: number): string => `${signed(100 * share, 1)} %`;

/** The section of a report: the law, its predictions and its picture. Names that the lab does not have are not left out. */
export async function lawSection(
  { lab, variants }: LabFigures,
  leftOut: readonly string[],
): Promise<Section> {
  const heading = "Scaling law";
  const sizes = variants.map(({ variant: { name }, parameters = 0, finished }) => ({
    ...{ name, parameters },
    excess: finished.flatMap((run) => excessOf(run) ?? []).filter((excess) => excess > 0),
  })).filter(({ parameters, excess }) => parameters > 0 && excess.length > 0);
  const predicted = leftOut.filter((wanted) => sizes.some(({ name }) => name === wanted));
  const missing = variants.length - sizes.length;
  const without = missing > 0
    ? [`Left out: ${counted(missing, "size")} without a finished run or a known optimum.`]
    : [];
  if (sizes.length - predicted.length < 4) {
    return { heading, texts: [...without, "No law is fitted: that takes four sizes or more."] };
  }
  const law = fitScalingLaw(sizes, predicted), { predictions } = law;
  const svg = await scalingPlot(
    sizes.map(({ name, parameters, excess }) => {
      const [prediction] = predictions.filter((prediction) => prediction.name === name);
      return {
        ...{ parameters, losses: excess },
        predicted: prediction &&
          { loss: prediction.predicted, label: `predicted: ${signedPercent(prediction.error)}` },
      };
    }),
    {
      title: `${lab.title}: loss above the optimum by size`,
      subtitle: `line: ${law.a.toPrecision(3)} · N^−${
        law.b.toFixed(3)
      }; dashed: a parabola through the logarithms`,
      valueTitle: "loss above the optimum (nats a token)",
      law: (parameters) => law.at(parameters).law,
      alternative: (parameters) => law.at(parameters).parabola,
    },
  );
  const table = {
    headings: [
      "left out",
      "parameters",
      "measured",
      "predicted",
      "error",
      "95 % of such runs",
      "error of a parabola",
    ],
    rows: predictions.map(({ name, parameters, measured, predicted, error, low, high, parabolaError }) =>
      [
        ...[name, parameters.toLocaleString("en"), formatLoss(measured), formatLoss(predicted)],
        ...[signedPercent(error), `${formatLoss(low)} to ${formatLoss(high)}`, signedPercent(parabolaError)],
      ].map((text) => ({ text }))
    ),
  };
  return {
    ...{ heading, picture: { name: "law", svg } },
    ...predictions.length > 0 && { table },
    texts: [...describeLaw(law), ...without],
  };
}
