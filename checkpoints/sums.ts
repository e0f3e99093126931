/**
 * Checksums of a checkpoint, by which a flipped bit or an exchanged file is noticed when it is read.
 *
 * `training_state.json` holds the SHA-256 of every file saved with it, and one of itself: of its content without the
 * checksums, as JSON without spaces. A folder without that file, such as one from the Hugging Face Hub, is not checked.
 *
 * @module
 */
import {
  type FileContent,
  type FolderFiles,
  lenientJson,
  TRAINING_STATE,
  trainingStateName,
} from "./checkpoint_files.ts";

/** Files of every checkpoint of a run: each has a checksum, as the state itself has. */
const ALWAYS_SAVED = ["config.json", "model.safetensors", "tokenizer.json", "optimizer.safetensors"];

/** Adds checksums to `training_state.json`, which becomes a promise: they are computed in the background. */
export function withSums(files: Readonly<Record<string, FileContent>>): FolderFiles {
  const { [TRAINING_STATE]: text, ...others } = files;
  const seal = async (): Promise<string> => {
    const { sha256: _, ...state } = JSON.parse(text as string);
    const contents: typeof files = { ...others, [TRAINING_STATE]: JSON.stringify(state) };
    const names = [...Object.keys(others).sort(), TRAINING_STATE];
    const sums = names.map(async (name) => [name, await sumOf(contents[name])]);
    const sha256 = Object.fromEntries(await Promise.all(sums));
    return JSON.stringify({ ...state, sha256 }, null, 2) + "\n";
  };
  return { ...files, [TRAINING_STATE]: seal() };
}

/**
 * Checks files that were read from a folder against the checksums that were saved with them. Files may be left out. A
 * state that is broken is refused, since without it nothing says whether the others are intact.
 */
export async function checkSums(path: string, files: Readonly<Record<string, FileContent>>): Promise<void> {
  const stateName = trainingStateName(files), saved = files[stateName];
  const { sha256, ...state } = lenientJson(saved);
  if (sha256 === undefined) {
    if (saved === undefined || Object.keys(state).length > 0) return;
    throw new Error(
      `Cannot use ${path}: ${stateName} is damaged; restore it, or remove it to use the folder as it is, without resuming`,
    );
  }
  let content = "";
  try {
    content = JSON.stringify(state);
  } catch {
    // nested too deeply to have been saved: the checksum differs
  }
  const expected = new Map(Object.entries(Object(sha256)));
  const wrong = await Promise.all(
    Object.entries({ ...files, [stateName]: content }).map(async ([name, content]) => {
      const isRight = expected.has(name)
        ? expected.get(name) === await sumOf(content)
        : ![...ALWAYS_SAVED, stateName].includes(name);
      return isRight ? [] : [name];
    }),
  );
  const [name] = wrong.flat();
  if (name === undefined) return;
  throw new Error(
    `Cannot use ${path}: ${name} is not what was saved there (its SHA-256 differs), so it was damaged or ` +
      `changed; restore it, or remove ${stateName} to use the folder as it is, without resuming`,
  );
}

/** The SHA-256 of a file, in hexadecimal digits. */
export async function sumOf(content: FileContent): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
