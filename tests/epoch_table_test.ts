import { assertEquals } from "@std/assert";
import { epochLine, epochMarkdown, type EpochRecord, epochTable } from "../commands/runs/epoch_table.ts";
import type { MetricsRecord } from "../training/tensorboard_events.ts";

const report = (step: number): MetricsRecord => ({
  ...{ step, epoch: step / 10, loss: 3, gradientNorm: 1, learningRate: 0.1, seconds: step },
});
const epoch = (
  completedEpochs: number,
  epochLoss: number,
  validationLoss: number,
  more = {},
): EpochRecord => ({
  ...{ ...report(10 * completedEpochs), completedEpochs, epochLoss, validationLoss, ...more },
});

Deno.test("the table has a row for each epoch, in columns that are as wide in the file as on the screen", () => {
  const records = [report(1), epoch(1, 10.3, 9.78), report(11), epoch(2, 0.25, 0.3), {
    ...report(21),
    validationLoss: 1,
  }];
  const [heading, rule, ...rows] = epochMarkdown(records)!.split("\n");
  assertEquals(heading, "| Epoch | Train Loss | Val Loss | Train Perplexity | Val Perplexity |");
  assertEquals(rule, "|------:|-----------:|---------:|-----------------:|---------------:|");
  assertEquals(rows.slice(0, 3), [
    "|     1 |    10.3000 |   9.7800 |           29,733 |         17,677 |",
    "|     2 |     0.2500 |   0.3000 |            1.284 |          1.350 |",
    "",
  ]);
  assertEquals(
    epochTable(records),
    "Epoch  Train Loss  Val Loss  Train Perplexity  Val Perplexity\n" +
      "    1     10.3000    9.7800            29,733          17,677\n" +
      "    2      0.2500    0.3000             1.284           1.350",
  );
});

Deno.test("a classifier has accuracy and F1 in place of perplexities", () => {
  const records = [epoch(1, 0.7, 0.6, { accuracy: 0.725, macroF1: 0.7 })];
  assertEquals(epochMarkdown(records)!.split("\n").slice(0, 3), [
    "| Epoch | Train Loss | Val Loss | Val Accuracy | Val Macro F1 |",
    "|------:|-----------:|---------:|-------------:|-------------:|",
    "|     1 |     0.7000 |   0.6000 |       72.5 % |        0.700 |",
  ]);
});

Deno.test("without an epoch there is no table", () => {
  const { validationLoss: _, ...edited } = epoch(1, 2, 3);
  const records = [report(1), { ...report(2), validationLoss: 3 }, edited];
  assertEquals([epochMarkdown(records), epochTable(records), epochMarkdown([])], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("the table of a language model fits into 60 columns", () => {
  const widest = (columns: number) =>
    Math.max(...epochTable([epoch(1, 10.3, 9.78)], columns)!.split("\n").map(({ length }) => length));
  assertEquals([60, 61, Infinity].map(widest), [57, 61, 61]);
});

Deno.test("many epochs are shown from the first to the last, and the file has all", () => {
  const records = Array.from({ length: 100 }, (_, i) => epoch(i + 1, 2, 2)),
    table = epochTable(records)!.split("\n");
  assertEquals(table.length, 22);
  assertEquals(table.slice(1, 4).concat(table[20]).map((line) => Number(line.match(/\d+/))), [1, 6, 11, 100]);
  assertEquals(table[21], "20 of 100 epochs: epochs.md has all");
  assertEquals(epochMarkdown(records)!.match(/^\| +\d+ /gm)!.length, 100);
  assertEquals(epochTable(records.slice(0, 20))!.split("\n").length, 21);
});

Deno.test("an epoch is a line of its own as it ends, within 80 columns", () => {
  const line = epochLine(epoch(3, 10.825, 10.6), 100);
  assertEquals(line, "epoch   3/100  loss 10.825 (ppl 50,262)  val 10.600 (ppl 40,135)");
  assertEquals(
    epochLine(epoch(3, 0.7, 0.6, { accuracy: 0.725, macroF1: 0.7 }), 3),
    "epoch 3/3  loss 0.700  val 0.600 (accuracy 72.5 %)",
  );
});
