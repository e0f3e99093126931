/**
 * Predictions and metrics of a classifier with the names of its classes.
 *
 * @module
 */
import {
  accuracyOf,
  type ClassMetrics,
  classMetrics,
  type ConfusionMatrix,
  macroF1,
} from "../training/classification_metrics.ts";
import type { Classification } from "./classify.ts";

/**
 * The class of a text, by name.
 *
 * @category Inference
 */
export interface NamedPrediction {
  /** The likeliest class. */
  readonly prediction: string;
  /** Its probability. */
  readonly probability: number;
  /** The probability of each class. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/**
 * Names the classes of a prediction.
 *
 * @example
 * ```ts
 * import { namePrediction } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { prediction, probabilities } = namePrediction({ label: 1, probabilities: Float32Array.of(0.25, 0.75) }, ["bad", "good"]);
 * assertEquals([prediction, probabilities], ["good", { bad: 0.25, good: 0.75 }]);
 * ```
 *
 * @param result From `classify`.
 * @param labels The names of the classes.
 * @returns The prediction.
 * @category Inference
 */
export function namePrediction(
  { label, probabilities }: Classification,
  labels: readonly string[],
): NamedPrediction {
  return {
    prediction: labels[label],
    probability: probabilities[label],
    probabilities: Object.fromEntries(labels.map((name, index) => [name, probabilities[index]])),
  };
}

/**
 * How good predictions are.
 *
 * @category Inference
 */
export interface ClassificationReport {
  /** Share of the texts whose class was predicted. */
  readonly accuracy: number;
  /** F1, averaged over the classes. */
  readonly macroF1: number;
  /** The accuracy of predicting the most frequent class for every text. */
  readonly majorityBaseline: number;
  /** Precision, recall, F1 and number of texts of each class. */
  readonly classes: readonly (ClassMetrics & { readonly label: string })[];
  /** How often class i (row) was predicted as class j (column). */
  readonly confusionMatrix: ConfusionMatrix;
}

/**
 * Computes all metrics of predictions.
 *
 * @example
 * ```ts
 * import { classificationReport } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const { accuracy, majorityBaseline, classes } = classificationReport([[3, 0], [1, 0]], ["bad", "good"]);
 * assertEquals([accuracy, majorityBaseline, classes[1].label], [0.75, 0.75, "good"]);
 * ```
 *
 * @param matrix From `confusionMatrix`; of one text at least.
 * @param labels The names of the classes.
 * @returns The metrics.
 * @category Inference
 */
export function classificationReport(
  matrix: ConfusionMatrix,
  labels: readonly string[],
): ClassificationReport {
  const metrics = classMetrics(matrix), supports = metrics.map(({ support }) => support);
  return {
    accuracy: accuracyOf(matrix),
    macroF1: macroF1(matrix),
    majorityBaseline: Math.max(...supports) / supports.reduce((sum, support) => sum + support, 0),
    classes: metrics.map((metrics, index) => ({ label: labels[index], ...metrics })),
    confusionMatrix: matrix,
  };
}
