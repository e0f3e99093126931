import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../core/random.ts";
import { type BySeed, compareWith, scatterOf } from "../commands/lab_report/comparisons.ts";

const seeds = (values: Readonly<Record<number, number>>): BySeed =>
  new Map(Object.entries(values).map(([seed, value]) => [Number(seed), value]));

const PLAIN = seeds({ 1: 0.0467, 2: 0.0537, 3: 0.0492 });
const GROUPS = [
  seeds({ 1: 0.0886, 2: 0.0927, 3: 0.0979 }),
  seeds({ 1: 0.0609, 2: 0.0689, 3: 0.0703 }),
  seeds({ 1: 1.3187, 2: 1.2287, 3: 1.7118 }),
];

const figures = (groups: readonly BySeed[], options: Parameters<typeof compareWith>[2], plain = PLAIN) =>
  compareWith(plain, groups, options).map((comparison) => {
    const { estimate: { mean, low, high }, shown } = comparison!;
    return [mean, low, high, shown] as const;
  });

function assertFigures(
  actual: ReturnType<typeof figures>,
  expected: readonly (readonly [number, number, number, boolean])[],
): void {
  actual.forEach(([mean, low, high, shown], index) => {
    const [expectedMean, expectedLow, expectedHigh, expectedShown] = expected[index];
    assertAlmostEquals(mean, expectedMean, 1e-7 * Math.abs(expectedMean) + 1e-8);
    assertAlmostEquals(low, expectedLow, 1e-7 * Math.abs(expectedLow) + 1e-8);
    assertAlmostEquals(high, expectedHigh, 1e-7 * Math.abs(expectedHigh) + 1e-8);
    assertEquals(shown, expectedShown);
  });
}

// The expected values are numpy's least squares with an indicator for each variant and seed, and scipy's stats.t.isf.

Deno.test("ratios: the scatter of all runs in logarithms, or the variant's own where it is larger", () => {
  assertFigures(figures(GROUPS, { ratios: true }), [
    [1.86786991, 1.46528644, 2.3810621, true],
    [1.33714506, 1.04894913, 1.70452203, true],
    [28.22254706, 18.96099285, 42.00793537, true], // its own
  ]);
});

Deno.test("more comparisons make wider intervals, and what was shown may no longer be", () => {
  assertFigures(figures(GROUPS, { ratios: true, count: 24 }), [
    [1.86786991, 1.27553723, 2.73526944, true],
    [1.33714506, 0.91311407, 1.95808712, false],
    [28.22254706, 15.10693989, 52.72491771, true],
  ]);
});

Deno.test("differences, where ratios are not asked for or a value is not positive", () => {
  assertFigures(figures(GROUPS, { ratios: false }), [
    [0.0432, -0.29946645, 0.38586645, false],
    [0.01683333, -0.32583312, 0.35949979, false],
    [1.36986667, 0.87996652, 1.85976681, true],
  ]);
  const below = seeds({ 1: -0.001, 2: 0.002, 3: 0.001 });
  const [comparison] = compareWith(PLAIN, [below], { ratios: true });
  assertEquals(comparison!.of, "difference");
  assertAlmostEquals(comparison!.difference, (0.002 - 0.0467 - 0.0537 - 0.0492) / 3, 1e-12);
});

Deno.test("where runs are missing, only seeds that the baseline has count", () => {
  const plain = seeds({ 1: 0.2, 2: 0.25, 3: 0.21, 4: 0.3 });
  const groups = [
    seeds({ 1: 0.4, 3: 0.5, 4: 0.45 }),
    seeds({ 2: 0.3, 4: 0.33 }),
    seeds({ 1: 0.21, 2: 0.22, 5: 9 }),
  ];
  assertFigures(figures(groups, { ratios: false }, plain), [
    [0.21333333, 0.0510968, 0.37556986, true],
    [0.04, -0.10860004, 0.18860004, false],
    [-0.01, -0.15860004, 0.13860004, false],
  ]);
  assertFigures(figures(groups, { ratios: true }, plain), [
    [1.92585679, 1.12954818, 3.28354685, true],
    [1.14891253, 0.70371014, 1.87577232, false],
    [0.96124919, 0.58876614, 1.56938372, false],
  ]);
  const [first, none, last] = compareWith(plain, [groups[0], seeds({ 7: 1 }), groups[1]], { ratios: false });
  assertEquals(none, undefined, "no seed in common");
  assertEquals([first!.estimate.count, last!.estimate.count], [3, 2]);
  const without = compareWith(plain, [groups[0], groups[1]], { ratios: false });
  assertEquals(first, without[0], "it is not counted as a comparison");
});

Deno.test("the scatter is what is left without the numbers of groups and seeds", () => {
  const group = (effect: number) => seeds({ 1: effect + 0.1, 2: effect - 3, 3: effect + 5 });
  const exact = scatterOf([group(0), group(1), group(-7)]);
  assertEquals(exact.degrees, 4);
  assertAlmostEquals(exact.variance, 0, 1e-25);
  assertEquals(scatterOf([seeds({ 1: 2 }), seeds({ 1: 5 })]), { degrees: 0, variance: NaN });
});

Deno.test("one seed shows nothing, and equal values do not either", () => {
  const [alone] = compareWith(seeds({ 1: 0.1 }), [seeds({ 1: 9 })], { ratios: true });
  assertEquals([alone!.estimate.kind, alone!.shown, alone!.estimate.low], [
    "single",
    false,
    alone!.estimate.mean,
  ]);
  assertAlmostEquals(alone!.estimate.mean, 90, 1e-9);
  const [same] = compareWith(seeds({ 1: 1, 2: 2 }), [seeds({ 1: 1, 2: 2 })], { ratios: false });
  assertEquals(same!.shown, false);
});

Deno.test("labs in which nothing makes a difference show one in about 5 of 100, also where variants vary unlike", () => {
  const drawn = new Random(12, "labs");
  const shareOf = (deviations: readonly number[]): number => {
    let labs = 0;
    for (let trial = 0; trial < 600; trial++) {
      const [plain, ...others] = deviations.map((deviation) =>
        seeds(Object.fromEntries([1, 2, 3].map((seed) => [seed, deviation * drawn.normal()])))
      );
      if (compareWith(plain, others, { ratios: false }).some((comparison) => comparison!.shown)) labs++;
    }
    return labs / 600;
  };
  const alike = shareOf(Array(17).fill(1)), unlike = shareOf(Array.from({ length: 17 }, (_, i) => 1 + i % 5));
  assert(alike > 0.005 && alike < 0.06, `${alike}`);
  assert(unlike > 0.005 && unlike < 0.09, `${unlike}`);
});
