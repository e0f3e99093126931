/**
 * The names of the files of a saved model, and of a folder while it is being saved. Everything with another name belongs to
 * the user: it is never removed, replaced or written to.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import {
  FORMER_TRAINING_STATE,
  TOKENIZER_FILES,
  TOKENIZER_INPUT_FILES,
  TRAINING_STATE,
} from "../checkpoints/checkpoint_files.ts";

export { TOKENIZER_FILES, TOKENIZER_INPUT_FILES };

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
