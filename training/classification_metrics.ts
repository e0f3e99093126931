/**
 * Metrics of a classifier: confusion matrix, accuracy, precision, recall and F1.
 *
 *     precision of class k = texts of class k predicted as k / all texts predicted as k
 *     recall of class k    = texts of class k predicted as k / all texts of class k
 *     F1 = 2 · precision · recall / (precision + recall), their harmonic mean: high only if both are
 *
 * Accuracy misleads where classes are imbalanced: always predicting the majority class is right most of the time. The mean
 * of F1 over the classes ("macro F1") does not, since a class that is never predicted counts 0.
 *
 * Reference: scikit-learn `confusion_matrix`, `precision_recall_fscore_support` with `zero_division=0`.
 *
 * @module
 */

/**
 * How often a text of class i (row) was predicted as class j (column).
 *
 * @category Training
 */
export type ConfusionMatrix = readonly (readonly number[])[];

/**
 * Metrics of one class.
 *
 * @category Training
 */
export interface ClassMetrics {
  /** Fraction of the texts predicted as this class that belong to it; 0 if none is. */
  readonly precision: number;
  /** Fraction of the texts of this class that are predicted as it; 0 if there are none. */
  readonly recall: number;
  /** Harmonic mean of precision and recall; 0 if both are 0. */
  readonly f1: number;
  /** Number of texts of this class. */
  readonly support: number;
}

/**
 * Counts pairs of actual and predicted class.
 *
 * @example
 * ```ts
 * import { accuracyOf, classMetrics, confusionMatrix } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const matrix = confusionMatrix([0, 0, 0, 1], [0, 0, 1, 1], 2);
 * assertEquals(matrix, [[2, 1], [0, 1]]);
 * assertEquals(accuracyOf(matrix), 0.75);
 * assertEquals(classMetrics(matrix).map(({ f1 }) => f1), [0.8, 2 / 3]);
 * ```
 *
 * @param actual The class of each text.
 * @param predicted The class predicted for it.
 * @param classes Number of classes.
 * @returns Rows are actual classes, columns predicted ones.
 * @throws {RangeError} If there are not as many predictions as labels, or a class is out of range.
 * @category Training
 */
export function confusionMatrix(
  actual: readonly number[],
  predicted: readonly number[],
  classes: number,
): ConfusionMatrix {
  if (actual.length !== predicted.length) {
    throw new RangeError(`Cannot compare ${predicted.length} predictions with ${actual.length} labels`);
  }
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [index, label] of actual.entries()) {
    if (!(label in matrix) || !(predicted[index] in matrix)) {
      throw new RangeError(
        `Cannot count label ${label}, predicted ${predicted[index]}: expected 0 to ${classes - 1}`,
      );
    }
    matrix[label][predicted[index]]++;
  }
  return matrix;
}

const sum = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const ratio = (part: number, whole: number): number => whole === 0 ? 0 : part / whole;

/**
 * The fraction of texts whose class is predicted correctly.
 *
 * @param matrix From {@linkcode confusionMatrix}.
 * @returns 0 to 1; 0 if there are no texts.
 * @category Training
 */
export function accuracyOf(matrix: ConfusionMatrix): number {
  return ratio(sum(matrix.map((row, label) => row[label])), sum(matrix.flat()));
}

/**
 * Precision, recall and F1 of each class.
 *
 * @param matrix From {@linkcode confusionMatrix}.
 * @returns One entry for each class.
 * @category Training
 */
export function classMetrics(matrix: ConfusionMatrix): ClassMetrics[] {
  return matrix.map((row, label) => {
    const correct = row[label], predicted = sum(matrix.map((other) => other[label])), support = sum(row);
    return {
      precision: ratio(correct, predicted),
      recall: ratio(correct, support),
      f1: ratio(2 * correct, predicted + support),
      support,
    };
  });
}

/**
 * The mean of F1 over the classes.
 *
 * @param matrix From {@linkcode confusionMatrix}.
 * @returns 0 to 1.
 * @category Training
 */
export function macroF1(matrix: ConfusionMatrix): number {
  return ratio(sum(classMetrics(matrix).map(({ f1 }) => f1)), matrix.length);
}
