import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { labFigures } from "../commands/lab_report/lab_figures.ts";
import {
  describeLaw,
  fitScalingLaw,
  lawSection,
  type MeasuredSize,
} from "../commands/lab_report/scaling_law.ts";
import { madeUpLab, withoutOptimum } from "./_lab.ts";

const SIZES = [4208, 11488, 43056, 120_000, 436_000, 1_026_800];

const sizes = (excess: (parameters: number) => readonly number[]): MeasuredSize[] =>
  SIZES.map((parameters) => ({ name: `n${parameters}`, parameters, excess: excess(parameters) }));

Deno.test("an exact power law is found, and predicts what was left out", () => {
  const { a, b, halfWidth, rSquared, sizes: count, predictions, bend, at } = fitScalingLaw(
    sizes((parameters) => [50 * parameters ** -0.6]),
    ["n43056", "n1026800"],
  );
  assertAlmostEquals(a, 50, 1e-8);
  assertAlmostEquals(b, 0.6, 1e-12);
  assertAlmostEquals(halfWidth, 0, 1e-8);
  assertAlmostEquals(rSquared, 1, 1e-12);
  assertAlmostEquals(bend.value, 0, 1e-9);
  assertEquals([count, predictions.map(({ name }) => name)], [4, ["n43056", "n1026800"]]);
  for (const { error, parabolaError } of predictions) {
    assertAlmostEquals(error, 0, 1e-9);
    assertAlmostEquals(parabolaError, 0, 1e-8);
  }
  assertAlmostEquals(at(1000).law, 50 * 1000 ** -0.6, 1e-9);
});

// b and its interval, R², the prediction at the largest size and the parabola: statsmodels' WLS of the logarithms
const EXPECTED = {
  b: 0.4857774921,
  halfWidth: 0.0817904830,
  rSquared: 0.9916728141,
  value: -2.3555764111,
  predictedHalf: 0.3969962277,
  bend: -0.0114216297,
  bendHalf: 0.0938368805,
};

Deno.test("measurements with scatter: the figures of statsmodels, sizes weighted by their seeds", () => {
  const measured: MeasuredSize[] = [[1.3, 1.2, 1.4], [0.9, 0.95], [0.46, 0.5, 0.44], [0.24, 0.26, 0.25], [
    0.15,
  ], [0.12, 0.11, 0.1]]
    .map((excess, index) => ({ name: `n${SIZES[index]}`, parameters: SIZES[index], excess }));
  const law = fitScalingLaw(measured, ["n1026800"]), [prediction] = law.predictions;
  for (
    const [actual, expected] of [
      [law.b, EXPECTED.b],
      [law.halfWidth, EXPECTED.halfWidth],
      [law.rSquared, EXPECTED.rSquared],
      [Math.log(prediction.predicted), EXPECTED.value],
      [Math.log(prediction.high / prediction.low) / 2, EXPECTED.predictedHalf],
      [law.bend.value, EXPECTED.bend],
      [law.bend.halfWidth, EXPECTED.bendHalf],
    ]
  ) assertAlmostEquals(actual, expected, 2e-5 * Math.max(1, Math.abs(expected)));
  assertAlmostEquals(prediction.measured, Math.cbrt(0.12 * 0.11 * 0.1), 1e-12, "the geometric mean");
  assertAlmostEquals(prediction.error, prediction.predicted / prediction.measured - 1, 1e-12);
});

Deno.test("what cannot be fitted is refused, with its name", () => {
  const good = sizes((parameters) => [1 / parameters]);
  assertThrows(
    () => fitScalingLaw([...good, { name: "bad", parameters: 5, excess: [0.1, -0.01] }], []),
    RangeError,
    "Cannot fit a scaling law to bad with 0.1, -0.01 above the optimum: expected positive numbers",
  );
  assertThrows(
    () => fitScalingLaw([{ name: "none", parameters: 5, excess: [] }], []),
    RangeError,
    "to none with no losses",
  );
  assertThrows(() => fitScalingLaw(good, ["n1"]), RangeError, "Cannot predict n1: expected one of n4208, ");
  assertThrows(() => fitScalingLaw(good.slice(0, 3), []), RangeError, "degree 2");
});

