/**
 * `classify`: the classes of texts.
 *
 * @module
 */
import { arePairs, type LabelledFile } from "../data/labelled_texts.ts";
import { classOf } from "../data/labels.ts";
import { type ConfusionMatrix, confusionMatrix } from "../training/classification_metrics.ts";
import { classificationReport, namePrediction } from "../inference/classification_report.ts";
import { type Classification, classify as predict } from "../inference/classify.ts";
import { type ClassifierOptions, problemOf } from "../models/classifiers/classifier.ts";
import { findModel } from "./files/block_file.ts";
import { openModel } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { deviceFlag, jsonFlag, modelFlags, truncateFlag } from "./cli/common_flags.ts";
import { UsageError } from "./cli/errors.ts";
import { encodeTexts, fitText } from "./texts/examples.ts";
import { classTable } from "./recipes/classifier_report.ts";
import { expectPairs, readLabelled, trainedOnPairs } from "./texts/labelled_corpus.ts";
import { counted, formatJson, formatPercent, outputColumns, print } from "./cli/terminal.ts";
import { visible } from "../core/visible.ts";
import { withBackend } from "./cli/with_backend.ts";
import { wrapText } from "./cli/wrap.ts";

/** The command. */
export const classify: Command = defineCommand({
  name: "classify",
  summary: "Classify texts with a trained classifier",
  usage: "--text TEXT | --data FILE [flags]",
  examples: [
    'classify --checkpoint runs/corpus-classifier --text "a stirring, funny film"',
    "classify --checkpoint runs/corpus-classifier --data dev.tsv > predictions.tsv",
    "classify --data dev.tsv --json | jq .accuracy",
  ],
  flags: {
    ...modelFlags("a classifier"),
    text: { kind: "text", description: "a text" },
    pair: { kind: "text", description: "the text that belongs to it, for classifiers of pairs" },
    data: {
      kind: "text",
      description:
        "texts: .txt (one per line), .tsv, .csv or .jsonl; predictions go to standard output, the metrics of texts with labels to standard error",
      placeholder: "FILE",
    },
    ...truncateFlag,
    ...deviceFlag,
    ...jsonFlag,
  },
  async run({ checkpoint, block, text, pair, data, truncate = false, device, threads, json }) {
    if ((text === undefined) === (data === undefined)) {
      throw new UsageError("Give --text TEXT or --data FILE: one of them");
    }
    if (pair !== undefined && text === undefined) throw new UsageError("--pair belongs to --text");
    const found = await findModel({ checkpoint, block });
    const file = data === undefined ? undefined : await readLabelled(data, { labels: false });
    const trained = { pairs: trainedOnPairs(found.files), path: found.path };
    expectPairs(
      file
        ? { pairs: arePairs(file), name: file.path }
        : pair === undefined
        ? { pairs: false, name: "--text without --pair" }
        : { pairs: true, name: "--text with --pair" },
      trained,
    );
    if (text?.trim() === "") throw new Error("There is nothing to classify: the text is empty");
    await withBackend({ device, threads }, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, "classifier");
      const { contextLength, labels } = model.config;
      const isChoice = problemOf(model.config) === "single_label_classification";
      const ids = file
        ? encodeTexts(file, tokenizer, { contextLength, truncate })
        : [fitText(tokenizer, { text: text!, pair }, { contextLength, truncate })];
      const actual = isChoice && file?.rows.every(({ label }) => label !== undefined)
        ? file.rows.map((row) => classOf(row, file.path, labels))
        : undefined;
      const results = await predict(backend, model, ids);
      const matrix = actual && confusionMatrix(actual, results.map(({ label }) => label), labels.length);
      if (json) {
        const rows = file?.rows ?? [{ text, pair }];
        const texts = rows.map((row, index) => ({ ...row, ...namePrediction(results[index], labels) }));
        const metrics = matrix && classificationReport(matrix, labels);
        return print(formatJson({ checkpoint: found.path, labels, texts, ...metrics }));
      }
      if (file === undefined) return print(describe(results[0], model.config));
      print(predictions(file, results, model.config));
      console.error(summary(file, labels, matrix));
    });
  },
});

/** The probability of each class, the likeliest first; of a regression its numbers. */
function describe({ probabilities }: Classification, config: ClassifierOptions): string {
  const { labels } = config, isRegression = problemOf(config) === "regression";
  const order = [...labels.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  const format = (score: number) => isRegression ? score.toFixed(4) : formatPercent(score);
  const line = (label: number) => `${format(probabilities[label]).padStart(7)}  ${visible(labels[label])}`;
  return order.map((label) => wrapText(line(label), outputColumns(), 9)).join("\n");
}

/** A table of predictions, with a row of headings. */
function predictions(
  { rows }: LabelledFile,
  results: readonly Classification[],
  config: ClassifierOptions,
): string {
  const { labels } = config, heading = problemOf(config) === "regression" ? "score" : "probability";
  const flat = (text: string) => text.replace(/[\t\r\n]+/g, " ");
  const lines = results.map(({ label, probabilities }, index) =>
    `${flat(labels[label])}\t${probabilities[label].toFixed(4)}\t${flat(rows[index].text)}`
  );
  return [`prediction\t${heading}\ttext`, ...lines].join("\n");
}

/** How many texts there are and, where their labels are known, how good the predictions are. */
function summary(
  { path, rows, emptyLines }: LabelledFile,
  labels: readonly string[],
  matrix: ConfusionMatrix | undefined,
): string {
  const skipped = emptyLines > 0 ? `, ${emptyLines} empty lines skipped` : "";
  const heading = `${path}: ${counted(rows.length, "text")}${skipped}`;
  if (matrix === undefined) return heading;
  const { accuracy, majorityBaseline, macroF1 } = classificationReport(matrix, labels);
  return `${heading}; accuracy ${formatPercent(accuracy)}, F1 ${macroF1.toFixed(4)}, ` +
    `majority baseline ${formatPercent(majorityBaseline)}\n${classTable(matrix, labels)}`;
}
