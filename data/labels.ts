/**
 * The labels of texts as the classes of a classifier.
 *
 * @module
 */
import { quoted, shortened } from "../core/quoted.ts";
import type { LabelledFile, LabelledText } from "./labelled_texts.ts";

/** The most classes of a classifier. The confusion matrix grows with their square. */
const MAX_CLASSES = 1000;

/**
 * The labels of texts, each once: numbers in their order, others in alphabetical order.
 *
 * @param file The texts.
 * @returns The labels; the index of a label is its class.
 * @throws {Error} If there is only one, or more than 1,000.
 *
 * @example
 * ```ts
 * import { labelsOf, parseLabelledTexts } from "@miniformer/miniformer";
 * import { assertEquals } from "@std/assert";
 *
 * const file = parseLabelledTexts("bad\t9\ngood\t10\nfair\t9\n", { path: "train.tsv", format: "tsv" });
 * assertEquals(labelsOf(file), ["9", "10"]);
 * ```
 *
 * @category Data
 */
export function labelsOf({ path, rows }: LabelledFile): string[] {
  const labels = [...new Set(rows.map(({ label }) => label!))];
  if (labels.length > MAX_CLASSES) {
    throw new Error(
      `Cannot train a classifier: ${path} has ${labels.length} different labels, expected at most ` +
        `${MAX_CLASSES}; are the columns of texts and labels swapped?`,
    );
  }
  if (labels.length < 2) {
    throw new Error(`Cannot train a classifier: every text of ${path} has label ${quoted(labels[0])}`);
  }
  return labels.every((label) => label !== "" && Number.isFinite(Number(label)))
    ? labels.sort((a, b) => Number(a) - Number(b))
    : labels.sort();
}

/**
 * The class of a text.
 *
 * @param text The text.
 * @param path Its file, as the message names it.
 * @param labels The labels of the classifier.
 * @returns The index of its label.
 * @throws {Error} If its label is not among them.
 *
 * @example
 * ```ts
 * import { classOf } from "./labels.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(classOf({ text: "fine film", label: "good", line: 1 }, "dev.tsv", ["bad", "good"]), 1);
 * ```
 */
export function classOf({ label, line }: LabelledText, path: string, labels: readonly string[]): number {
  const index = labels.indexOf(label!);
  if (index >= 0) return index;
  const known = labels.slice(0, 10).map(shortened).join(", ") + (labels.length > 10 ? ", …" : "");
  throw new Error(
    `${path}, line ${line}: label ${quoted(label)} was not in the training data: expected one of ${known}`,
  );
}
