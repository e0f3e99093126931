/**
 * The names that Miniformer gives to files and folders. Everything with another name belongs to the user: it is never
 * removed, replaced or written to.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { FORMER_TRAINING_STATE, TRAINING_STATE } from "../../checkpoints/checkpoint_files.ts";

/** The folder for runs, unless `--out` names another. */
export const RUNS = "runs";

/** The folder for labs, unless `--out` names another. */
export const LABS = "lab";

/** The folder for tokenizers, unless `--out` names another. */
export const TOKENIZERS = "tokenizers";

/** The lock file in the folder of a run, held by the process that trains there. */
export const LOCK_NAME = ".miniformer.lock";

/** The copy of the file that `--block` named, in the folder of a run. */
export const BLOCK_COPY = "block.ts";

/** TensorBoard reads every file with `tfevents` in its name. */
export const EVENTS_NAME = "events.out.tfevents.miniformer";

/** The page with the attention maps of several steps. */
export const ATTENTION_PAGE = "attention.html";

/** Texts at several temperatures, generated at the end of a run. */
export const SAMPLE_GENERATION = "sample_generation.txt";

/** Files that a tokenizer is saved as. */
export const TOKENIZER_FILES: readonly string[] = [
  "tokenizer.json",
  "vocab.json",
  "merges.txt",
  "special_tokens_map.json",
  "tokenizer_config.json",
];

/** Files that a tokenizer is read from: `added_tokens.json` is written by other programs only, so it is not ours. */
export const TOKENIZER_INPUT_FILES: readonly string[] = [...TOKENIZER_FILES, "added_tokens.json"];

/** Files that a checkpoint is saved as, now or by earlier versions: replacing an old checkpoint leaves none of its files. */
export const CHECKPOINT_FILES: readonly string[] = [
  "config.json",
  "model.safetensors",
  ...TOKENIZER_FILES,
  "optimizer.safetensors",
  TRAINING_STATE,
  FORMER_TRAINING_STATE,
];

/** The model card of a checkpoint and the picture in it. Both are ours until the user edits the card, see card.ts. */
export const CARD_NAME = "README.md", CARD_PICTURE = "loss_curve.png";

/** Folders of every run that hold a checkpoint; those of epochs, `epoch-1` and so on, are kept on request. */
export const CHECKPOINT_FOLDERS: readonly string[] = ["last", "best"];

const CHECKPOINT = "last|best|epoch-[1-9]\\d{0,9}";

/** The checkpoint that a name in the folder of a run stands for: `epoch-3` for itself and `.epoch-3.miniformer-old`. */
export function checkpointNamed(name: string): string | undefined {
  const [, whole, temporary] =
    name.match(new RegExp(`^(?:(${CHECKPOINT})|\\.(${CHECKPOINT})\\.miniformer-(?:new|old))$`)) ?? [];
  return whole ?? temporary;
}

/** Whether a folder of a run is called as a checkpoint is. */
export const isCheckpointName = (name: string): boolean => checkpointNamed(name) === name;

/** Files of a run. */
export const RUN_FILES: readonly string[] = [
  "run.json",
  EVENTS_NAME,
  BLOCK_COPY,
  "metrics.jsonl",
  "samples.txt",
  SAMPLE_GENERATION,
  "epochs.md",
  "loss_curve.svg",
  "loss_curve.png",
  "confusion_matrix.svg",
  "confusion_matrix.png",
  "skills.svg",
  "skills.png",
  "attention.svg",
  "attention.png",
  ATTENTION_PAGE,
  "training.ids",
  "validation.ids",
];

/** A folder and its temporary siblings, see folders.ts. */
export interface FolderPaths {
  readonly folder: string;
  /** The new version while it is being written, such as `runs/mine/.last.miniformer-new`. */
  readonly fresh: string;
  /** The old version while it is being replaced. */
  readonly former: string;
  /** The lock of a folder that is not part of a run, such as a tokenizer. */
  readonly lock: string;
}

/** The paths of a folder, without slashes at the end, and of its temporary siblings. */
export function pathsOf(path: string): FolderPaths {
  const folder = path.replace(/(?<=.)[/\\]+$/, "");
  const sibling = (suffix: string): string =>
    join(dirname(folder), `.${basename(folder)}.miniformer-${suffix}`);
  return { folder, fresh: sibling("new"), former: sibling("old"), lock: sibling("lock") };
}

/** A random path beside a file while it is being written, before it is renamed. */
export function partOf(path: string): string {
  const random = crypto.getRandomValues(new BigUint64Array(1))[0].toString(16).padStart(16, "0");
  return join(dirname(path), `.${basename(path)}.${random}.miniformer-part`);
}

/** Whether only an interrupted save leaves a file or folder of this name behind. */
export function isLeftOver(name: string): boolean {
  return /^\..+\.miniformer-(new|old|lock)$|^\..+\.[0-9a-f]{16}\.miniformer-part$/.test(name);
}
