/**
 * How good a classifier is: confusion matrix, accuracy, precision, recall and F1.
 *
 *     precision = right among those called k        recall = right among those that are k
 *     F1 = 2 · precision · recall / (precision + recall), their harmonic mean: high only if both are
 *
 * Accuracy deceives where classes are uneven: calling everything the majority is right most of the time. The mean of F1
 * over the classes ("macro") does not: a class that is never found counts 0.
 *
 * Reference: scikit-learn `confusion_matrix`, `precision_recall_fscore_support` with `zero_division=0`.
 *
 * @module
 */

/** How often class i (row) was called class j (column). */
export type ConfusionMatrix = readonly (readonly number[])[];

/** How well one class is found. */
export interface ClassMetrics {
  /** Share of those called so that are so; 0 if none is called so. */
  readonly precision: number;
  /** Share of those that are so that are called so; 0 if none is so. */
  readonly recall: number;
  /** Harmonic mean of both; 0 if both are. */
  readonly f1: number;
  /** How many are so. */
  readonly support: number;
}

/**
 * Counts which classes are taken for which.
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
 * @param predicted What it was called.
 * @param classes How many classes there are.
 * @returns Row: what it is; column: what it was called.
 * @throws {RangeError} If there are not as many predictions as texts, or a class is unknown.
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
 * The share of texts that are called what they are.
 *
 * @param matrix From {@linkcode confusionMatrix}.
 * @returns 0 to 1; 0 if there are no texts.
 */
export function accuracyOf(matrix: ConfusionMatrix): number {
  return ratio(sum(matrix.map((row, label) => row[label])), sum(matrix.flat()));
}

/**
 * How well each class is found.
 *
 * @param matrix From {@linkcode confusionMatrix}.
 * @returns One entry for each class.
 */
export function classMetrics(matrix: ConfusionMatrix): ClassMetrics[] {
  return matrix.map((row, label) => {
    const right = row[label], called = sum(matrix.map((other) => other[label])), support = sum(row);
    return {
      precision: ratio(right, called),
      recall: ratio(right, support),
      f1: ratio(2 * right, called + support),
      support,
    };
  });
}

/**
 * The mean of F1 over the classes.
 *
 * @param matrix From {@linkcode confusionMatrix}.
 * @returns 0 to 1.
 */
export function macroF1(matrix: ConfusionMatrix): number {
  return ratio(sum(classMetrics(matrix).map(({ f1 }) => f1)), matrix.length);
}
