/**
 * What `--data` means where it is missing, or names the built-in tales.
 *
 * @module
 */

/** The file that is trained on when it is there and no other is named. */
const INPUT_FILE = "input.txt";

/** The value of `--data` that stands for the built-in tales. */
const TALES = "tales";

/** The texts that a run is given. */
export interface ChosenData {
  /** Files, folders, globs; an empty list or none at all for the built-in tales. */
  readonly data?: readonly string[];
  /** What has been decided for the user. */
  readonly note?: string;
}

/**
 * The texts of a run. A new one without `--data` takes input.txt of the current folder; a resumed one has its texts, and one
 * that repeats another with `--config` those of the other. `tales` names the built-in tales, unless a file or folder has
 * this name.
 */
export async function chooseData(
  { data, resume, config }: {
    readonly data?: readonly string[];
    readonly resume?: string;
    readonly config?: string;
  },
): Promise<ChosenData> {
  const isNew = resume === undefined;
  if (data?.length === 1 && data[0] === TALES && await entry(TALES) === undefined) {
    return { data: isNew ? undefined : [] };
  }
  const searches = isNew && config === undefined && data === undefined;
  if (!searches || !(await entry(INPUT_FILE))?.isFile) return { data };
  const note = `${INPUT_FILE} is in this folder, so it is trained on; the built-in tales: --data ${TALES}`;
  return { data: [INPUT_FILE], note };
}

async function entry(path: string): Promise<Deno.FileInfo | undefined> {
  return await Deno.stat(path).catch(() => undefined);
}
