/**
 * The labelled texts of a classifier: read, split into training and validation, and single or in pairs.
 *
 * @module
 */
import type { CheckpointFiles } from "../../checkpoints/checkpoint.ts";
import { trainingStateName } from "../../checkpoints/checkpoint_files.ts";
import { permutation } from "../../core/random.ts";
import {
  type LabelledFile,
  type LabelledTextOptions,
  parseLabelledTexts,
} from "../../data/labelled_texts.ts";
import { fingerprintOfDocuments } from "../../tokenizers/token_file.ts";
import { readText } from "./files.ts";

/** Reads a `.tsv`, `.csv` or `.jsonl` file; where labels are optional also a `.txt` file with a text per line. */
export async function readLabelled(
  path: string,
  { labels = true }: { labels?: boolean } = {},
): Promise<LabelledFile> {
  const format = path.match(/\.(tsv|csv|jsonl|txt)$/i)?.[1].toLowerCase();
  if (format === undefined || format === "txt" && labels) {
    throw new Error(
      `Cannot read ${path} as texts with labels: expected a name that ends in .tsv (text, tab, label), .csv or .jsonl`,
    );
  }
  const options = { path, format: format as LabelledTextOptions["format"], labels };
  return parseLabelledTexts(await readText(path), options);
}

/** Labelled texts, split into training and validation. */
export interface LabelledCorpus {
  readonly training: LabelledFile;
  readonly validation: LabelledFile;
  /** Changes when any of them does. */
  readonly fingerprint: string;
}

/** Reads the texts of a run. Without a validation file a fraction of the texts, drawn by the seed, is held back. */
export async function readLabelledCorpus(
  data: string,
  options: { validation?: string; validationFraction: number; seed: number },
): Promise<LabelledCorpus> {
  const file = await readLabelled(data);
  const { training, validation } = options.validation === undefined
    ? holdBack(file, options)
    : { training: file, validation: await readLabelled(options.validation) };
  const flat = ({ rows }: LabelledFile) => rows.map((row) => JSON.stringify([row.text, row.pair, row.label]));
  const fingerprint = fingerprintOfDocuments([...flat(training), "", ...flat(validation)]);
  return { training, validation, fingerprint };
}

function holdBack(
  file: LabelledFile,
  { validationFraction, seed }: { validationFraction: number; seed: number },
): Pick<LabelledCorpus, "training" | "validation"> {
  const { path, rows } = file, order = permutation(rows.length, seed, 0);
  const held = Math.min(Math.ceil(rows.length * validationFraction), rows.length - 1);
  const part = (indices: Uint32Array) => Array.from(indices.slice().sort(), (index) => rows[index]);
  const training = part(order.subarray(held)), labels = new Set(training.map(({ label }) => label));
  if (labels.size === 1 && rows.some(({ label }) => !labels.has(label))) {
    throw new Error(
      `Cannot train on ${path}: all texts that are not held back for validation (${held}) have the same label; give --validation`,
    );
  }
  const validation = { path, rows: part(order.subarray(0, held)), emptyLines: 0 };
  return { training: { ...file, rows: training }, validation };
}

/** Whether a classifier was trained on pairs; undefined where it is not recorded, as in a checkpoint of another program. */
export function trainedOnPairs(files: CheckpointFiles): boolean | undefined {
  const state = files[trainingStateName(files)];
  if (state === undefined) return undefined;
  try {
    const { pairs } = JSON.parse(typeof state === "string" ? state : new TextDecoder().decode(state));
    return typeof pairs === "boolean" ? pairs : undefined;
  } catch {
    return undefined; // training, which needs the state, reports that it is broken
  }
}

/** Refuses single texts for a classifier of pairs, and pairs for one of single texts. Names and paths are for the message. */
export function expectPairs(
  given: { readonly pairs: boolean; readonly name: string },
  trained: { readonly pairs: boolean | undefined; readonly path: string },
): void {
  if (trained.pairs === undefined || given.pairs === trained.pairs) return;
  const [here, there] = given.pairs ? ["pairs of texts", "single texts"] : ["single texts", "pairs of texts"];
  throw new Error(
    `${given.name} holds ${here}, but the classifier of ${trained.path} was trained on ${there}`,
  );
}
