/**
 * `classify`: the classes of texts.
 *
 * @module
 */
import { accuracyOf, confusionMatrix, macroF1 } from "../training/classification_metrics.ts";
import type { Classification } from "../inference/classify.ts";
import { findCheckpoint, newestRun, openModel } from "./files/checkpoint_folder.ts";
import { type Command, defineCommand } from "./cli/command.ts";
import { checkpointFlag, deviceFlag, truncateFlag } from "./cli/common_flags.ts";
import { UsageError } from "./cli/errors.ts";
import { classOf, encodeTexts } from "./texts/examples.ts";
import { classTable } from "./recipes/classifier_report.ts";
import { fitText } from "./texts/fit_text.ts";
import { classifyAll } from "./recipes/classifier_scores.ts";
import { type LabelledFile, readLabelled } from "./texts/labelled_text.ts";
import { arePairs, expectPairs, trainedOnPairs } from "./texts/pairs.ts";
import { outputColumns, print } from "./cli/terminal.ts";
import { visible } from "./cli/visible.ts";
import { withBackend } from "./cli/with_backend.ts";
import { wrapText } from "./cli/wrap.ts";

/** The command. */
export const classify: Command = defineCommand({
  name: "classify",
  summary: "Tell the classes of texts",
  usage: "--text TEXT | --data FILE [flags]",
  examples: [
    'classify --checkpoint runs/corpus-classifier --text "a stirring, funny film"',
    "classify --checkpoint runs/corpus-classifier --data dev.tsv > predictions.tsv",
  ],
  flags: {
    ...checkpointFlag("a classifier"),
    text: { kind: "text", description: "a text" },
    pair: { kind: "text", description: "the text that belongs to it, for classifiers of pairs" },
    data: {
      kind: "text",
      description:
        "texts: .txt (one a line), .tsv, .csv or .jsonl; where labels are known, they are compared",
      placeholder: "FILE",
    },
    ...truncateFlag,
    ...deviceFlag,
  },
  async run({ checkpoint, text, pair, data, truncate = false, device }) {
    if ((text === undefined) === (data === undefined)) {
      throw new UsageError("Give --text TEXT or --data FILE: one of them");
    }
    if (pair !== undefined && text === undefined) throw new UsageError("--pair belongs to --text");
    const found = await findCheckpoint(checkpoint ?? await newestRun());
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
    await withBackend(device, async ({ backend }) => {
      const { model, tokenizer } = openModel(backend, found, "classifier");
      const { contextLength, labels } = model.config;
      if (file === undefined) {
        if (text!.trim() === "") throw new Error("There is nothing to classify: the text is empty");
        const ids = tokenizer.encode(text!, { addSpecialTokens: true, pair });
        const [result] = await classifyAll(backend, model, [fitText(ids, contextLength, truncate)]);
        return print(describe(result, labels));
      }
      const classes = file.rows.every(({ label }) => label !== undefined)
        ? file.rows.map((row) => classOf(row, file.path, labels))
        : undefined;
      const texts = encodeTexts(file, tokenizer, { contextLength, truncate });
      const results = await classifyAll(backend, model, texts);
      print(predictions(file, results, labels));
      console.error(summary(file, results, labels, classes));
    });
  },
});

/** How likely each class is, the likeliest first. */
function describe({ probabilities }: Classification, labels: readonly string[]): string {
  const order = [...labels.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  const line = (label: number) =>
    `${(100 * probabilities[label]).toFixed(1).padStart(5)} %  ${visible(labels[label])}`;
  return order.map((label) => wrapText(line(label), outputColumns(), 9)).join("\n");
}

/** A table of predictions, with a row of headings. */
function predictions(
  { rows }: LabelledFile,
  results: readonly Classification[],
  labels: readonly string[],
): string {
  const flat = (text: string) => text.replace(/[\t\r\n]+/g, " ");
  const lines = results.map(({ label, probabilities }, index) =>
    `${flat(labels[label])}\t${probabilities[label].toFixed(4)}\t${flat(rows[index].text)}`
  );
  return ["prediction\tprobability\ttext", ...lines].join("\n");
}

/** How many texts there were and, where their labels are known, how many of them were right. */
function summary(
  { path, rows, emptyLines }: LabelledFile,
  results: readonly Classification[],
  labels: readonly string[],
  classes: readonly number[] | undefined,
): string {
  const skipped = emptyLines > 0 ? `, ${emptyLines} empty lines skipped` : "";
  const heading = `${path}: ${rows.length} texts${skipped}`;
  if (classes === undefined) return heading;
  const matrix = confusionMatrix(classes, results.map(({ label }) => label), labels.length);
  const accuracy = `accuracy ${(100 * accuracyOf(matrix)).toFixed(1)} %, F1 ${macroF1(matrix).toFixed(4)}`;
  return `${heading}; ${accuracy}\n${classTable(matrix, labels)}`;
}
