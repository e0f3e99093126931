/**
 * What the simplest classifier gets right: a logistic regression on how often each word occurs, with the words and the
 * penalty (C = 1) of scikit-learn's `CountVectorizer` and `LogisticRegression`.
 *
 *     deno run --allow-read bench/bag_of_words.ts train.tsv dev.tsv
 *
 * @module
 */
import { parseLabelledTexts } from "../mod.ts";

/** A text and its class. */
export interface ClassifiedText {
  readonly text: string;
  readonly label: string;
}

/** The texts of a `.tsv` file and their labels. */
export function readClassified(file: string | URL): ClassifiedText[] {
  const { rows } = parseLabelledTexts(Deno.readTextFileSync(file), { path: String(file), format: "tsv" });
  return rows.map(({ text, label }) => ({ text, label: label! }));
}

/** The words of a text of at least two characters, in lower case. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [];
}

/** For each text, whether a text with another label has the same words in another order: what counting cannot tell. */
export function areReordered(texts: readonly ClassifiedText[]): boolean[] {
  const keys = texts.map(({ text }) => wordsOf(text).sort().join(" ")),
    labels = new Map<string, Set<string>>();
  keys.forEach((key, index) => labels.set(key, (labels.get(key) ?? new Set()).add(texts[index].label)));
  return keys.map((key) => labels.get(key)!.size > 1);
}

/** How often words occur in a text: their ids and counts. */
type Counts = ReadonlyMap<number, number>;

/** Trains on some texts, which have two labels, and predicts the labels of others. */
export function predictByWords(
  training: readonly ClassifiedText[],
  texts: readonly { readonly text: string }[],
): string[] {
  const ids = new Map<string, number>();
  for (const { text } of training) for (const word of wordsOf(text)) ids.set(word, ids.get(word) ?? ids.size);
  const count = (text: string): Counts => {
    const counts = new Map([[ids.size, 1]]); // the intercept is the last feature
    for (const word of wordsOf(text)) {
      const id = ids.get(word);
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  };
  const labels = [...new Set(training.map(({ label }) => label))].sort();
  const rows = training.map(({ text }) => count(text));
  const weights = fit(rows, training.map(({ label }) => label === labels[1]), ids.size + 1);
  return texts.map(({ text }) => labels[dot(count(text), weights) > 0 ? 1 : 0]);
}

function dot(row: Counts, weights: Float64Array): number {
  let sum = 0;
  for (const [id, times] of row) sum += times * weights[id];
  return sum;
}

/** Adds the rows to a sum, each times its factor. */
function addRows(sum: Float64Array, rows: readonly Counts[], factors: readonly number[]): void {
  rows.forEach((row, index) => {
    for (const [id, times] of row) sum[id] += factors[index] * times;
  });
}

/** Minimizes the sum of the losses and half the square of all weights but the intercept, by Nesterov's method. */
function fit(rows: readonly Counts[], targets: readonly boolean[], size: number): Float64Array {
  const rate = 1 / (1 + largestEigenvalue(rows, size) / 4);
  let weights = new Float64Array(size), ahead = weights;
  for (let step = 0; step < 10_000; step++) {
    const gradient = ahead.slice();
    gradient[size - 1] = 0;
    addRows(
      gradient,
      rows,
      rows.map((row, index) => 1 / (1 + Math.exp(-dot(row, ahead))) - Number(targets[index])),
    );
    if (gradient.every((value) => Math.abs(value) < 1e-4)) break;
    const next = ahead.map((value, id) => value - rate * gradient[id]);
    const momentum = step / (step + 3);
    ahead = next.map((value, id) => value + momentum * (value - weights[id]));
    weights = next;
  }
  return weights;
}

/** The largest eigenvalue of XᵀX, by power iteration, a little more than it to be safe. */
function largestEigenvalue(rows: readonly Counts[], size: number): number {
  let vector = new Float64Array(size).fill(1 / Math.sqrt(size)), length = 0;
  for (let step = 0; step < 50; step++) {
    const product = new Float64Array(size);
    addRows(product, rows, rows.map((row) => dot(row, vector)));
    length = Math.hypot(...product.filter(Boolean));
    vector = product.map((value) => value / length);
  }
  return 1.1 * length;
}

if (import.meta.main) {
  const [training, validation] = Deno.args.map((path) => readClassified(path));
  const predictions = predictByWords(training, validation);
  const right = validation.filter(({ label }, index) => label === predictions[index]).length;
  console.log(`${(100 * right / validation.length).toFixed(1)} % of ${validation.length} texts`);
}
