import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  estimate,
  fitPolynomial,
  isShown,
  mean,
  median,
  pairedDifference,
  tQuantile,
} from "../commands/lab_report/statistics.ts";

// The expected values are those of scipy 1.17.1 (stats.t.ppf, stats.t.interval, stats.ttest_rel) and statsmodels (WLS).

Deno.test("quantiles of Student's distribution", () => {
  const first = [
    12.706205,
    4.302653,
    3.182446,
    2.776445,
    2.570582,
    2.446912,
    2.364624,
    2.306004,
    2.262157,
    2.228139,
    2.200985,
    2.178813,
    2.160369,
    2.144787,
    2.131450,
    2.119905,
    2.109816,
    2.100922,
    2.093024,
    2.085963,
    2.079614,
    2.073873,
    2.068658,
    2.063899,
    2.059539,
    2.055529,
    2.051831,
    2.048407,
    2.045230,
    2.042272,
  ];
  const later = [[31, 2.039513446], [40, 2.021075390], [60, 2.000297822], [120, 1.979930405], [
    1000,
    1.962339081,
  ]];
  for (const [degrees, expected] of [...first.map((expected, i) => [i + 1, expected]), ...later]) {
    assertAlmostEquals(tQuantile(degrees), expected, 9e-5, `${degrees} degrees of freedom`);
  }
  for (const degrees of [0, -1, 1.5, NaN]) {
    assertThrows(() => tQuantile(degrees), RangeError, "degrees of freedom");
  }
});

Deno.test("mean and median", () => {
  assertAlmostEquals(mean([1, 2, 6]), 3, 1e-15);
  assertEquals(median([5, 1, 2]), 2);
  assertEquals(median([5, 1, 2, 4]), 3);
});

Deno.test("three values and more have an interval, two their range, one only itself", () => {
  const { mean, low, high, count, kind } = estimate([0.213, 0.2188, 0.2101, 0.2211, 0.2049]);
  assertAlmostEquals(mean, 0.21358, 1e-12);
  assertAlmostEquals(low, 0.20544762, 1e-6);
  assertAlmostEquals(high, 0.22171238, 1e-6);
  assertEquals([count, kind], [5, "interval"]);
  assertEquals(estimate([3, 1]), { mean: 2, low: 1, high: 3, count: 2, kind: "range" });
  assertEquals(estimate([3]), { mean: 3, low: 3, high: 3, count: 1, kind: "single" });
});

Deno.test("differences are taken between runs of one seed", () => {
  const variant = new Map([[1, 0.301], [2, 0.295], [7, 0.322], [8, 99]]);
  const baseline = new Map([[7, 0.2101], [2, 0.2188], [1, 0.213], [9, -99]]);
  const { mean, low, high, count } = pairedDifference(variant, baseline)!;
  assertAlmostEquals(mean, 0.0920333333, 1e-9);
  assertAlmostEquals(low, 0.0468504696, 1e-5);
  assertAlmostEquals(high, 0.1372161961, 1e-5);
  assertEquals(count, 3);
  assertEquals(pairedDifference(new Map([[1, 2]]), new Map([[2, 2]])), undefined);
});

Deno.test("a difference is shown if zero is outside its interval or range, and never by one value", () => {
  assert(isShown(estimate([1, 1.1, 0.9])));
  assert(isShown(estimate([-1, -1.1, -0.9])));
  assert(!isShown(estimate([1, -0.1, 0.9])));
  assert(isShown(estimate([0.1, 0.11])));
  assert(isShown(estimate([-0.1, -0.11])));
  assert(!isShown(estimate([0.1, 0.2])), "by chance both have one sign every second time");
  assert(!isShown(estimate([0.1, -0.2])));
  assert(isShown(estimate([1, 1.17])), "12.7062 · 0.17 / 2 is just below the mean");
  assert(!isShown(estimate([1, 1.1725])), "and 12.7062 · 0.1725 / 2 above it");
  assert(!isShown(estimate([0, 0, 0])));
  assert(!isShown({ mean: 1, low: 0, high: 2, count: 3, kind: "interval" }));
  assert(!isShown(estimate([5])));
});

const POINTS = [[4208, 1.3, 3], [11488, 0.9, 3], [43056, 0.46, 2], [120000, 0.24, 3], [436000, 0.15, 3], [
  1026800,
  0.12,
  1,
]].map(([size, loss, weight]) => ({ x: Math.log(size), y: Math.log(loss), weight }));

Deno.test("weighted least squares: coefficients, their intervals, R² and predictions", () => {
  const cases = [
    [
      1,
      [4.21364766320332, -0.47059150048342624],
      [0.7179865485982715, 0.06542261086770776],
      0.9900707685767217,
      [
        -1.6887673527690197,
        0.3146503989342828,
      ],
    ],
    [
      2,
      [5.711036869295942, -0.7541841346563389, 0.013045256955541984],
      [
        6.274116646591279,
        1.1794732920401805,
        0.054133371968220156,
      ],
      0.9916983428741641,
      [-1.6961312539499702, 0.3820217287675267],
    ],
  ] as const;
  for (const [degree, coefficients, halfWidths, rSquared, prediction] of cases) {
    const fit = fitPolynomial(POINTS, degree);
    coefficients.forEach((expected, i) => assertAlmostEquals(fit.coefficients[i], expected, 1e-8));
    halfWidths.forEach((expected, i) => assertAlmostEquals(fit.halfWidths[i], expected, 1e-4 * expected));
    assertAlmostEquals(fit.rSquared, rSquared, 1e-10);
    const { value, halfWidth } = fit.predict(Math.log(280_000), 3);
    assertAlmostEquals(value, prediction[0], 1e-9);
    assertAlmostEquals(halfWidth, prediction[1], 1e-4);
  }
});

Deno.test("an exact line is found whatever the weights are; too few points are refused", () => {
  const line = [1, 2, 5, 9].map((x) => ({ x, y: 3 - 2 * x, weight: x }));
  const { coefficients, halfWidths, rSquared } = fitPolynomial(line, 1);
  assertAlmostEquals(coefficients[0], 3, 1e-12);
  assertAlmostEquals(coefficients[1], -2, 1e-12);
  assertAlmostEquals(halfWidths[1], 0, 1e-10);
  assertAlmostEquals(rSquared, 1, 1e-12);
  assertEquals(fitPolynomial(line.map((point) => ({ ...point, y: 4 })), 1).rSquared, NaN);
  assertThrows(
    () => fitPolynomial(line.slice(0, 2), 1),
    RangeError,
    "Cannot fit a polynomial of degree 1 to 2 points: expected at least 3 of different x",
  );
  assertThrows(() => fitPolynomial([line[0], line[1], line[1]], 1), RangeError, "3 of different x");
});
