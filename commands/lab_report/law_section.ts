/**
 * What the report of `lab scaling` says of the law: sentences, a table and a picture.
 *
 * @module
 */
import { scalingPlot } from "../../plots/lab/scaling_plot.ts";
import { counted, formatCount } from "../cli/terminal.ts";
import { formatLoss } from "./conclusions.ts";
import { excessOf, type LabFigures } from "./lab_figures.ts";
import type { Section } from "./lab_sections.ts";
import type { Table } from "./lab_tables.ts";
import { fitScalingLaw, type ScalingLaw } from "./scaling_law.ts";

/** What a law says, and how far it can be trusted, in sentences. */
export function describeLaw(law: ScalingLaw): string[] {
  const { a, b, halfWidth, rSquared, sizes, predictions, table } = law;
  const misses = predictions.filter(({ measured, low, high }) => measured < low || measured > high);
  return [
    verdict(law),
    `The line through the logarithms of ${counted(sizes, "size")}: loss above the optimum = ${
      a.toPrecision(3)
    } · N^−b with ` +
    `b = ${b.toFixed(3)} ± ${halfWidth.toFixed(3)} (95 % interval), R² = ${rSquared.toFixed(4)}.`,
    exponents(table),
    ...predictions.map(({ name, parameters, measured, predicted, error, low, high }) =>
      `Left out and predicted: ${name} (${formatCount(parameters)} parameters), measured ` +
      `${measured.toFixed(4)}, predicted ${predicted.toFixed(4)}: ${signedPercent(error)}; expected within ` +
      `${low.toFixed(4)} to ${high.toFixed(4)}.`
    ),
    ...predictions.length === 0 ? [] : [
      misses.length === 0
        ? "What was measured lies within these intervals, which are as wide as the scatter around the line makes them."
        : `The prediction of ${
          misses.map(({ name }) => name).join(" and ")
        } misses: what was measured lies outside the interval.`,
    ],
  ];
}

/** Whether a single power law holds: neither bends the line, nor is a size further from it than its seeds explain. */
function verdict(law: ScalingLaw): string {
  const { bend, table, isRepeated } = law, isBent = Math.abs(bend.value) > bend.halfWidth;
  const curvature = `the coefficient of (ln N)² is ${signed(bend.value, 3)} ± ${bend.halfWidth.toFixed(3)}`;
  const off = table.filter(({ unexplained }) => unexplained);
  const [worst] = off.toSorted((a, b) => Math.abs(b.error) - Math.abs(a.error));
  const reasons = [
    ...isBent ? [`the points bend (${curvature})`] : [],
    ...worst
      ? [
        `${off.length} of the ${counted(law.sizes, "fitted size")} ${
          off.length === 1 ? "lies" : "lie"
        } further from the line than the seeds explain (the most: ${worst.name}, where the law is off by ${
          signedPercent(worst.error)
        })`,
      ]
      : [],
  ];
  if (reasons.length === 0) {
    const furthest = Math.max(...table.filter(({ fitted }) => fitted).map(({ error }) => Math.abs(error)));
    const found = `no bend could be shown (${curvature}), and sizes lie up to ${
      (100 * furthest).toFixed(1)
    } % from the line`;
    return isRepeated
      ? `A single power law describes these sizes as far as can be told: ${found}, which the seeds explain.`
      : `One seed for each size does not tell whether a single power law holds: ${found}.`;
  }
  return `A single power law does not hold over these sizes: ${
    reasons.join(", and ")
  }. What follows describes them ` +
    `on average, and must not be extended beyond them.${isBent ? parabolaErrors(law) : ""}`;
}

/** How steep the points are from size to size. */
function exponents(table: ScalingLaw["table"]): string {
  const steep = table.flatMap(({ name, exponent }) => exponent === undefined ? [] : [{ name, exponent }])
    .toSorted((a, b) => a.exponent - b.exponent);
  const [least, most] = [steep[0], steep.at(-1)!];
  return `From one size to the next, b is between ${
    exponentText(least.exponent)
  } (up to ${least.name}) and ` +
    `${exponentText(most.exponent)} (up to ${most.name}).`;
}

const exponentText = (exponent: number): string => exponent.toFixed(2).replace("-", "−");

function parabolaErrors({ predictions }: ScalingLaw): string {
  const errors = predictions.map(({ name, parabolaError }) => `${name} by ${signedPercent(parabolaError)}`);
  return errors.length === 0 ? "" : ` A parabola misses ${errors.join(" and ")}.`;
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
      title: lab.title,
      subtitle: `line: ${law.a.toPrecision(3)} · N^−${
        law.b.toFixed(3)
      }; dashed: a parabola through the logarithms`,
      valueTitle: "loss above the optimum (nats a token)",
      law: (parameters) => law.at(parameters).law,
      alternative: (parameters) => law.at(parameters).parabola,
    },
  );
  return {
    ...{ heading, picture: { name: "law", svg } },
    table: lawTable(law),
    texts: [...describeLaw(law), ...without],
    notes: [
      "Losses above the optimum are geometric means over the seeds. Error: the law minus what was measured, as a share of " +
      "it; bold: more than the seeds explain. b: the exponent from the size before to this one.",
    ],
  };
}

/** Every size beside the law, so that a bend can be seen. */
function lawTable({ table, predictions }: ScalingLaw): Table {
  const errorsOfParabola = new Map(predictions.map(({ name, parabolaError }) => [name, parabolaError]));
  return {
    headings: ["size", "parameters", "above the optimum", "by the law", "error", "b", "used"],
    rows: table.map(({ name, parameters, measured, law, error, exponent, fitted, unexplained }) => [
      ...[name, parameters.toLocaleString("en"), formatLoss(measured), formatLoss(law)].map((text) => ({
        text,
      })),
      { text: signedPercent(error), strong: unexplained },
      { text: exponent === undefined ? "–" : exponentText(exponent) },
      { text: fitted ? "fitted" : `predicted; by a parabola ${signedPercent(errorsOfParabola.get(name)!)}` },
    ]),
  };
}
