/**
 * The names that the commands give to files and folders, and those of `files/folder_names.ts`. Everything with another
 * name belongs to the user: it is never removed, replaced or written to.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";

export {
  CARD_NAME,
  CARD_PICTURE,
  CHECKPOINT_FILES,
  type FolderPaths,
  pathsOf,
  TOKENIZER_FILES,
  TOKENIZER_INPUT_FILES,
} from "../../files/folder_names.ts";

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

/** Which tensors of Hugging Face's each parameter of a run consists of, for the package in `torch/`. */
export const TORCH_TABLE = "torch.json";

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
  TORCH_TABLE,
];

/** A random path beside a file while it is being written, before it is renamed. */
export function partOf(path: string): string {
  const random = crypto.getRandomValues(new BigUint64Array(1))[0].toString(16).padStart(16, "0");
  return join(dirname(path), `.${basename(path)}.${random}.miniformer-part`);
}

/** Whether only an interrupted save leaves a file or folder of this name behind. */
export function isLeftOver(name: string): boolean {
  return /^\..+\.miniformer-(new|old|lock)$|^\..+\.[0-9a-f]{16}\.miniformer-part$/.test(name);
}
