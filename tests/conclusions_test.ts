import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  conclusion,
  formatDifference,
  formatEstimate,
  formatLoss,
} from "../commands/lab_report/conclusions.ts";
import { type LabFigures, labFigures, type VariantFigures } from "../commands/lab_report/lab_figures.ts";
import { type Estimate, estimate } from "../commands/lab_report/statistics.ts";
import { type Effect, madeUpLab, withoutOptimum } from "./_lab.ts";

/** What is concluded about the second of two variants. */
function concluded(
  effect: Omit<Effect, "name">,
  seeds: readonly number[] = [1, 2, 3],
  change = withoutNothing,
): string {
  const { lab, results } = madeUpLab([{ name: "plain" }, { name: "other", ...effect }], seeds);
  const figures = labFigures(lab, change(results));
  return conclusion(figures.variants[1], figures);
}

const withoutNothing: typeof withoutOptimum = (results) => [...results];

Deno.test("numbers have a true minus, a sign where they are differences, and no minus zero", () => {
  assertEquals(formatLoss(-0.01234), "−0.0123");
  assertEquals([0.5, -0.5, 0, -0.00001].map(formatDifference), ["+0.5000", "−0.5000", "0.0000", "0.0000"]);
  assertEquals(formatEstimate(estimate([0.213, 0.2188, 0.2101])), "0.2140 ± 0.0110");
  assertEquals(formatEstimate(estimate([0.2, 0.3])), "0.2500 (0.2000 to 0.3000)");
  assertEquals(formatEstimate(estimate([0.2]), formatDifference), "+0.2000");
});

