import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  conclusion,
  formatDifference,
  formatEstimate,
  formatLoss,
  formatRatio,
} from "../commands/lab_report/conclusions.ts";
import { type LabFigures, labFigures, type VariantFigures } from "../commands/lab_report/lab_figures.ts";
import type { Comparison } from "../commands/lab_report/comparisons.ts";
import { estimate } from "../commands/lab_report/statistics.ts";
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
  assertEquals([0.45312, 1.8679, 50.7, 1234.5].map(formatRatio), ["0.453", "1.87", "50.7", "1235"]);
});

Deno.test("a large difference: how many times, by how much, and which skill", () => {
  assertMatch(
    concluded({ factors: { recall: 4.5 } }),
    /^The loss above the optimum is 3\.\d times as large \([23]\.\d\d to 3\.\d\d times; \+0\.07\d\d nats a token\); nearly all of the difference \(\d+ %\) is in recall\.$/,
  );
  assertMatch(
    concluded({ factor: 0.6, noise: 0.001 }, [1, 2, 3, 4, 5]),
    /^The loss above the optimum is [34]\d % smaller \(0\.\d{3} to 0\.\d{3} times; −0\.01\d\d .*\); most of the difference \(\d\d %\) is in recall\.$/,
  );
  assertMatch(
    concluded({ factor: 1.2 }),
    /^The loss above the optimum is \d\d % larger \(1\.\d\d to 1\.\d\d times; \+/,
  );
});

Deno.test("several skills are named where one alone is less than half", () => {
  assertMatch(
    concluded({ factors: { recall: 1.5, spelling: 6, wording: 4 }, noise: 0.001 }, [1, 2, 3, 4, 5]),
    /; most of the difference is in (recall|spelling|wording) \(\d\d %\)(, | and )/,
  );
});

Deno.test("a skill that changes the other way is named", () => {
  assertMatch(
    concluded({ factors: { recall: 0.3, spelling: 20 } }),
    /; nearly all .* is in spelling, while recall is better\.$/,
  );
});

Deno.test("what the interval does not support is not said, but what it leaves possible", () => {
  for (const effect of [{}, { noise: 0.4, factor: 1.3 }]) {
    const text = concluded(effect);
    assertMatch(
      text,
      /^No difference could be shown \([+−]0\.\d{4} nats a token\): with 3 seeds, a loss above the optimum from [\d.]+ % smaller to ([\d.]+ % larger|[\d.]+ times as large) cannot be ruled out\.$/,
    );
    assert(!/difference is|recall/.test(text), text);
  }
});

Deno.test("no sentence claims a difference whose interval has equality in it, whatever the figures are", () => {
  for (let trial = 0; trial < 150; trial++) {
    const effects = ["plain", "other", "third"].map((name) => ({
      name: `${name}${trial}`,
      noise: 0.3,
      factor: 1 + trial % 3 / 10,
    }));
    const { lab, results } = madeUpLab(effects, [1, 2, 3].slice(trial % 2));
    const figures = labFigures(lab, results),
      [, other] = figures.variants,
      { estimate: { low, high }, shown } = other.comparison!;
    const text = conclusion(other, figures);
    assertEquals(shown, low > 1 || high < 1);
    assertEquals(/No difference could be shown/.test(text), !shown, text);
    if (/^The loss .* (larger|times as large) /.test(text)) assert(low > 1, text);
    if (/^The loss .* smaller /.test(text)) assert(high < 1, text);
  }
});

Deno.test("one seed says what it found and that this may be chance; two have an interval", () => {
  assertMatch(
    concluded({ factor: 3 }, [1]),
    /^One seed: the loss above the optimum is \d\.\d times as large \(\+0\.\d{4} nats a token\), which may be chance\.$/,
  );
  assertMatch(
    concluded({ factor: 3, noise: 1e-9 }, [1, 2]),
    /^The loss above the optimum is \d\.\d times as large \(2\.\d\d to \d\.\d\d times; \+0\.\d{4} nats a token\);/,
  );
  assertMatch(concluded({ noise: 0.3 }, [1, 2]), /^No difference could be shown \(.*: with 2 seeds, /);
});

Deno.test("what there is to know to read the figures of a variant stands at the end", () => {
  const { lab, results } = madeUpLab([{ name: "plain" }, { name: "other", factor: 3 }]);
  const note = "It has its own learning rate.",
    variants = lab.variants.map((variant) => ({ ...variant, note }));
  const said = (results_: typeof results) => {
    const figures = labFigures({ ...lab, variants }, results_);
    return conclusion(figures.variants[1], figures);
  };
  assertMatch(said(results), / is in recall\. It has its own learning rate\.$/);
  assertEquals(said([]), "No run has finished.");
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
  assertMatch(
    concluded({}, [1, 2, 3], withoutOptimum),
    /^No difference could be shown \([+−]0\.\d{4} nats a token\): with 3 seeds, a loss from 0\.\d{4} nats lower to 0\.\d{4} nats higher cannot be ruled out\.$/,
  );
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
    /^The loss is 0\.03\d\d ± 0\.0\d{3} nats a token above the optimum; most of that \(6\d %\) is in recall\.$/,
  );
  const plain = labFigures(lab, withoutOptimum(results));
  assertMatch(conclusion(plain.variants[0], plain), /^The loss is 0\.13\d\d ± 0\.0\d{3} nats a token\.$/);
  const sweep = labFigures({ ...lab, baseline: undefined }, results);
  assertEquals(sweep.variants.map((variant) => conclusion(variant, sweep)), ["", ""]);
});

/** What is concluded from these figures of a variant, beside a baseline 0.2 above the optimum. */
function saidOf(figures: Partial<VariantFigures>, parts: Readonly<Record<string, Comparison>> = {}): string {
  const { lab, results } = madeUpLab([{ name: "plain" }, { name: "other" }]), made = labFigures(lab, results);
  const [plain, other] = made.variants;
  const baseline: VariantFigures = { ...plain, excess: estimate([0.2]), parameters: 1000 };
  const skills = Object.entries(parts).map(([skill, comparison]) => ({
    ...{ skill, comparison, excess: estimate([1]), weight: 0.1 },
  }));
  const changed: VariantFigures = { ...other, parameters: 1000, skills, ...figures };
  const lab_: LabFigures = { ...made, baseline, variants: [baseline, changed] };
  return conclusion(changed, lab_);
}

/** A ratio with an interval that is a hundredth of it on both sides, unless said otherwise. */
const ratio = (mean: number, difference = 0.1, low = 0.99 * mean, high = 1.01 * mean): Comparison => ({
  ...{ of: "ratio", difference, shown: low > 1 || high < 1 },
  estimate: { mean, low, high, count: 3, kind: "interval" },
});

Deno.test("ratios in words", () => {
  const said = (mean: number) => saidOf({ comparison: ratio(mean) }).match(/optimum is (.*) \(/)![1];
  assertEquals(said(10.6), "11 times as large");
  assertEquals(said(9.94), "9.9 times as large");
  assertEquals(said(1.5), "1.5 times as large");
  assertEquals(said(1.49), "49 % larger");
  assertEquals(said(1.042), "4.2 % larger");
  assertEquals(said(0.4), "60 % smaller");
});

Deno.test("what cannot be ruled out are the ends of the interval", () => {
  assertEquals(
    saidOf({ comparison: ratio(1.34, 0.0168, 0.972, 1.84) }),
    "No difference could be shown (+0.0168 nats a token): with 3 seeds, a loss above the optimum from 2.8 % smaller " +
      "to 1.8 times as large cannot be ruled out.",
  );
  assertMatch(
    saidOf({ comparison: ratio(0.95, -0.002, 0.687, 1.3) }),
    / from 31 % smaller to 30 % larger cannot/,
  );
});

/** What a skill adds that makes a tenth of the characters. */
const adds = (value: number, shown = true): Comparison => ({
  ...ratio(2, 10 * value),
  shown,
});

Deno.test("skills: more than half of the increase, only those that are shown themselves, at most three", () => {
  const said = (parts: Record<string, Comparison>) =>
    saidOf({ comparison: ratio(2, 0.1) }, parts).match(/token\)(.*)\.$/)![1];
  assertEquals(
    said({ recall: adds(0.055), plot: adds(0.045) }),
    "; most of the difference (55 %) is in recall",
  );
  assertEquals(
    said({ recall: adds(0.096), plot: adds(0.004) }),
    "; nearly all of the difference (96 %) is in recall",
  );
  assertEquals(
    said({ plot: adds(0.03), recall: adds(0.04), choice: adds(0.03) }),
    "; most of the difference is in recall (40 %) and plot (30 %)",
  );
  assertEquals(
    said({ a: adds(0.02), b: adds(0.025), c: adds(0.022), d: adds(0.015), e: adds(0.018) }),
    "; most of the difference is in b (25 %), c (22 %) and a (20 %)",
  );
  assertEquals(said({ recall: adds(0.06, false), plot: adds(0.04) }), "", "recall is not shown");
  const even = Object.fromEntries([..."abcdefgh"].map((name) => [name, adds(0.0125)]));
  assertEquals(said(even), "", "no three make half");
});

Deno.test("skills that go the other way are named from a tenth of the difference on, if they are shown", () => {
  const said = (against: Comparison, difference = 0.1) =>
    saidOf({ comparison: ratio(difference > 0 ? 2 : 0.5, difference) }, {
      recall: adds(1.5 * difference),
      plot: against,
    }).match(/token\)(.*)\.$/)![1];
  const words = "; nearly all of the difference (100 %) is in recall";
  assertEquals(said(adds(-0.02)), `${words}, while plot is better`);
  assertEquals(said(adds(0.02), -0.1), `${words}, while plot is worse`);
  assertEquals(said(adds(-0.009)), words);
  assertEquals(said(adds(-0.02, false)), words);
});

Deno.test("parameters are compared where both are known", () => {
  const said = (parameters?: number) =>
    /times the parameters/.test(saidOf({ parameters, comparison: ratio(2) }));
  assertEquals([1120, 1080, 880, 920, undefined].map(said), [true, false, true, false, false]);
});
