/**
 * A table of the epochs of a run: training and validation loss of each, and their perplexities or, of a classifier, its
 * scores. It follows from the records of the run alone, so a resumed run writes the table of an uninterrupted one.
 *
 * @module
 */
import type { MetricsRecord } from "../../training/tensorboard_events.ts";
import { formatPercent, formatPerplexity, outputColumns } from "../cli/terminal.ts";
import { spread } from "./validations.ts";

/** The record of a step that ended an epoch and was validated. */
export type EpochRecord = MetricsRecord & {
  readonly completedEpochs: number;
  readonly epochLoss: number;
  readonly validationLoss: number;
};

/** Whether a record has what a row of the table shows. */
export function isEpochRecord(record: MetricsRecord): record is EpochRecord {
  const { completedEpochs, epochLoss, validationLoss } = record;
  return completedEpochs !== undefined && epochLoss !== undefined && validationLoss !== undefined;
}

/** Columns of a language model, and of a classifier. */
const LANGUAGE = ["Epoch", "Train Loss", "Val Loss", "Train Perplexity", "Val Perplexity"];
const CLASSIFIER = ["Epoch", "Train Loss", "Val Loss", "Val Accuracy", "Val Macro F1"];

function headings([{ accuracy }]: readonly EpochRecord[]): string[] {
  return accuracy === undefined ? LANGUAGE : CLASSIFIER;
}

function cells(
  { completedEpochs, epochLoss, validationLoss, accuracy, macroF1 = NaN }: EpochRecord,
): string[] {
  const scores = accuracy === undefined
    ? [epochLoss, validationLoss].map(formatPerplexity)
    : [formatPercent(accuracy), macroF1.toFixed(3)];
  return [String(completedEpochs), epochLoss.toFixed(4), validationLoss.toFixed(4), ...scores];
}

/** The table as Markdown, for `epochs.md`; undefined before the first epoch has ended. */
export function epochMarkdown(records: readonly MetricsRecord[]): string | undefined {
  const epochs = records.filter(isEpochRecord);
  if (epochs.length === 0) return undefined;
  const rows = [headings(epochs), ...epochs.map(cells)], widths = widthsOf(rows);
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, i) => text.padStart(widths[i])).join(" | ")} |`;
  const rule = `|${widths.map((width) => `${"-".repeat(width + 1)}:`).join("|")}|`;
  const [heading, ...others] = rows.map(line);
  return [heading, rule, ...others, "", ...NOTES[epochs[0].accuracy === undefined ? 0 : 1], ""].join("\n");
}

const NOTES = [
  [
    "Losses are in nats per token. Train Loss is the mean over the steps of the epoch, each measured before its",
    "update and with dropout, if any; Val Loss is measured at the end of the epoch. Perplexity is exp(loss).",
  ],
  [
    "Losses are in nats per text. Train Loss is the mean over the steps of the epoch, each measured before its",
    "update and with dropout, if any; the other columns are measured on the validation texts at the end of the epoch.",
  ],
];

/** The most rows on the screen: the file has all of them. */
const SHOWN_ROWS = 20;

/** The table for the screen, of at most twenty epochs spread over the run; undefined where no epoch has ended. */
export function epochTable(
  records: readonly MetricsRecord[],
  columns: number = outputColumns(),
): string | undefined {
  const epochs = records.filter(isEpochRecord);
  if (epochs.length === 0) return undefined;
  const shown = spread(epochs, SHOWN_ROWS);
  const texts = [headings(epochs), ...shown.map(cells)], widths = widthsOf(texts);
  const isNarrow = widths.reduce((sum, width) => sum + 2 + width, -2) > columns; // by one at 60 columns
  const lines = texts.map((row) =>
    row.map((text, i) => text.padStart(widths[i])).join(isNarrow ? " " : "  ")
  );
  if (shown.length < epochs.length) {
    lines.push(`${shown.length} of ${epochs.length} epochs: epochs.md has all`);
  }
  return lines.join("\n");
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  return rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
}

/** One epoch on a line of its own, as it ends: `epoch 3/10  loss 2.310 (ppl 10.07)  val 2.201 (ppl 9.034)`. */
export function epochLine(record: EpochRecord, epochs: number): string {
  const { completedEpochs, epochLoss, validationLoss, accuracy } = record;
  const number = String(completedEpochs).padStart(String(epochs).length);
  const [before, after] = accuracy === undefined
    ? [` (ppl ${formatPerplexity(epochLoss)})`, `ppl ${formatPerplexity(validationLoss)}`]
    : ["", `accuracy ${formatPercent(accuracy)}`];
  return `epoch ${number}/${epochs}  loss ${epochLoss.toFixed(3)}${before}  val ${
    validationLoss.toFixed(3)
  } (${after})`;
}