Deno.test("a large difference: how many times, by how much, and which skill", () => {
  assertMatch(
    concluded({ factors: { recall: 4.5 } }),
    /^The loss above the optimum is 3\.\d times as large \(\+0\.07\d\d ± 0\.0\d{3} nats a token\); nearly all of the difference \(\d+ %\) is recall\.$/,
  );
  assertMatch(
    concluded({ factor: 0.6 }),
    /^The loss above the optimum is [34]\d % smaller \(−0\.01\d\d ± .*\); most of the difference \(\d\d %\) is recall\.$/,
  );
  assertMatch(concluded({ factor: 1.2 }), /^The loss above the optimum is \d\d % larger \(\+/);
});

Deno.test("several skills are named where one alone is less than half", () => {
  assertMatch(
    concluded({ factors: { recall: 1.5, spelling: 6, wording: 4 } }),
    /; most of the difference is (recall|spelling|wording) \(\d\d %\)(, | and )/,
  );
});

Deno.test("a skill that changes the other way is named", () => {
  assertMatch(
    concluded({ factors: { recall: 0.3, spelling: 20 } }),
    /; nearly all .* is spelling, while recall is better\.$/,
  );
});

Deno.test("what the interval does not support is not said", () => {
  for (const effect of [{}, { noise: 0.4, factor: 1.3 }]) {
    const text = concluded(effect);
    assertMatch(
      text,
      /^No difference could be shown: [+−]0\.\d{4} ± 0\.\d{4} nats a token with 3 seeds\. Up to [\d.]+ % of the baseline's loss above the optimum remain possible\.$/,
    );
    assert(!/larger|smaller|times|difference is|recall/.test(text), text);
  }
});

Deno.test("no sentence claims a difference whose interval has zero in it, whatever the figures are", () => {
  for (let trial = 0; trial < 150; trial++) {
    const effects = ["plain", "other"].map((name) => ({
      name: `${name}${trial}`,
      noise: 0.3,
      factor: 1 + trial % 3 / 10,
    }));
    const { lab, results } = madeUpLab(effects, [1, 2, 3].slice(trial % 2));
    const figures = labFigures(lab, results),
      [, other] = figures.variants,
      { mean, low, high, count } = other.difference!;
    const text = conclusion(other, figures),
      half = count === 2 ? 12.7062 * (high - low) / 2 : (high - low) / 2;
    assertEquals(
      /No difference could be shown/.test(text),
      Math.abs(mean) <= half,
      `${text} ${JSON.stringify(other.difference)}`,
    );
    if (/larger|times as/.test(text)) assert(mean > half, text);
    if (/smaller/.test(text)) assert(-mean > half, text);
  }
});

Deno.test("one seed says what it found and that it gives no interval; two give both differences", () => {
  assertMatch(
    concluded({ factor: 3 }, [1]),
    /^One run to compare: the loss above the optimum is \d\.\d times as large \(\+0\.\d{4} nats a token\); one seed gives no interval\.$/,
  );
  assertMatch(
    concluded({ factor: 3 }, [1, 2]),
    /^The loss above the optimum is \d\.\d times as large \(\+0\.\d{4} and \+0\.\d{4} nats a token\);/,
  );
  assertMatch(
    concluded({}, [1, 2]),
    /^No difference could be shown: [+−]0\.\d{4} and [+−]0\.\d{4} nats a token with 2 seeds\.$/,
  );
});

Deno.test("runs that diverged come first, and the others are compared", () => {
  assertEquals(
    concluded({ diverged: [1, 2] }, [1, 2]),
    "Diverged with every seed: a loss or gradient after steps 300 to 400 was not finite.",
  );
  assertEquals(
    concluded({ diverged: [1, 2, 3] }),
    "Diverged with every seed: a loss or gradient after steps 300 to 500 was not finite.",
  );
  assertEquals(
    concluded({ diverged: [1] }, [1]),
    "Diverged: a loss or gradient after step 300 was not finite.",
  );
  assertMatch(
    concluded({ diverged: [2], factor: 3 }),
    /^Diverged with 1 of 3 seeds: a loss or gradient after step 400 was not finite\. The loss above the optimum is /,
  );
});

Deno.test("runs that are missing are said", () => {
  assertEquals(
    concluded({}, [1, 2], (results) => results.filter(({ variant }) => variant === "plain")),
    "No run has finished.",
  );
  assertMatch(
    concluded({ factor: 3 }, [1, 2, 3], (results) => results.slice(0, -1)),
    /^1 of 3 runs did not finish\. The loss above/,
  );
  assertMatch(
    concluded(
      {},
      [1, 2],
      (results) => results.filter(({ variant, seed }) => (variant === "plain") === (seed === 1)),
    ),
    /^1 of 2 runs did not finish\. Not compared: no seed has finished with both this and the baseline\.$/,
  );
});

Deno.test("without an optimum the loss is higher or lower", () => {
  assertMatch(
    concluded({ factor: 2 }, [1, 2, 3], withoutOptimum),
    /^The loss is higher \(\+0\.03\d\d ± 0\.0\d{3} nats a token\)\.$/,
  );
  assertMatch(concluded({ factor: 0.5 }, [1, 2, 3], withoutOptimum), /^The loss is lower \(−/);
  assertMatch(concluded({}, [1, 2, 3], withoutOptimum), /^No difference could be shown: .* with 3 seeds\.$/);
});

Deno.test("a variant with the bits of the baseline changes nothing", () => {
  const same = concluded({}, [1, 2], (results) => {
    const plain = results.filter(({ variant }) => variant === "plain");
    return [...plain, ...plain.map((result) => ({ ...result, variant: "other" }))];
  });
  assertEquals(same, "Changes nothing: every validation loss is the baseline's, to the last bit.");
});

Deno.test("another number of parameters is said, from a tenth on", () => {
  assertStringIncludes(concluded({ parameters: 35_264 }), "The model has 0.29 times the parameters.");
  assert(!concluded({ parameters: 122_880 }).includes("parameters"));
});

Deno.test("the baseline: its own loss, and what most of it is", () => {
  const { lab, results } = madeUpLab([{ name: "plain" }, { name: "other" }]),
    figures = labFigures(lab, results);
  assertMatch(
    conclusion(figures.variants[0], figures),
    /^The loss is 0\.03\d\d ± 0\.0\d{3} nats a token above the optimum; most of that \(6\d %\) is recall\.$/,
  );
  const plain = labFigures(lab, withoutOptimum(results));
  assertMatch(conclusion(plain.variants[0], plain), /^The loss is 0\.13\d\d ± 0\.0\d{3} nats a token\.$/);
  const sweep = labFigures({ ...lab, baseline: undefined }, results);
  assertEquals(sweep.variants.map((variant) => conclusion(variant, sweep)), ["", ""]);
});

/** What is concluded from these figures of a variant, beside a baseline 0.2 above the optimum. */
function saidOf(
  figures: Partial<VariantFigures>,
  contributions: Readonly<Record<string, Estimate>> = {},
): string {
  const { lab, results } = madeUpLab([{ name: "plain" }, { name: "other" }]), made = labFigures(lab, results);
  const [plain, other] = made.variants;
  const baseline: VariantFigures = { ...plain, excess: estimate([0.2]), parameters: 1000 };
  const skills = Object.entries(contributions).map(([skill, contribution]) => ({
    ...{ skill, contribution, excess: estimate([1]), weight: 0.1 },
  }));
  const changed: VariantFigures = { ...other, ratio: 2, parameters: 1000, skills, ...figures };
  const lab_: LabFigures = { ...made, baseline, variants: [baseline, changed] };
  return conclusion(changed, lab_);
}

const around = (mean: number, half: number = 0.001): Estimate => ({
  ...{ mean, low: mean - half, high: mean + half, count: 3, kind: "interval" },
});

Deno.test("ratios in words", () => {
  const said = (ratio: number, mean: number) =>
    saidOf({ ratio, difference: around(mean) }).match(/optimum is (.*) \(/)![1];
  assertEquals(said(10.6, 2), "11 times as large");
  assertEquals(said(9.94, 2), "9.9 times as large");
  assertEquals(said(1.5, 2), "1.5 times as large");
  assertEquals(said(1.49, 2), "49 % larger");
  assertEquals(said(1.042, 2), "4.2 % larger");
  assertEquals(said(0.4, -2), "60 % smaller");
});

Deno.test("what remains possible is the end of the interval that is further from zero", () => {
  assertMatch(
    saidOf({ difference: around(0.01, 0.03) }),
    /shown: \+0\.0100 ± 0\.0300 .* Up to 20 % of the baseline's/,
  );
  assertMatch(saidOf({ difference: around(-0.005, 0.006) }), / Up to 5\.5 % of the baseline's/);
});

Deno.test("skills: more than half of the increase, only those that are shown themselves, at most three", () => {
  const said = (parts: Record<string, Estimate>, mean = 0.1) =>
    saidOf({ difference: around(mean) }, parts).match(/token\)(.*)\.$/)![1];
  assertEquals(
    said({ recall: around(0.055), plot: around(0.045) }),
    "; most of the difference (55 %) is recall",
  );
  assertEquals(
    said({ recall: around(0.096), plot: around(0.004) }),
    "; nearly all of the difference (96 %) is recall",
  );
  assertEquals(
    said({ plot: around(0.03), recall: around(0.04), choice: around(0.03) }),
    "; most of the difference is recall (40 %) and plot (30 %)",
  );
  assertEquals(
    said({ a: around(0.02), b: around(0.025), c: around(0.022), d: around(0.015), e: around(0.018) }),
    "; most of the difference is b (25 %), c (22 %) and a (20 %)",
  );
  assertEquals(said({ recall: around(0.06, 0.07), plot: around(0.04) }), "", "recall is not shown");
  const even = Object.fromEntries([..."abcdefgh"].map((name) => [name, around(0.0125)]));
  assertEquals(said(even), "", "no three make half");
});

Deno.test("skills that go the other way are named from a tenth of the difference on, if they are shown", () => {
  const said = (against: Estimate, mean = 0.1) =>
    saidOf({ difference: around(mean) }, { recall: around(1.5 * mean), plot: against }).match(
      /token\)(.*)\.$/,
    )![1];
  assertEquals(said(around(-0.02)), "; nearly all of the difference (100 %) is recall, while plot is better");
  assertEquals(
    said(around(0.02), -0.1),
    "; nearly all of the difference (100 %) is recall, while plot is worse",
  );
  assertEquals(said(around(-0.009)), "; nearly all of the difference (100 %) is recall");
  assertEquals(said(around(-0.02, 0.03)), "; nearly all of the difference (100 %) is recall");
});

Deno.test("parameters are compared where both are known", () => {
  const said = (parameters?: number) =>
    /times the parameters/.test(saidOf({ parameters, difference: around(0.1) }));
  assertEquals([1120, 1080, 880, 920, undefined].map(said), [true, false, true, false, false]);
});
