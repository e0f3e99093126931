import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { estimate, fitPolynomial, mean, median, tQuantile } from "../commands/lab_report/statistics.ts";

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
    assertAlmostEquals(tQuantile(degrees), expected, 1e-6, `${degrees} degrees of freedom`);
  }
  const others = [
    [1, 0.2, 3.0776835371752536],
    [2, 0.05 / 16, 17.846590219776253],
    [7, 0.5, 0.7111417780817866],
    [8, 0.05 / 7, 3.5843568620301807],
    [32, 0.05 / 16, 3.196503757072217],
    [33, 0.05 / 96, 3.8452794593215653],
    [1000, 1e-4, 3.906343736701382],
  ];
  for (const [degrees, outside, expected] of others) {
    assertAlmostEquals(tQuantile(degrees, outside), expected, 1e-9 * expected);
  }
  for (const degrees of [0, -1, 1.5, NaN]) {
    assertThrows(() => tQuantile(degrees), RangeError, "degrees of freedom");
  }
  for (const outside of [0, 1, -0.1, NaN]) {
    assertThrows(() => tQuantile(3, outside), RangeError, "between 0 and 1");
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
