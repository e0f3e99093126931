import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { labFigures } from "../commands/lab_report/lab_figures.ts";
import { describeLaw, lawSection } from "../commands/lab_report/law_section.ts";
import { fitScalingLaw, type MeasuredSize } from "../commands/lab_report/scaling_law.ts";
import { madeUpLab, withoutOptimum } from "./_lab.ts";

const SIZES = [4208, 11488, 43056, 120_000, 436_000, 1_026_800];

const sizes = (excess: (parameters: number) => readonly number[]): MeasuredSize[] =>
  SIZES.map((parameters) => ({ name: `n${parameters}`, parameters, excess: excess(parameters) }));

const NOISE = [1.02, 0.97, 1.01, 0.99, 1.03, 0.98];

Deno.test("words: whether a power law holds, its line, its exponents, its predictions, and whether they hit", () => {
  const [verdict, line, exponents, prediction, hit] = describeLaw(
    fitScalingLaw(sizes((n) => [50 * n ** -0.6 * NOISE[SIZES.indexOf(n)]]), ["n43056"]),
  );
  assertMatch(
    verdict,
    /^One seed for each size does not tell whether a single power law holds: no bend could be shown \(the coefficient of \(ln N\)² is [+−]0\.\d{3} ± 0\.\d{3}\), and sizes lie up to \d\.\d % from the line\.$/,
  );
  assertMatch(
    line,
    /^The line through the logarithms of 5 sizes: loss above the optimum = \d+\.?\d* · N\^−b with b = 0\.\d{3} ± 0\.\d{3} \(95 % interval\), R² = 0\.99\d\d\.$/,
  );
  assertMatch(
    exponents,
    /^From one size to the next, b is between 0\.5\d \(up to n\d+\) and 0\.6\d \(up to n\d+\)\.$/,
  );
  assertMatch(
    prediction,
    /^Left out and predicted: n43056 \(43\.1K parameters\), measured 0\.\d{4}, predicted 0\.\d{4}: [+−]\d\.\d %; expected within 0\.\d{4} to 0\.\d{4}\.$/,
  );
  assertMatch(hit, /^What was measured lies within these intervals, /);
});

Deno.test("words: points that bend, and their parabola", () => {
  const floor = (n: number) => [(50 * n ** -0.6 + 0.05) * NOISE[SIZES.indexOf(n)]];
  const [verdict] = describeLaw(fitScalingLaw(sizes(floor), ["n1026800"]));
  assertMatch(
    verdict,
    /^A single power law does not hold over these sizes: the points bend \(the coefficient of \(ln N\)² is \+0\.0\d\d ± 0\.0\d\d\)\. What follows describes them on average, and must not be extended beyond them\. A parabola misses n1026800 by [+−]\d+\.\d %\.$/,
  );
});

Deno.test("words: sizes further from the line than their seeds explain, though no parabola describes the points", () => {
  const kink = (factor: number, n: number) => factor * 50 * n ** -0.6 * (n === 43056 ? 1.5 : 1);
  const [verdict] = describeLaw(
    fitScalingLaw(sizes((n) => [0.99, 1.01, 1].map((factor) => kink(factor, n))), []),
  );
  assertMatch(
    verdict,
    /^A single power law does not hold over these sizes: \d of the 6 fitted sizes lie further from the line than the seeds explain \(the most: n43056, where the law is off by −\d\d\.\d %\)\. What follows/,
  );
  const straight = describeLaw(
    fitScalingLaw(sizes((n) => NOISE.slice(0, 4).map((factor) => factor * 50 * n ** -0.6)), []),
  );
  assertMatch(
    straight[0],
    /^A single power law describes these sizes as far as can be told: .*, which the seeds explain\.$/,
  );
});

Deno.test("words: an exponent below 0 has a true minus", () => {
  const rise = (n: number) => [n === 436_000 ? 1 : 50 * n ** -0.6];
  assertMatch(
    describeLaw(fitScalingLaw(sizes(rise), []))[2],
    / b is between −\d\.\d\d \(up to n436000\) and /,
  );
});

Deno.test("a law that misses is said to", () => {
  const jump = (n: number) => [50 * n ** -0.6 * (n > 1e6 ? 3 : 1 + n % 7 / 100)];
  assertStringIncludes(
    describeLaw(fitScalingLaw(sizes(jump), ["n1026800"])).join(" "),
    "The prediction of n1026800 misses: what was measured lies outside the interval.",
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
  const { texts, table, picture, notes } = await lawSection(labFigures(lab.lab, lab.results), [
    "width-48",
    "width-999",
  ]);
  assertStringIncludes(texts![1], "of 5 sizes: ");
  assertEquals(table!.headings[4], "error");
  assertEquals(table!.rows.map(([{ text }]) => text), WIDTHS.map((width) => `width-${width}`));
  assertEquals(table!.rows[3][1].text, "71,328");
  assertMatch(table!.rows[3][4].text, /^[+−]\d+\.\d %$/);
  assertMatch(table!.rows[3][6].text, /^predicted; by a parabola [+−]\d+\.\d %$/);
  assertEquals(table!.rows.filter((cells) => cells[6].text === "fitted").length, 5);
  assertEquals(notes!.length, 1);
  assertEquals(picture!.name, "law");
  assertMatch(picture!.svg, />predicted: [+−]\d+\.\d %<\/text>/);
  assertEquals(
    picture!.svg.match(/parameters: 71.328k; [^"]*kind: left out of the fit/g)!.length,
    2,
    "one for each seed",
  );
  assertEquals(picture!.svg.match(/kind: left out of the fit/g)!.length, 2);
  const all = await lawSection(labFigures(lab.lab, lab.results), []);
  assertStringIncludes(all.texts![1], "of 6 sizes: ");
  assertEquals(all.table!.rows.filter((cells) => cells[6].text !== "fitted"), []);
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

Deno.test("errors that the seeds do not explain are bold", async () => {
  const { lab: made, results } = madeUpLab(
    WIDTHS.map((width) => ({
      name: `width-${width}`,
      parameters: 24 * width ** 2 + 334 * width,
      factor: (40 / width) ** 1.2 * (width === 28 ? 2 : 1),
      noise: 0.01,
    })),
    [1, 2, 3],
    { kind: "scaling", baseline: undefined },
  );
  const { table } = await lawSection(labFigures(made, results), ["width-48"]);
  const bold = new Map(table!.rows.map(([{ text }, , , , { strong }]) => [text, strong]));
  assertEquals([bold.get("width-28"), bold.get("width-48")], [true, false]);
});
