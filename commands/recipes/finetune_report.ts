/**
 * What `finetune` says before it begins and when it has ended.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import type { ParameterStore } from "../../core/module.ts";
import type { ClassifierConfig } from "../../models/families.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { loadModel, restoreModel } from "../../checkpoints/checkpoint.ts";
import {
  accuracyOf,
  classMetrics,
  type ConfusionMatrix,
  macroF1,
} from "../../training/classification_metrics.ts";
import { findCheckpoint } from "../files/checkpoint_folder.ts";
import { confusionPlot } from "../pictures/confusion_plot.ts";
import { printDiagnostic } from "../cli/errors.ts";
import type { LabelledCorpus } from "../texts/examples.ts";
import type { FinetuneSource } from "./finetune_plan.ts";
import type { FinetuneSettings } from "../settings/finetune_settings.ts";
import type { Judge } from "./judge.ts";
import { describeStop } from "../runs/stopped.ts";
import { formatCount, formatDuration, formatFacts, outputColumns, quote } from "../cli/terminal.ts";
import type { TrainLoop } from "../runs/train_loop.ts";
import { visible } from "../cli/visible.ts";
import { cutText, padText, textWidth, wrapText } from "../cli/wrap.ts";

/** What is known before fine-tuning begins. */
export interface FinetuneBeginning {
  /** Where it runs. */
  readonly backend: Backend;
  /** Why there. */
  readonly reason: string;
  /** What it begins with, and where the texts are. */
  readonly source: FinetuneSource;
  /** The classifier. */
  readonly config: ClassifierConfig;
  /** Its parameters. */
  readonly store: ParameterStore;
  /** Its tokenizer. */
  readonly tokenizer: Tokenizer;
  /** How it is trained. */
  readonly settings: FinetuneSettings;
  /** The texts. */
  readonly corpus: LabelledCorpus;
  /** The classes. */
  readonly labels: readonly string[];
  /** The folder of the run. */
  readonly folder: string;
}

/**
 * What a run is about to do.
 *
 * @param beginning what is known
 * @returns lines of text
 */
export function describeFinetuning(beginning: FinetuneBeginning): string {
  const { backend, reason, source, config, store, settings, corpus, labels, folder } = beginning;
  const { checkpoint } = source,
    { training, validation } = corpus,
    empty = training.emptyLines + validation.emptyLines;
  const parameters = store.parameters.reduce((sum, { size }) => sum + size, 0);
  return formatFacts([
    ["device", `${backend.device}: ${reason}`],
    [
      "model",
      `${config.architecture}, ${formatCount(parameters)} parameters, ` +
      (settings.fromScratch ? `of the size of ${checkpoint}, from scratch` : `begun with ${checkpoint}`),
    ],
    [
      "data",
      `${training.path}: ${training.rows.length} texts to learn, ${validation.rows.length} to validate` +
      (empty > 0 ? `; ${empty} empty lines skipped` : ""),
    ],
    ["labels", labels.map(visible).join(", ")],
    [
      "training",
      `${settings.steps} steps of ${settings.batchSize} texts of up to ${settings.contextLength} tokens, ` +
      `${settings.epochs} epochs, learning rate ${settings.learningRate} to 0, seed ${settings.seed}`,
    ],
    ["run", folder],
  ]) + "\n";
}

/**
 * Ends a run: the confusion matrix of the best checkpoint, its scores, and what to type next.
 *
 * @param loop the loop, after its last step
 * @param judge knows the texts to validate on
 * @param options labels, texts, where they are, and the class of each text that was learned from
 */
