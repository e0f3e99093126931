/**
 * What `finetune` prints before the first step, on the way, and after the last step.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { countParameters } from "../../core/module.ts";
import type { Example } from "../../data/labelled_batches.ts";
import { loadModel, restoreModel } from "../../checkpoints/checkpoint.ts";
import { classificationReport, namePrediction } from "../../inference/classification_report.ts";
import { classify, confusionOf } from "../../inference/classify.ts";
import type { ModelsByKind } from "../../models/families.ts";
import { classMetrics, type ConfusionMatrix } from "../../training/classification_metrics.ts";
import { printDiagnostic } from "../cli/errors.ts";
import { visible } from "../../core/visible.ts";
import { counted, formatCount, formatPercent, outputColumns } from "../cli/terminal.ts";
import { cutText, formatTable } from "../cli/wrap.ts";
import { findCheckpoint } from "../files/checkpoint_folder.ts";
import { confusionPlot } from "../../plots/confusion_plot.ts";
import type { FinetuneSettings } from "../settings/finetune_settings.ts";
import type { LabelledCorpus } from "../texts/labelled_corpus.ts";
import { describeArchitecture } from "./language_report.ts";
import type { Fact, Session } from "./recipe.ts";

/** A classifier that is to be trained. */
export interface ClassifierTask {
  readonly model: ModelsByKind["classifier"];
  readonly labels: readonly string[];
  readonly settings: FinetuneSettings;
  readonly source: { readonly checkpoint: string };
  readonly corpus: LabelledCorpus;
  /** The validation texts as ids. */
  readonly validation: readonly Example[];
  /** The class of each training text. */
  readonly classes: readonly number[];
}

/** What a run is about to do. */
export function describeClassifier({ model, labels, settings, source, corpus }: ClassifierTask): Fact[] {
  const { training, validation } = corpus, empty = training.emptyLines + validation.emptyLines;
  const start = settings.fromScratch
    ? `the size of ${source.checkpoint}, random initial weights`
    : `initialized from ${source.checkpoint}`;
  const { bpeDropout = 0, pooling = "first" } = settings;
  const architecture = describeArchitecture(model.config, model.experiment) +
    (pooling === "mean" ? " by the mean of its tokens" : "");
  return [
    ["model", `${architecture}, ${formatCount(countParameters(model))} parameters, ${start}`],
    [
      "data",
      `${training.path}: ${counted(training.rows.length, "training text")}, ` +
      counted(validation.rows.length, "validation text") +
      (empty > 0 ? `; ${counted(empty, "empty line")} skipped` : ""),
    ],
    ["labels", labels.map(visible).join(", ")],
    [
      "training",
      `${counted(settings.steps, "step")} of ${counted(settings.batchSize, "text")} ` +
      `of up to ${settings.contextLength} tokens, ${
        counted(settings.epochs, "epoch")
      }, learning rate ${settings.learningRate} to 0, ${
        bpeDropout > 0 ? `BPE-dropout ${bpeDropout}, ` : ""
      }seed ${settings.seed}`,
    ],
  ];
}

/** Texts in a sample. */
const SAMPLE_SIZE = 4;

/** A few texts with their predicted classes, and the actual ones where they differ. */
export async function classifiedSample(backend: Backend, task: ClassifierTask): Promise<string> {
  const { model, labels, validation, corpus: { validation: { rows } } } = task;
  const count = Math.min(SAMPLE_SIZE, rows.length);
  const chosen = Array.from({ length: count }, (_, index) => Math.floor(index * rows.length / count));
  const found = await classify(backend, model, chosen.map((index) => validation[index].ids));
  return found.map((result, index) => {
    const { text, pair, label: actual } = rows[chosen[index]];
    const { prediction, probability } = namePrediction(result, labels);
    const verdict = prediction === actual ? "" : ` (actually ${actual})`;
    const texts = pair === undefined ? text : `${text} | ${pair}`;
    return `${prediction} ${(100 * probability).toFixed(0)} %${verdict}: ${texts}`;
  }).join("\n");
}

/** Evaluates the best checkpoint of a classifier, and draws its confusion matrix. */
export async function reportClassifier(
  { run, folder, best, interrupt }: Session,
  { model, labels, classes, validation }: ClassifierTask,
): Promise<{ results: Fact[]; table: string }> {
  if (best && best.step !== run.step) {
    const { files } = await findCheckpoint(`${folder.path}/best`);
    const { weights } = loadModel(files, { kind: "classifier", experiment: model.experiment });
    restoreModel(run.backend, run.store, weights); // the last step has been saved by now
  }
  const matrix = await confusionOf(run.backend, model, validation);
  interrupt.throwIfInterrupted();
  const { accuracy, macroF1 } = classificationReport(matrix, labels);
  await confusionPlot(matrix, labels, `${folder.path}: accuracy ${formatPercent(accuracy)}`)
    .then((svg) => folder.addPicture("confusion_matrix", svg))
    .catch((error) => printDiagnostic(`The confusion matrix could not be drawn: ${error.message}`));
  const counts = labels.map(() => 0);
  for (const label of classes) counts[label]++;
  const majority = counts.indexOf(Math.max(...counts)); // of the training texts
  const baseline = matrix[majority].reduce((sum, count) => sum + count, 0) / validation.length;
  const results: Fact[] = [
    [
      "accuracy",
      `${formatPercent(accuracy)} of ${counted(validation.length, "text")}; majority baseline ${
        formatPercent(baseline)
      } ` +
      `(always "${visible(labels[majority])}")`,
    ],
    ["F1", `${macroF1.toFixed(4)}, averaged over the classes`],
  ];
  const note = noteOfAccuracy(accuracy, baseline, validation.length);
  if (note !== undefined) results.push(["note", note]);
  return { results, table: classTable(matrix, labels) };
}

/** What to say of an accuracy that is not above the majority baseline by more than chance: by two standard errors. */
export function noteOfAccuracy(accuracy: number, baseline: number, texts: number): string | undefined {
  const chance = 2 * Math.sqrt(baseline * (1 - baseline) / texts);
  if (accuracy > baseline + chance) return;
  return "that is no better than the majority baseline, within chance: give more --epochs, or more texts";
}

/**
 * How well each class is found, and what it is taken for, in columns:
 *
 *     is    precision  recall     F1  called bad  called good
 *     bad       1.000   0.750  0.857           3            1
 *     good      0.800   1.000  0.889           0            4
 */
export function classTable(
  matrix: ConfusionMatrix,
  labels: readonly string[],
  columns: number = outputColumns(),
): string {
  const names = labels.map((label) => cutText(visible(label), Math.max(8, Math.floor(columns / 4))));
  const headings = ["is", "precision", "recall", "F1", ...names.map((name) => `called ${name}`)];
  const rows = classMetrics(matrix).map(({ precision, recall, f1 }, row) => [
    names[row],
    ...[precision, recall, f1].map((share) => share.toFixed(3)),
    ...matrix[row].map(String),
  ]);
  return formatTable([headings, ...rows], columns);
}
