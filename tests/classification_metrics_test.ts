import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { accuracyOf, classMetrics, confusionMatrix, macroF1 } from "../training/classification_metrics.ts";

/** Ten texts of three classes, and one class without texts; the figures below are counted by hand. */
const actual = [0, 0, 0, 1, 1, 2, 2, 2, 2, 0], predicted = [0, 1, 0, 1, 2, 2, 2, 0, 2, 0];

Deno.test("metrics of ten texts are what one counts by hand", () => {
  const matrix = confusionMatrix(actual, predicted, 4), metrics = classMetrics(matrix);
  assertEquals(matrix, [[3, 1, 0, 0], [0, 1, 1, 0], [1, 0, 3, 0], [0, 0, 0, 0]]);
  assertAlmostEquals(accuracyOf(matrix), 0.7, 1e-12);
  const expected = [[0.75, 0.75, 0.75, 4], [0.5, 0.5, 0.5, 2], [0.75, 0.75, 0.75, 4], [0, 0, 0, 0]];
  assertEquals(
    metrics.map(({ precision, recall, f1, support }) => [precision, recall, f1, support]),
    expected,
  );
  assertAlmostEquals(macroF1(matrix), 0.5, 1e-12);
});

Deno.test("metrics: precision counts columns, recall rows", () => {
  const [first, second] = classMetrics([[1, 3], [0, 4]]);
  assertEquals([first.precision, first.recall, first.f1], [1, 0.25, 0.4]);
  assertEquals([second.precision, second.recall], [4 / 7, 1]);
});

Deno.test("metrics of nothing are 0, and of unknown classes refused", () => {
  assertEquals([accuracyOf([]), macroF1([]), accuracyOf(confusionMatrix([], [], 2))], [0, 0, 0]);
  assertThrows(() => confusionMatrix([0], [], 2), RangeError, "Cannot compare 0 predictions with 1 labels");
  assertThrows(
    () => confusionMatrix([0], [2], 2),
    RangeError,
    "Cannot count label 0, predicted 2: expected 0 to 1",
  );
});