export async function endFinetuning(
  loop: TrainLoop,
  judge: Judge,
  options: {
    labels: readonly string[];
    corpus: LabelledCorpus;
    source: FinetuneSource;
    classes: readonly number[];
  },
): Promise<void> {
  const { run, settings, folder, interrupt, best } = loop, { labels, corpus, source, classes } = options;
  const warn = (error: Error) => printDiagnostic(`A picture could not be drawn: ${error.message}`);
  const subtitle = `step ${run.step} of ${settings.steps}`;
  await folder.draw({ title: folder.path, subtitle, unit: "text" }).catch(warn);
  const classify = `classify --checkpoint ${quote(folder.path)}`;
  if (interrupt.status !== undefined) {
    Deno.exitCode = interrupt.status;
    const validation = source.validation === undefined ? [] : [source.validation];
    const next = { train: "finetune", measure: classify, validation };
    loop.output.print("\n" + wrapText(describeStop(loop, next), outputColumns()));
    return;
  }
  if (best && best.step !== run.step) {
    const { files } = await findCheckpoint(`${folder.path}/best`);
    restoreModel(run.backend, run.store, loadModel(files, { kind: "classifier" }).weights);
  }
  const matrix = await judge.confusion(), accuracy = accuracyOf(matrix);
  await confusionPlot(matrix, labels, `${folder.path}: ${percent(accuracy)} right`)
    .then((svg) => folder.addPicture("confusion_matrix.svg", svg)).catch(warn);
  const majority = majorityOf(classes, labels.length);
  const majorityShare = matrix[majority].reduce((sum, count) => sum + count, 0) /
    corpus.validation.rows.length;
  loop.output.print(
    "\n" + formatFacts([
      [
        "done",
        `step ${run.step} of ${settings.steps}, ${formatDuration(folder.records.at(-1)?.seconds ?? 0)}`,
      ],
      ...best ? [["best", `step ${best.step}, kept in ${folder.path}/best`] as const] : [],
      [
        "accuracy",
        `${percent(accuracy)} of ${corpus.validation.rows.length} texts; calling all of them ` +
        `"${visible(labels[majority])}", the majority, makes ${percent(majorityShare)}`,
      ],
      ["F1", `${macroF1(matrix).toFixed(4)}, the mean of all classes`],
    ]),
  );
  loop.output.print(`\n${classTable(matrix, labels)}\n`);
  loop.output.print(formatFacts([
    ["files", await folder.describe()],
    ["use", `deno task ${classify} --text "…"`],
    ...run.step < settings.steps
      ? [["go on", `deno task finetune --resume ${quote(folder.path)}`] as const]
      : [],
  ]));
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The class of most texts, the first of several. */
function majorityOf(classes: readonly number[], count: number): number {
  const counts = new Array<number>(count).fill(0);
  for (const label of classes) counts[label]++;
  return counts.indexOf(Math.max(...counts));
}

/**
 * How well each class is found, and what it is taken for, in columns.
 *
 * @param matrix which classes are taken for which
 * @param labels their names
 * @param columns the width; that of the terminal unless given. A wider table continues below
 * @returns lines of text
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classTable } from "./finetune_report.ts";
 *
 * assertEquals(
 *   classTable([[3, 1], [0, 4]], ["bad", "good"]),
 *   "is    precision  recall     F1  called bad  called good\n" +
 *     "bad       1.000   0.750  0.857           3            1\n" +
 *     "good      0.800   1.000  0.889           0            4",
 * );
 * ```
 */
export function classTable(
  matrix: ConfusionMatrix,
  labels: readonly string[],
  columns: number = outputColumns(),
): string {
  const names = labels.map((label) => cutText(visible(label), Math.max(8, Math.floor(columns / 4))));
  const metrics = classMetrics(matrix);
  const numbers: [heading: string, cells: string[]][] = [
    ["precision", metrics.map(({ precision }) => precision.toFixed(3))],
    ["recall", metrics.map(({ recall }) => recall.toFixed(3))],
    ["   F1", metrics.map(({ f1 }) => f1.toFixed(3))],
    ...names.map((name, called): [string, string[]] => [
      `called ${name}`,
      matrix.map((row) => String(row[called])),
    ]),
  ];
  return formatTable(["is", ...names], numbers, columns);
}

/** A table of numbers with names of rows. Columns that do not fit continue in a second table below. */
function formatTable(
  names: readonly string[],
  numbers: readonly (readonly [heading: string, cells: readonly string[]])[],
  columns: number,
): string {
  const first = Math.max(...names.map(textWidth)), tables: string[][] = [];
  let lines: string[] = [];
  for (const [heading, cells] of numbers) {
    const column = [heading, ...cells], width = Math.max(...column.map(textWidth));
    if (lines.length === 0 || textWidth(lines[0]) + 2 + width > columns) {
      tables.push(lines = names.map((name) => padText(name, first)));
    }
    column.forEach((cell, row) => lines[row] += " ".repeat(2 + width - textWidth(cell)) + cell);
  }
  return tables.map((lines) => lines.join("\n")).join("\n\n");
}
