/**
 * What `finetune` prints before the first step and after the last one.
 *
 * @module
 */
import type { Example } from "../../data/labelled_batches.ts";
import { loadModel, restoreModel } from "../../checkpoints/checkpoint.ts";
import { countParameters } from "../../core/module.ts";
import type { Classifier } from "../../models/classifier.ts";
import type { Experiment } from "../../models/experiment.ts";
import { buildModel, type ClassifierConfig } from "../../models/families.ts";
import {
  accuracyOf,
  classMetrics,
  type ConfusionMatrix,
  macroF1,
} from "../../training/classification_metrics.ts";
import { printDiagnostic } from "../cli/errors.ts";
import { formatCount, formatDuration, formatFacts, outputColumns, quote } from "../cli/terminal.ts";
import { visible } from "../cli/visible.ts";
import { cutText, formatTable } from "../cli/wrap.ts";
import { findCheckpoint } from "../files/checkpoint_folder.ts";
import { confusionPlot } from "../pictures/confusion_plot.ts";
import type { FinetuneSettings } from "../settings/finetune_settings.ts";
import type { LabelledCorpus } from "../texts/labelled_corpus.ts";
import type { FinetuneSource } from "./classifier_recipe.ts";
import { confusionOf } from "./classifier_scores.ts";
import { describeArchitecture } from "./language_report.ts";
import { blockArguments, type Facts, type Session } from "./recipe.ts";

/** What is known before fine-tuning begins. */
export interface ClassifierDescription {
  /** The classifier. */
  readonly config: ClassifierConfig;
  /** Parts of its own. */
  readonly experiment?: Experiment;
  /** The texts. */
  readonly corpus: LabelledCorpus;
  /** The classes. */
  readonly labels: readonly string[];
  /** How it is trained. */
  readonly settings: FinetuneSettings;
  /** Where the pretrained model and the texts are. */
  readonly source: FinetuneSource;
}

/**
 * What a run is about to do.
 *
 * @param description what is known
 * @returns the rows that are printed
 */
export function describeClassifier(
  { config, experiment, corpus, labels, settings, source }: ClassifierDescription,
): Facts {
  const { training, validation } = corpus, empty = training.emptyLines + validation.emptyLines;
  const parameters = formatCount(countParameters(buildModel(config, experiment)));
  const start = settings.fromScratch
    ? `the size of ${source.checkpoint}, random initial weights`
    : `initialized from ${source.checkpoint}`;
  return [
    ["model", `${describeArchitecture(config, experiment)}, ${parameters} parameters, ${start}`],
    [
      "data",
      `${training.path}: ${training.rows.length} training texts, ${validation.rows.length} validation texts` +
      (empty > 0 ? `; ${empty} empty lines skipped` : ""),
    ],
    ["labels", labels.map(visible).join(", ")],
    [
      "training",
      `${settings.steps} steps of ${settings.batchSize} texts of up to ${settings.contextLength} tokens, ` +
      `${settings.epochs} epochs, learning rate ${settings.learningRate} to 0, seed ${settings.seed}`,
    ],
  ];
}

/** What the report needs besides. */
interface Trained extends ClassifierDescription {
  readonly model: Classifier;
  /** The texts to validate on. */
  readonly validation: readonly Example[];
  /** The class of each training text. */
  readonly classes: readonly number[];
}

/**
 * Evaluates the best checkpoint of a classifier, and draws its confusion matrix.
 *
 * @param session the session, after its last step
 * @param trained the model and its texts
 * @returns the report, or undefined when a signal stopped the run
 */
export async function reportClassifier(session: Session, trained: Trained): Promise<string | undefined> {
  const { run, folder, interrupt, best } = session, { labels, classes, validation, settings } = trained;
  if (interrupt.status !== undefined) return undefined;
  if (best && best.step !== run.step) {
    const { files } = await findCheckpoint(`${folder.path}/best`);
    restoreModel(
      run.backend,
      run.store,
      loadModel(files, { kind: "classifier", experiment: trained.model.experiment }).weights,
    );
  }
  const matrix = await confusionOf(run.backend, trained.model, validation), accuracy = accuracyOf(matrix);
  await confusionPlot(matrix, labels, `${folder.path}: accuracy ${percent(accuracy)}`)
    .then((svg) => folder.addFile("confusion_matrix.svg", svg))
    .catch((error) => printDiagnostic(`The confusion matrix could not be drawn: ${error.message}`));
  const majority = majorityOf(classes, labels.length);
  const baseline = matrix[majority].reduce((sum, count) => sum + count, 0) / validation.length;
  const result = formatFacts([
    [
      "done",
      `step ${run.step} of ${settings.steps}, ${formatDuration(folder.records.at(-1)?.seconds ?? 0)}`,
    ],
    ...best ? [["best", `step ${best.step}, kept in ${folder.path}/best`] as const] : [],
    [
      "accuracy",
      `${percent(accuracy)} of ${validation.length} texts; majority baseline ${percent(baseline)} ` +
      `(always "${visible(labels[majority])}")`,
    ],
    ["F1", `${macroF1(matrix).toFixed(4)}, averaged over the classes`],
  ]);
  const model = quote(folder.path) + blockArguments(session.recipe.block);
  const next = formatFacts([
    ["files", await folder.describe()],
    ["use", `deno task classify --checkpoint ${model} --text "…"`],
    ...run.step < settings.steps ? [["resume", `deno task finetune --resume ${model}`] as const] : [],
  ]);
  return `${result}\n\n${classTable(matrix, labels)}\n\n${next}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The class of most texts, the first of several. */
function majorityOf(classes: readonly number[], count: number): number {
  const counts = new Array<number>(count).fill(0);
  for (const label of classes) counts[label]++;
  return counts.indexOf(Math.max(...counts));
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