Deno.test("words: the law, its predictions, whether they hit, and whether the points bend", () => {
  const noise = [1.02, 0.97, 1.01, 0.99, 1.03, 0.98];
  const straight = describeLaw(
    fitScalingLaw(sizes((n) => [50 * n ** -0.6 * noise[SIZES.indexOf(n)]]), ["n43056"]),
  );
  assertMatch(
    straight[0],
    /^Loss above the optimum = \d+\.?\d* · N\^−b with b = 0\.\d{3} ± 0\.\d{3} \(95 % interval\), R² = 0\.99\d\d of the logarithms, from 5 sizes\.$/,
  );
  assertMatch(
    straight[1],
    /^Left out and predicted: n43056 \(43\.1K parameters\), measured 0\.\d{4}, predicted 0\.\d{4}: [+−]\d\.\d %; expected within 0\.\d{4} to 0\.\d{4}\.$/,
  );
  assertEquals(straight[2], "What was measured lies within these intervals.");
  assertMatch(
    straight[3],
    /^No bend could be shown: the coefficient of \(ln N\)² is [+−]0\.\d{3} ± 0\.\d{3}\.$/,
  );
  const floor = (n: number) => [(50 * n ** -0.6 + 0.05) * noise[SIZES.indexOf(n)]];
  const bent = describeLaw(fitScalingLaw(sizes(floor), ["n1026800"]));
  assertStringIncludes(bent.join(" "), "The points bend: the coefficient of (ln N)² is +0.0");
  assertMatch(bent.at(-1)!, /A parabola predicts n1026800 [+−]\d+\.\d %\.$/);
});

Deno.test("a law that misses is said to", () => {
  const jump = (n: number) => [50 * n ** -0.6 * (n > 1e6 ? 3 : 1 + n % 7 / 100)];
  assertStringIncludes(
    describeLaw(fitScalingLaw(sizes(jump), ["n1026800"])).join(" "),
    "The law misses n1026800: what was measured lies outside the interval.",
  );
});

const WIDTHS = [8, 16, 28, 48, 80, 128];
const lab = madeUpLab(
  WIDTHS.map((width) => ({
    name: `width-${width}`,
    parameters: 24 * width ** 2 + 334 * width,
    factor: (40 / width) ** 1.2,
  })),
  [1, 2],
  { kind: "scaling", baseline: undefined },
);

Deno.test("the section of a report: sentences, a table of the predictions, and a picture", async () => {
  const { texts, table, picture } = await lawSection(labFigures(lab.lab, lab.results), [
    "width-48",
    "width-999",
  ]);
  assertMatch(texts![0], /from 5 sizes\.$/);
  assertEquals(table!.rows.map((cells) => cells.slice(0, 2).map(({ text }) => text)), [[
    "width-48",
    "71,328",
  ]]);
  assertEquals(picture!.name, "law");
  assertMatch(picture!.svg, />predicted: [+−]\d+\.\d %<\/text>/);
  assertEquals(
    picture!.svg.match(/parameters: 71.328k; [^"]*kind: left out of the fit/g)!.length,
    2,
    "one for each seed",
  );
  assertEquals(picture!.svg.match(/kind: left out of the fit/g)!.length, 2);
  const all = await lawSection(labFigures(lab.lab, lab.results), []);
  assertMatch(all.texts![0], /from 6 sizes\.$/);
  assertEquals(all.table, undefined);
  assert(!all.texts!.some((text) => text.startsWith("Left out")));
});

Deno.test("sizes without a loss or an optimum are left out and said to; too few make no law", async () => {
  const less = lab.results.filter(({ variant }) => variant !== "width-80");
  const { texts } = await lawSection(labFigures(lab.lab, less), []);
  assertEquals(texts!.at(-1), "Left out: 1 size without a finished run or a known optimum.");
  const { texts: none, picture } = await lawSection(labFigures(lab.lab, withoutOptimum(lab.results)), []);
  assertEquals(none!.at(-1), "No law is fitted: that takes four sizes or more.");
  assert(picture === undefined);
  const three = await lawSection(labFigures(lab.lab, lab.results), ["width-48", "width-80", "width-16"]);
  assertEquals(three.texts, none!.slice(-1), "three sizes remain");
});
