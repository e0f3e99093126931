/**
 * Runs side by side: their figures, and the settings that differ.
 *
 * @module
 */
import { join } from "@std/path";
import { TRAINING_STATE } from "../../checkpoints/checkpoint_files.ts";
import { quoted } from "../../core/quoted.ts";
import { visible } from "../../core/visible.ts";
import { cannotRead, UsageError } from "../cli/errors.ts";
import { formatCount, formatDuration, formatPercent } from "../cli/terminal.ts";
import { cutText, padText, textWidth } from "../cli/wrap.ts";
import { entryAt, lenientJson } from "../files/disk.ts";
import { runOf } from "../runs/claim.ts";
import { keptRecords, readIfThere } from "../runs/run_records.ts";
import { validationsOf } from "../runs/validations.ts";

/** A run as it is compared; figures that are not known are left out. */
export interface ComparedRun {
  /** Its folder. */
  readonly run: string;
  readonly command?: string;
  /** Steps done. */
  readonly steps: number;
  /** The last validation loss, nats a token or, of a classifier, a text. */
  readonly loss?: number;
  readonly best?: { readonly step: number; readonly loss: number };
  /** The lowest possible validation loss. */
  readonly optimal?: number;
  /** Of a classifier: the last and the highest accuracy. */
  readonly accuracy?: number;
  readonly bestAccuracy?: number;
  readonly parameters?: number;
  /** Seconds of training. */
  readonly seconds: number;
  readonly tokensPerSecond?: number;
  readonly curve: readonly { readonly step: number; readonly loss: number }[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Reads the run in a folder, which may also be named by one of its checkpoints. */
export async function readComparedRun(path: string): Promise<ComparedRun> {
  const folder = await runOf(path), refuse = (reason: string) => cannotRead(path, new Error(reason));
  const { isDirectory } = await Deno.stat(folder).catch(async (error) => {
    throw await cannotRead(path, error, "checkpoint");
  });
  if (!isDirectory || await entryAt(join(folder, "run.json")) === undefined) {
    throw await refuse("it is not the folder of a run: expected run.json");
  }
  const run = lenientJson(await readIfThere(join(folder, "run.json")));
  if (Object.keys(run).length === 0) throw await refuse("its run.json is damaged");
  const records = keptRecords(await readIfThere(join(folder, "metrics.jsonl")), Infinity),
    last = records.at(-1);
  if (last === undefined) throw await refuse("its metrics.jsonl holds no step");
  const validations = validationsOf(records), final = validations.at(-1);
  const best = validations.reduce<typeof final>(
    (best, now) => best === undefined || now.validationLoss < best.validationLoss ? now : best,
    undefined,
  );
  const { command, block, settings, parameters, optimalLoss, sessions } = run;
  // files of the same name may hold other texts
  const { textFingerprint: text } = lenientJson(await readIfThere(join(folder, "last", TRAINING_STATE)));
  const { name, sha256 } = Object(block), speeds = Array.isArray(sessions) ? sessions.map(Object) : [];
  const numberIn = (value: unknown) => typeof value === "number" ? value : undefined;
  const accuracies = validations.flatMap(({ accuracy }) => accuracy ?? []);
  return {
    run: folder,
    command: typeof command === "string" ? command : undefined,
    steps: last.step,
    loss: final?.validationLoss,
    best: best && { step: best.step, loss: best.validationLoss },
    optimal: numberIn(optimalLoss),
    accuracy: final?.accuracy,
    bestAccuracy: accuracies.length > 0 ? Math.max(...accuracies) : undefined,
    parameters: numberIn(parameters),
    seconds: last.seconds,
    tokensPerSecond: speeds.map(({ tokensPerSecond }) => numberIn(tokensPerSecond)).findLast(Boolean),
    curve: validations.map(({ step, validationLoss: loss }) => ({ step, loss })),
    settings: {
      ...{ command, ...Object(settings) },
      ...block ? { block: `${name} (SHA-256 ${sha256})` } : {},
      ...typeof text === "string" ? { text } : {},
    },
  };
}

/** The values of the settings in which runs differ, in the order of the runs; null where a run has none. */
export function differencesOf(runs: readonly ComparedRun[]): Record<string, readonly unknown[]> {
  const names = new Set(runs.flatMap(({ settings }) => Object.keys(settings)));
  const rows = Array.from(
    names,
    (name) => [name, runs.map(({ settings }) => settings[name] ?? null)] as const,
  );
  return Object.fromEntries(
    rows.filter(([, values]) => new Set(values.map((value) => JSON.stringify(value))).size > 1),
  );
}

/** Settings that decide what a loss is averaged over: where they differ, losses are of different things. */
export const OF_TEXTS: readonly string[] = [
  "command",
  "objective",
  "data",
  "validation",
  "validationFraction",
  "tokenizer",
  "vocabSize",
  "maskRate",
  "text",
];

/** The tables of a comparison: the figures of each run, and the settings that differ. */
export function describeComparison(runs: readonly ComparedRun[]): string {
  const differences = differencesOf(runs), names = Object.keys(differences);
  const show = <Value>(value: Value | undefined, format: (value: Value) => string) =>
    value === undefined ? "–" : format(value);
  const loss = (loss: number) => loss.toFixed(4);
  const columns: [string, (run: ComparedRun) => string][] = [
    [
      "steps",
      ({ steps, settings: { steps: all } }) => steps < Number(all) ? `${steps} of ${all}` : `${steps}`,
    ],
    ["loss", (run) => show(run.loss, loss)],
    ["best", (run) => show(run.best, (best) => `${loss(best.loss)} at step ${best.step}`)],
    [
      "above optimum",
      ({ loss: last, optimal }) => show(last, (last) => show(optimal, (best) => loss(last - best))),
    ],
    ["accuracy", (run) => show(run.accuracy, formatPercent)],
    ["best accuracy", (run) => show(run.bestAccuracy, formatPercent)],
    ["parameters", (run) => show(run.parameters, formatCount)],
    ["time", ({ seconds }) => formatDuration(seconds)],
    ["tok/s", (run) => show(run.tokensPerSecond, formatCount)],
  ];
  const shown = columns.filter(([, cell]) => runs.some((run) => cell(run) !== "–"));
  const figures = [
    ["", "run", ...shown.map(([name]) => name)],
    ...runs.map((run, index) => [`${index + 1}`, visible(run.run), ...shown.map(([, cell]) => cell(run))]),
  ];
  if (names.length === 0) return `${formatTable(figures, 2)}\n\nNo setting differs.`;
  const settings = [
    ["setting", ...runs.map((_, index) => `${index + 1}`)],
    ...names.map((
      name,
    ) => [visible(name), ...differences[name].map((value) => value === null ? "–" : shortValue(value))]),
  ];
  const unlike = names.filter((name) => OF_TEXTS.includes(name));
  const note = unlike.length > 0
    ? [
      `${unlike.join(", ")} ${
        unlike.length > 1 ? "differ" : "differs"
      }: the losses may be of different texts or tokens.`,
    ]
    : [];
  return [formatTable(figures, 2), formatTable(settings, 1), ...note].join("\n\n");
}

/** The widest value of a setting in the table. */
const WIDEST = 24;

function shortValue(value: unknown): string {
  return cutText(
    visible(Array.isArray(value) ? value.join(" ") : typeof value === "string" ? value : quoted(value)),
    WIDEST,
  );
}

/** Rows in columns: the first ones to the left, the others, which are numbers, to the right. */
function formatTable(rows: readonly (readonly string[])[], texts: number): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => textWidth(row[column]))));
  return rows.map((row) =>
    row.map((cell, column) => {
      const space = " ".repeat(widths[column] - textWidth(cell));
      return column < texts ? padText(cell, widths[column]) : space + cell;
    }).join("  ").trimEnd()
  ).join("\n");
}

/** Refuses fewer than two runs, and one that is named twice. */
export function expectSeveral(runs: readonly string[]): void {
  if (runs.length < 2) {
    throw new UsageError(
      `There ${
        runs.length === 1 ? "is one run" : "are no runs"
      } to compare: expected two or more folders of runs, as in ` +
        "deno task compare RUN RUN...",
    );
  }
  const twice = runs.find((run, index) => runs.indexOf(run) < index);
  if (twice !== undefined) throw new UsageError(`${twice} is given twice`);
}
