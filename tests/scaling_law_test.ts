import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { fitScalingLaw, type MeasuredSize } from "../commands/lab_report/scaling_law.ts";

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

Deno.test("every size beside the law: its error, the exponent up to it, and whether the seeds explain the error", () => {
  const noise = [0.99, 1.01], bump = 1.3;
  const { table, isRepeated } = fitScalingLaw(
    sizes((n) => noise.map((factor) => factor * (n === 43056 ? bump : 1) * 50 * n ** -0.6)),
    ["n1026800"],
  );
  assertEquals(table.map(({ name, fitted }) => [name, fitted]), SIZES.map((n) => [`n${n}`, n < 1e6]));
  assertEquals(isRepeated, true);
  // of 5 sizes with 2 seeds each: t with 5 degrees of freedom and 1 % outside is 4.032; half of ln(1.01 / 0.99) is the deviation / √2
  const reach = 4.0321 * Math.log(1.01 / 0.99) / 2;
  for (const { error, fitted, unexplained, name } of table) {
    assertEquals(unexplained, fitted && Math.abs(Math.log(1 + error)) > reach, name);
  }
  assertEquals(table[2].unexplained, true);
  const [first, second, third] = table;
  assertEquals(first.exponent, undefined);
  assertAlmostEquals(second.exponent!, 0.6, 1e-9);
  assertAlmostEquals(third.exponent!, 0.6 - Math.log(bump) / Math.log(43056 / 11488), 1e-9);
  assertAlmostEquals(third.measured, bump * 50 * 43056 ** -0.6 * Math.sqrt(0.99 * 1.01), 1e-9);
  assertAlmostEquals(third.error, third.law / third.measured - 1, 1e-12);
  const alone = fitScalingLaw(sizes((n) => [(n === 43056 ? bump : 1) * 50 * n ** -0.6]), []);
  assertEquals(alone.isRepeated, false);
  assertEquals(alone.table.filter(({ unexplained }) => unexplained), []);
});
